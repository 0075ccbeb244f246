"""`logpolar evaluate`: accuracy of every network on every validation image, per class, and of both in comparison."""

from __future__ import annotations

import io

import numpy as np
import pyarrow.parquet as pq

from lp_core.dataset.faulty_rows import check_faulty_share, describe, record, summary
from lp_core.dataset.feed import used_rows
from lp_core.errors import InvariantError, check
from lp_core.network.predictions import Predictions, comparison, parquet
from lp_core.run.stage import Stage, stage_run
from lp_core.settings import VIEW_NAMES, ViewName
from tasks.evaluating import evaluate_rows
from tasks.pieces import row_pieces, run_pieces
from tasks.progress import Progress, say
from workflows.session import Session
from workflows.stages import EVALUATION


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
    rows = used_rows(recipe, "validation")
    trained = session.trained(view)
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
    check(
        counted == len(rows),
        f"evaluate {view}: {counted} images were counted or quarantined, not {len(rows)}",
        InvariantError,
    )
    check_faulty_share(faulty, "validation", len(rows), recipe.data.max_quarantined)
    if faulty:
        record(stage.folder, faulty)
        say(f"evaluate {view}: {summary(stage.folder, faulty, len(rows))}")
    split = dataset.rows("validation")
    table = found.table([split.image_id(row) for row in found.row_N])
    whole, by_class, images = EVALUATION
    stage.folder.write_json(whole, found.counts().summary() | {"quarantined": faulty})
    stage.folder.write_bytes(by_class, parquet(found.by_class(dataset.class_names)))
    stage.folder.write_bytes(images, parquet(table))
    stage.finish(watch.seconds, images=len(found.row_N), quarantined=len(faulty))


def _compare(session: Session) -> None:
    """Write `comparison.json`: which images each network alone gets right, and whether chance could have done that."""
    stage = session.stages.compare()
    if stage.is_finished():
        return
    with stage_run(stage) as watch:
        files = [(session.run / view).read_bytes(EVALUATION[2]) for view in VIEW_NAMES]
        tables = [pq.read_table(io.BytesIO(file)) for file in files]
        found = comparison(*(Predictions.from_table(table) for table in tables))
        session.run.write_json("comparison.json", {"a": VIEW_NAMES[0], "b": VIEW_NAMES[1], **found})
    stage.finish(watch.seconds)
    top1 = found["top1"]
    say(
        f"evaluate: cartesian alone names {top1['only_a']} images rightly, log_polar alone {top1['only_b']} "
        f"(McNemar's test: p = {top1['p_value']:.2g})"
    )
