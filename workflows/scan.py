"""`logpolar scan`: the nine strongest activations of every channel, and where and how often it responds at all."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lp_core.config import SettingError, ViewName, check
from lp_core.dataset.faulty_rows import Faulty, check_faulty_share, describe, record, summary
from lp_core.dataset.feed import used_rows
from lp_core.fingerprint import checksum, fingerprint
from lp_core.run_folder import Stage, measure_inputs, stage_run, view_inputs
from tasks.networks import Trained
from tasks.pieces import row_pieces, run_pieces
from tasks.progress import Progress, say
from tasks.scanning import piece_file, read_piece, scan_rows
from workflows.evaluate import trained_weights
from workflows.session import Session


def scan_stage(session: Session, view: ViewName) -> Stage:
    """The scan of a view, as a stage of the run."""
    weights = trained_weights(session, view)
    inputs = measure_inputs(session.recipe, view, session.dataset.fingerprint, weights)
    return Stage(session.run / view, "scan", inputs | {"batch_size": session.recipe.scan.batch_size})


def scan(session: Session) -> None:
    """Scan the validation split with every view's network; pieces that an earlier start finished are kept."""
    for view in session.recipe.views:
        stage = scan_stage(session, view)
        if stage.is_finished():
            say(f"scan {view}: finished before")
        else:
            _scan_view(session, view, stage)


def _scan_view(session: Session, view: ViewName, stage: Stage) -> None:
    recipe, folder = session.recipe, stage.folder
    rows = used_rows(recipe, "validation")
    trained = Trained(recipe, session.run.uri, view, stage.inputs["weights"], recipe.scan.gpus_per_task > 0)
    # A piece is named by everything it depends on, its length included.
    name = fingerprint([stage.fingerprint, recipe.scan.piece_rows])
    pieces = [(trained, piece, piece_file(name, int(piece[0]))) for piece in row_pieces(rows, recipe.scan.piece_rows)]
    unfinished = [piece for piece in pieces if read_piece(folder, piece[2]) is None]
    with stage_run(stage) as watch:
        with Progress(f"scan {view}", len(rows), "images") as progress:
            progress.already(len(rows) - sum(len(piece[1]) for piece in unfinished))
            if unfinished:
                for seen in run_pieces(scan_rows, unfinished, session.cluster, recipe.scan.gpus_per_task):
                    progress.advance(seen)
        exemplars, faulty = _reduce(session, view, stage, [file for _, _, file in pieces])
    if faulty:
        record(folder, faulty)
        say(f"scan {view}: {summary(folder, faulty, len(rows))}")
    images = len(rows) - len(faulty)
    stage.finish(watch.seconds, images=images, quarantined=len(faulty), exemplars=exemplars)
    for file in folder.files("scan"):
        folder.remove(file)


def _reduce(session: Session, view: ViewName, stage: Stage, files: list[str]) -> tuple[str, list[Faulty]]:
    """Join the pieces into the view's tables; return the SHA-256 of exemplars.parquet, and the rows left out."""
    from lp_core.exemplars.channel_statistics import ChannelStatistics, merge_statistics, statistics_table
    from lp_core.exemplars.table import exemplar_table, write_exemplars
    from lp_core.exemplars.top_k import TopK, merge
    from lp_core.network.vgg16 import conv_channels

    recipe, folder, size = session.recipe, stage.folder, session.recipe.view.size
    channels = conv_channels(recipe.network.width)
    top_k, statistics = TopK.empty(sum(channels.values())), ChannelStatistics.empty(channels, (size, size))
    for file in files:
        found = read_piece(folder, file)
        if found is None:
            raise SettingError(f"{folder.path(file)} cannot be read; scan again")
        top_k, statistics = merge(top_k, found[0]), merge_statistics(statistics, found[1])
    rows = used_rows(recipe, "validation")
    check(bool(np.isin(statistics.row_N, rows).all()), "other images were scanned than those asked for; scan again")
    faulty = describe(session.dataset, "validation", set(rows.tolist()) - set(statistics.row_N.tolist()))
    check_faulty_share(faulty, "validation", len(rows), recipe.data.max_quarantined)
    split = session.dataset.rows("validation")
    identities = pa.table({"row": rows, "image_id": [split.image_id(row) for row in rows], "label": split.label[rows]})
    about = {
        "weights": stage.inputs["weights"],
        "dataset": session.dataset.fingerprint,
        "transform": fingerprint(view_inputs(recipe, view) | {"eval_crop": recipe.data.eval_crop}),
        "scan": stage.fingerprint,
    }
    wraps = view == "log_polar" and recipe.network.angle_padding == "circular"
    names = session.dataset.class_names
    table = exemplar_table(top_k, channels, identities, names, about, shape_SR=(size, size), wraps=wraps)
    content = io.BytesIO()
    write_exemplars(table, content)
    folder.write_bytes("exemplars.parquet", content.getvalue())
    summary, places = io.BytesIO(), io.BytesIO()
    pq.write_table(statistics_table(statistics), summary)
    folder.write_bytes("channels.parquet", summary.getvalue())
    np.savez_compressed(places, allow_pickle=False, **{layer: statistics.places(layer) for layer in channels})
    folder.write_bytes("places.npz", places.getvalue())
    return checksum(content.getvalue()), faulty
