"""`logpolar evaluate`: accuracy of every network on every validation image."""

from __future__ import annotations

from lp_core.config import SettingError, ViewName, check
from lp_core.dataset.faulty_rows import check_faulty_share, describe, record, summary
from lp_core.dataset.feed import used_rows
from lp_core.network.accuracy import Counts
from lp_core.run_folder import Stage, measure_inputs, stage_run
from tasks.evaluating import evaluate_rows
from tasks.networks import Trained
from tasks.pieces import row_pieces, run_pieces
from tasks.progress import Progress, say
from tasks.training import train_stage
from workflows.session import Session


def evaluate(session: Session) -> None:
    """Write `evaluation.json` of every view: each validation image counted exactly once, or quarantined by name."""
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
        left_out: list[int] = []
        with stage_run(stage) as watch, Progress(f"evaluate {view}", len(rows), "images") as progress:
            for first_row, counts, faulty_rows in run_pieces(evaluate_rows, pieces, cluster, recipe.scan.gpus_per_task):
                found[first_row] = counts
                left_out += faulty_rows
                progress.advance(counts.images + len(faulty_rows))
        # In the order of rows, not of arrival: sums of losses round differently.
        total = sum((found[row] for row in sorted(found)), Counts())
        counted = total.images + len(left_out)
        check(counted == len(rows), f"evaluate {view}: {counted} images were counted or quarantined, not {len(rows)}")
        faulty = describe(session.dataset, "validation", left_out)
        check_faulty_share(faulty, "validation", len(rows), recipe.data.max_quarantined)
        if faulty:
            record(stage.folder, faulty)
            say(f"evaluate {view}: {summary(stage.folder, faulty, len(rows))}")
        stage.folder.write_json("evaluation.json", total.summary() | {"quarantined": faulty})
        stage.finish(watch.seconds, images=total.images, quarantined=len(faulty))


def trained_weights(session: Session, view: ViewName) -> str:
    """SHA-256 of a view's finished weights.

    Raises:
        SettingError: the view is not trained, or with other settings.
    """
    stage = train_stage(session.recipe, session.run, view)
    manifest = stage.manifest()
    if manifest is None:
        raise SettingError(f"{session.run} holds no finished training of view {view}; run `logpolar train` first")
    changed = stage.changed_inputs()
    check(not changed, f"{session.run}: view {view} was trained with other settings ({'; '.join(changed[:3])})")
    assert manifest is not None
    return manifest["weights"]
