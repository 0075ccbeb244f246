"""Ray tasks that draw the panels of a few channels each."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np

from lp_core.config import SettingError
from lp_core.dataset.faulty_rows import describe
from lp_core.dataset.feed import Feed, open_dataset
from lp_core.report.page import png
from tasks.networks import Trained, held

TOLERANCE = 1e-4
"""Largest relative difference between an activation recorded by the scan and the one found again."""


def draw_panels(trained: Trained, exemplars: str, layer: str, channels: tuple[int, ...]) -> list[str]:
    """Draw and write `panels/<layer>/<channel>.png` of some channels of a layer.

    Args:
        trained: the network.
        exemplars: SHA-256 of the view's exemplars.parquet.
        layer: such as conv5_2.
        channels: numbers of the channels.

    Returns:
        A line for each exemplar whose recorded activation was not found again; it is not drawn.
    """
    from lp_core.exemplars.guided_backprop import guided_backprop
    from lp_core.network.learner import normalized
    from lp_core.report.montage import panel
    from lp_core.report.tiles import exemplar_tile

    network, device = held(trained)
    lines = [line for line in _exemplars(trained, exemplars, layer) if line["channel"] in set(channels)]
    shown = [line for line in lines if line["row"] is not None]
    rows = np.array(sorted({line["row"] for line in shown}), dtype=np.int64)
    images = _images(trained, rows)
    complaints = []
    tiles: dict[int, list[Any]] = {channel: [] for channel in channels}
    size = trained.recipe.scan.batch_size
    for start in range(0, len(shown), size):
        part = shown[start : start + size]
        x = normalized(np.stack([images[line["row"]] for line in part]), device)
        units = [(line["channel"], line["unit_row"], line["unit_col"]) for line in part]
        gradients, activations = guided_backprop(network, x, layer, units)
        for line, gradient, activation in zip(part, gradients.cpu(), activations.tolist(), strict=True):
            if abs(activation - line["activation"]) > TOLERANCE * line["activation"]:
                place = f"{trained.view}/{layer}/{line['channel']} rank {line['rank']}"
                complaints.append(f"{place}: activation {line['activation']:.6g} is recorded, found {activation:.6g}")
                continue
            image = images[line["row"]]
            tiles[line["channel"]].append(exemplar_tile(line, image, gradient, network, trained.recipe, trained.view))
    for channel in channels:
        picture = panel(tiles[channel], trained.view, title=f"{layer}, channel {channel}")
        trained.folder.write_bytes(f"panels/{layer}/{channel}.png", png(picture))
    return complaints


def _images(trained: Trained, rows: np.ndarray) -> dict[int, np.ndarray]:
    """Network inputs by row number.

    Raises:
        SettingError: a row could be decoded when it was scanned, and no longer can.
    """
    images: dict[int, np.ndarray] = {}
    for batch in Feed(trained.recipe, trained.view).evaluation_batches("validation", rows, 64):
        images |= zip(batch.rows_N.tolist(), batch.images_NSRC, strict=True)
    if lost := sorted(set(rows.tolist()) - set(images)):
        [one] = describe(open_dataset(trained.recipe.data.path), "validation", lost[:1])
        raise SettingError(
            f"validation row {one['row']}, image {one['image_id']}, has changed since the scan: {one['reason']}"
        )
    return images


@lru_cache(maxsize=16)
def _exemplars(trained: Trained, checksum: str, layer: str) -> list[dict[str, Any]]:
    """A layer's rows of the table; `checksum` is part of the cache's key."""
    import pyarrow.compute as pc

    from lp_core.exemplars.table import read_exemplars

    table = read_exemplars(io.BytesIO(trained.folder.read_bytes("exemplars.parquet")))
    return table.filter(pc.equal(table["layer"], layer)).to_pylist()
