"""`logpolar evaluate`: accuracy of every network on every validation image, overall and per class, and a comparison."""

from __future__ import annotations

import numpy as np

from lp_core.dataset.faulty_rows import check_faulty_share, describe, record, summary
from lp_core.errors import InvariantError, check
from lp_core.network.predictions import Predictions
from lp_core.run.evaluation import write_comparison, write_evaluation
from lp_core.run.stage import Stage, stage_run
from lp_core.settings import VIEW_NAMES, ViewName
from tasks.evaluating import evaluate_rows
from tasks.from_recipe import rows_of
from tasks.pieces import row_pieces
from tasks.progress import Progress, say
from workflows.session import Session


def evaluate(session: Session) -> None:
    """Measure every view's network, each validation image counted exactly once; then compare the two."""
    stages = {view: session.stages.evaluate(view) for view in session.recipe.views}
    for stage in stages.values():
        session.stages.require(*stage.before)
    session.write_config()
    for view, stage in stages.items():
        if stage.is_finished():
            say(f"evaluate {view}: finished before")
        else:
            _evaluate_view(session, view, stage)
    if len(session.recipe.views) == len(VIEW_NAMES):
        _compare(session)


def _evaluate_view(session: Session, view: ViewName, stage: Stage) -> None:
    recipe, dataset = session.recipe, session.dataset
    rows = rows_of(recipe, "validation")
    trained = session.trained(view)
    pieces = [(trained, piece) for piece in row_pieces(rows, recipe.scan.piece_rows)]
    executor = session.executor
    parts = []
    with stage_run(stage) as watch, Progress(f"evaluate {view}", len(rows), "images") as progress:
        for part in executor.run(evaluate_rows, pieces, recipe.scan.gpus_per_task):
            parts.append(part)
            progress.advance(len(part.row_N))
    predictions = Predictions.joined(parts)
    # Rows without a prediction must be faulty: `describe` decodes each again and names its fault.
    faulty = describe(dataset, "validation", np.setdiff1d(rows, predictions.row_N).tolist())
    counted = len(predictions.row_N) + len(faulty)
    check(
        counted == len(rows),
        f"evaluate {view}: {counted} images were counted or quarantined, not {len(rows)}",
        InvariantError,
    )
    check_faulty_share(faulty, "validation", len(rows), recipe.data.max_quarantined)
    if faulty:
        record(stage.folder, faulty)
        say(f"evaluate {view}: {summary(stage.folder, faulty, len(rows))}")
    write_evaluation(stage.folder, predictions, dataset, faulty)
    stage.finish(watch.seconds, images=len(predictions.row_N), quarantined=len(faulty))


def _compare(session: Session) -> None:
    """Compare the networks on the same images: which each alone names correctly, and whether chance explains that."""
    stage = session.stages.compare()
    if stage.is_finished():
        return
    with stage_run(stage) as watch:
        top1 = write_comparison(stage.folder, *VIEW_NAMES)["top1"]
    stage.finish(watch.seconds)
    say(
        f"evaluate: cartesian alone names {top1['only_a']} images correctly, log_polar alone {top1['only_b']} "
        f"(McNemar's test between these two networks: p = {top1['p_value']:.2g})"
    )
