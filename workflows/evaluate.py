"""`logpolar evaluate`: accuracy of every network on every validation image."""

from __future__ import annotations

from lp_core.config import SettingError, ViewName, check
from lp_core.dataset.feed import used_rows
from lp_core.network.accuracy import Counts
from lp_core.run_folder import Stage, measure_inputs, stage_run
from tasks.evaluating import evaluate_rows
from tasks.networks import Trained
from tasks.pieces import row_pieces, run_pieces
from tasks.progress import Progress, say
from tasks.training import train_stage
from workflows.session import Session
from workflows.weights import imported_weights


def evaluate(session: Session) -> None:
    """Write `evaluation.json` of every view: each validation image counted exactly once."""
    recipe = session.recipe
    for view in recipe.views:
        weights = trained_weights(session, view)
        inputs = measure_inputs(recipe, view, session.dataset.fingerprint, weights)
        stage = Stage(session.run / view, "evaluate", inputs)
        if stage.is_finished():
            say(f"evaluate {view}: finished before")
            continue
        rows = used_rows(recipe, "validation")
        trained = Trained(recipe, session.run.uri, view, weights, recipe.scan.gpus_per_task > 0)
        pieces = [(trained, piece) for piece in row_pieces(rows, recipe.scan.piece_rows)]
        cluster = session.cluster
        found: dict[int, Counts] = {}
        with stage_run(stage) as watch, Progress(f"evaluate {view}", len(rows), "images") as progress:
            for first_row, counts in run_pieces(evaluate_rows, pieces, cluster, recipe.scan.gpus_per_task):
                found[first_row] = counts
                progress.advance(counts.images)
        # In the order of rows, not of arrival: sums of losses round differently.
        total = sum((found[row] for row in sorted(found)), Counts())
        check(total.images == len(rows), f"evaluate {view}: {total.images} images were counted, not {len(rows)}")
        stage.folder.write_json("evaluation.json", total.summary())
        stage.finish(watch.seconds, images=total.images)


def trained_weights(session: Session, view: ViewName) -> str:
    """SHA-256 of a view's finished weights, trained in this run or brought into it by `--weights`.

    Raises:
        SettingError: the view is not trained, or with other settings.
    """
    if imported := imported_weights(session.run / view):
        return imported
    stage = train_stage(session.recipe, session.run, view)
    manifest = stage.manifest()
    if manifest is None:
        raise SettingError(f"{session.run} holds no finished training of view {view}; run `logpolar train` first")
    changed = stage.changed_inputs()
    check(not changed, f"{session.run}: view {view} was trained with other settings ({'; '.join(changed[:3])})")
    assert manifest is not None
    return manifest["weights"]
