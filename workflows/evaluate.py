"""`logpolar evaluate`: accuracy of every network on every validation image, per class, and of both in comparison."""

from __future__ import annotations

import io

import numpy as np
import pyarrow.parquet as pq

from lp_core.dataset.faulty_rows import check_faulty_share, describe, record, summary
from lp_core.dataset.feed import used_rows
from lp_core.errors import SettingError, check
from lp_core.network.predictions import Predictions, comparison, parquet
from lp_core.run.stage import Stage, measure_inputs, stage_run
from lp_core.settings import VIEW_NAMES, ViewName
from tasks.evaluating import evaluate_rows
from tasks.networks import Trained
from tasks.pieces import row_pieces, run_pieces
from tasks.progress import Progress, say
from tasks.training import train_stage
from workflows.session import Session
from workflows.weights import imported_weights


def evaluate(session: Session) -> None:
    """Measure every view's network, each validation image counted exactly once; then compare the two."""
    for view in session.recipe.views:
        stage = evaluate_stage(session, view)
        if stage.is_finished():
            say(f"evaluate {view}: finished before")
        else:
            _evaluate_view(session, view, stage)
    if len(session.recipe.views) == len(VIEW_NAMES):
        _compare(session)


def evaluate_stage(session: Session, view: ViewName) -> Stage:
    """The evaluation of a view, as a stage of the run."""
    weights = trained_weights(session, view)
    inputs = measure_inputs(session.recipe, view, session.dataset.fingerprint, weights)
    return Stage(session.run / view, "evaluate", inputs | {"files": list(FILES)})


FILES = ("evaluation.json", "classes.parquet", "predictions.parquet")
"""What an evaluation leaves in the view's folder."""


def _evaluate_view(session: Session, view: ViewName, stage: Stage) -> None:
    recipe, dataset = session.recipe, session.dataset
    rows = used_rows(recipe, "validation")
    trained = Trained(recipe, session.run.uri, view, stage.inputs["weights"], recipe.scan.gpus_per_task > 0)
    pieces = [(trained, piece) for piece in row_pieces(rows, recipe.scan.piece_rows)]
    cluster = session.cluster
    parts = []
    with stage_run(stage) as watch, Progress(f"evaluate {view}", len(rows), "images") as progress:
        for part in run_pieces(evaluate_rows, pieces, cluster, recipe.scan.gpus_per_task):
            parts.append(part)
            progress.advance(len(part.row_N))
    found = Predictions.joined(parts)
    # Rows without a prediction must be faulty ones: `describe` decodes each again, and says of what it suffers.
    faulty = describe(dataset, "validation", np.setdiff1d(rows, found.row_N).tolist())
    counted = len(found.row_N) + len(faulty)
    check(counted == len(rows), f"evaluate {view}: {counted} images were counted or quarantined, not {len(rows)}")
    check_faulty_share(faulty, "validation", len(rows), recipe.data.max_quarantined)
    if faulty:
        record(stage.folder, faulty)
        say(f"evaluate {view}: {summary(stage.folder, faulty, len(rows))}")
    split = dataset.rows("validation")
    table = found.table([split.image_id(row) for row in found.row_N])
    whole, by_class, images = FILES
    stage.folder.write_json(whole, found.counts().summary() | {"quarantined": faulty})
    stage.folder.write_bytes(by_class, parquet(found.by_class(dataset.class_names)))
    stage.folder.write_bytes(images, parquet(table))
    stage.finish(watch.seconds, images=len(found.row_N), quarantined=len(faulty))


def _compare(session: Session) -> None:
    """Write `comparison.json`: which images each network alone gets right, and whether chance could have done that."""
    stages = {view: evaluate_stage(session, view) for view in VIEW_NAMES}
    stage = Stage(session.run, "compare", {view: one.fingerprint for view, one in stages.items()})
    if stage.is_finished():
        return
    with stage_run(stage) as watch:
        tables = [pq.read_table(io.BytesIO(stages[view].folder.read_bytes(FILES[2]))) for view in VIEW_NAMES]
        found = comparison(*(Predictions.from_table(table) for table in tables))
        session.run.write_json("comparison.json", {"a": VIEW_NAMES[0], "b": VIEW_NAMES[1], **found})
    stage.finish(watch.seconds)
    top1 = found["top1"]
    say(
        f"evaluate: cartesian alone names {top1['only_a']} images rightly, log_polar alone {top1['only_b']} "
        f"(McNemar's test: p = {top1['p_value']:.2g})"
    )


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
