"""Ray tasks that draw the features of a few channels each."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lp_core.dataset.faulty_rows import describe
from lp_core.dataset.feed import Feed, open_dataset
from lp_core.errors import DataError
from lp_core.fingerprint import fingerprint
from lp_core.settings import Rule
from lp_core.storage import Storage
from tasks.networks import Trained, held

if TYPE_CHECKING:
    from lp_core.report.montage import Tile

TOLERANCE = 1e-4
"""Largest relative difference between an activation recorded by the scan and the one found again."""


@dataclass(frozen=True)
class Piece:
    """Channels of one layer that share a sheet of the atlas: the unit of work that is repeated after a kill.

    Args:
        exemplars: SHA-256 of the view's exemplars.parquet.
        layer: such as conv5_2.
        channels: their numbers, ascending.
        panels: those of them that also get a panel.
        rule: of going back through a ReLU.
        format: of panels.
    """

    exemplars: str
    layer: str
    channels: tuple[int, ...]
    panels: tuple[int, ...]
    rule: Rule
    format: str

    @property
    def sheet(self) -> str:
        """File of the sheet; its name changes with everything that the piece depends on."""
        name = fingerprint([self.exemplars, self.layer, self.channels, self.panels, self.rule, self.format])
        return f"atlas/{self.layer}/{self.channels[0]:04d}-{name}.webp"

    @property
    def table(self) -> str:
        """File of the piece's rows of features.parquet; written last."""
        return self.sheet.removesuffix(".webp") + ".parquet"

    def panel(self, channel: int) -> str:
        """File of a channel's panel."""
        return f"panels/{self.layer}/{channel}.{self.format}"


def draw_piece(trained: Trained, piece: Piece) -> tuple[int, list[str]]:
    """Draw a piece's sheet and panels.

    Returns:
        Number of channels, and a line for each exemplar whose recorded activation was not found again. It is not drawn,
        and the piece stays unfinished.
    """
    from lp_core.report.atlas import SCHEMA, feature_rows, sheet, webp
    from lp_core.report.montage import panel
    from lp_core.report.page import png

    tiles, complaints = exemplar_tiles(trained, piece.exemplars, piece.layer, piece.channels, piece.rule)
    for channel in piece.panels:
        picture = panel(tiles[channel], trained.view, title=f"{piece.layer}, channel {channel}", rule=piece.rule)
        content = png(picture) if piece.format == "png" else webp(picture, quality=90)
        trained.folder.write_bytes(piece.panel(channel), content)
    if not complaints:
        trained.folder.write_bytes(piece.sheet, webp(sheet(list(tiles.values()), trained.view)))
        rows = [
            row
            for place, (channel, drawn) in enumerate(tiles.items())
            for row in feature_rows(piece.layer, channel, drawn, piece.sheet, place)
        ]
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), file)
        trained.folder.write_bytes(piece.table, file.getvalue())
    return len(piece.channels), complaints


def read_table(folder: Storage, piece: Piece) -> pa.Table | None:
    """What a finished piece wrote; None if it is not finished."""
    try:
        return pq.read_table(io.BytesIO(folder.read_bytes(piece.table)))
    except (OSError, pa.ArrowInvalid):
        return None


def exemplar_tiles(
    trained: Trained, exemplars: str, layer: str, channels: tuple[int, ...], rule: Rule
) -> tuple[dict[int, list[Tile]], list[str]]:
    """The pictures of some channels' exemplars.

    Args:
        trained: the network.
        exemplars: SHA-256 of the view's exemplars.parquet.
        layer: such as conv5_2.
        channels: their numbers.
        rule: of going back through a ReLU.

    Returns:
        Pictures by channel, and a line for each exemplar whose recorded activation was not found again; it has none.
    """
    from lp_core.exemplars.guided_backprop import guided_backprop
    from lp_core.network.learner import normalized
    from lp_core.report.tiles import exemplar_tile

    network, device = held(trained, classifier=False)
    recipe, view = trained.recipe, trained.view
    wnids = dict(enumerate(open_dataset(recipe.data.path).wnids))
    lines = [
        line | {"wnid": wnids.get(line["label"])}
        for line in _exemplars(trained, exemplars, layer)
        if line["channel"] in channels
    ]
    shown = [line for line in lines if line["row"] is not None]
    rows = np.array(sorted({line["row"] for line in shown}), dtype=np.int64)
    images = _images(trained, rows)
    complaints = []
    tiles: dict[int, list[Tile]] = {channel: [] for channel in channels}
    size = recipe.scan.batch_size
    for start in range(0, len(shown), size):
        part = shown[start : start + size]
        x = normalized(np.stack([images[line["row"]] for line in part]), device)
        units = [(line["channel"], line["unit_row"], line["unit_col"]) for line in part]
        gradients, activations = guided_backprop(network, x, layer, units, rule)
        for line, gradient, activation in zip(part, gradients.cpu(), activations.tolist(), strict=True):
            channel, image, recorded = line["channel"], images[line["row"]], line["activation"]
            if abs(activation - recorded) > TOLERANCE * recorded:
                place = f"{view}/{layer}/{channel} rank {line['rank']}"
                complaints.append(f"{place}: activation {recorded:.6g} is recorded, found {activation:.6g}")
            else:
                tiles[channel].append(exemplar_tile(line, image, gradient, network, recipe, view))
    return tiles, complaints


def _images(trained: Trained, rows: np.ndarray) -> dict[int, np.ndarray]:
    """Network inputs by row number.

    Raises:
        DataError: a row could be decoded when it was scanned, and no longer can.
    """
    images: dict[int, np.ndarray] = {}
    for batch in Feed(trained.recipe, trained.view).evaluation_batches("validation", rows, 64):
        images |= zip(batch.rows_N.tolist(), batch.images_NSRC, strict=True)
    if lost := sorted(set(rows.tolist()) - set(images)):
        [one] = describe(open_dataset(trained.recipe.data.path), "validation", lost[:1])
        raise DataError(
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
