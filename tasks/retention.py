"""Peaks of channels in the images that excite them most, turned and scaled, on another crop than that of the choice."""

from __future__ import annotations

from functools import partial

import numpy as np

from lp_core.dataset.feed import open_dataset
from lp_core.images.decode import decode_rgb
from lp_core.images.network_input import network_input
from lp_core.measures.retention import other_crop, retention_looks
from tasks.kept_pieces import Arrays, PieceFiles, arrays_of_rows
from tasks.networks import Trained, kept_network
from tasks.pieces import Executor
from tasks.worker_process import prepare_measuring

VERSION = 2
"""Changes when a newer version answers otherwise."""
_ITEMS = 2
"""Items of a piece for each of `scan.piece_rows`: an image excites several channels, and is seen
many times. Our choice."""


def kept_peaks(trained: Trained, image_CK: np.ndarray, executor: Executor, files: PieceFiles) -> Arrays:
    """Return `peaks_of_items` of every exemplar: images ascending, then channels.

    Args:
        trained: the network.
        image_CK: rows of the exemplars of every channel, `EMPTY` where there is none (`Nines.image_CK`).
        executor: runs the pieces.
        files: of the pieces; they stay until `files.remove()`.

    Raises:
        LogpolarError: what a piece raised.
    """
    from lp_core.exemplars.top_k import EMPTY  # here, because it brings torch, and a finished run needs none

    channel_M, place_M = np.nonzero(image_CK != EMPTY)
    items_M2 = np.stack([image_CK[channel_M, place_M], channel_M], 1).astype(np.int64)
    items_M2 = items_M2[np.lexsort((items_M2[:, 1], items_M2[:, 0]))]
    if not len(items_M2):  # no image excites any channel
        return {"item_M2": items_M2, "value_ML": np.zeros((0, len(retention_looks())), np.float32)}
    scan = trained.recipe.scan
    title = f"retention {trained.view} under {len(retention_looks())} looks"
    compute = partial(peaks_of_items, trained)
    rows = _ITEMS * scan.piece_rows
    return arrays_of_rows(executor, compute, items_M2, files, rows, scan.gpus_per_task, title, "exemplars")


def peaks_of_items(trained: Trained, items_M2: np.ndarray) -> Arrays:
    """Return the peak of a channel in an image for every look: item_M2 (row, channel) and value_ML float32.

    Args:
        trained: the network.
        items_M2: int64, ascending by row; channels count over all layers.
    """
    from lp_core.exemplars.peaks import find_peaks
    from lp_core.network.inputs import filled, normalized

    prepare_measuring()
    network, device = kept_network(trained, classifier=False)
    recipe, rows = trained.recipe, np.unique(items_M2[:, 0])
    value_ML = np.zeros((len(items_M2), len(retention_looks())), np.float32)
    for start in range(0, len(rows), recipe.scan.batch_size):
        part = rows[start : start + recipe.scan.batch_size]
        photographs = [decode_rgb(one.data) for one in open_dataset(recipe.data.path).photographs("validation", part)]
        mine_M = np.flatnonzero(np.isin(items_M2[:, 0], part))
        image_M, channel_M = np.searchsorted(part, items_M2[mine_M, 0]), items_M2[mine_M, 1]
        for place, (transform, look) in enumerate(retention_looks()):
            images = np.stack(
                [
                    network_input(
                        image_HWC,
                        other_crop(transform, image_HWC.shape[0], image_HWC.shape[1], recipe.data.eval_crop),
                        trained.view,
                        recipe.geometry,
                        look,
                    )
                    for image_HWC in photographs
                ]
            )
            seen = normalized(filled(images, recipe.scan.batch_size), device)
            peaks = find_peaks(network, seen, rows=part.tolist())
            value_ML[mine_M, place] = peaks.value_NC.cpu().numpy()[image_M, channel_M]
    return {"item_M2": items_M2, "value_ML": value_ML}
