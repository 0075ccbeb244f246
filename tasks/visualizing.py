"""Tasks that draw the features of a few channels each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from lp_core.dataset.faulty_rows import describe
from lp_core.dataset.feed import open_dataset
from lp_core.errors import DataError
from lp_core.exemplars import ROUNDING
from lp_core.fingerprint import fingerprint
from lp_core.run.files import ATLAS, PANELS, RANDOM_WEIGHTS
from lp_core.settings import Rule
from lp_core.storage import Storage
from tasks.from_recipe import feed_of
from tasks.networks import Trained, kept_network
from tasks.worker_process import prepare_measuring

if TYPE_CHECKING:
    from lp_core.report.tile import Tile

TOLERANCE = 1e-4
"""Largest relative difference between an activation recorded by the scan and the one found again."""


@dataclass(frozen=True)
class AtlasSheet:
    """Channels of one layer on one sheet of the atlas: the unit of work that is repeated after a kill.

    Args:
        exemplars: SHA-256 of the view's exemplars.parquet.
        layer: such as conv5_2.
        channels: their numbers, ascending.
        panels: those of them that also get a panel.
        rule: of going back through a ReLU.
        format: of panels.
        untrained: SHA-256 of the first weights, with which the units of `panels` are drawn once more; None for not.
    """

    exemplars: str
    layer: str
    channels: tuple[int, ...]
    panels: tuple[int, ...]
    rule: Rule
    format: str
    untrained: str | None = None

    @property
    def image(self) -> str:
        """File of the sheet's picture; its name changes with everything that the sheet depends on."""
        decisive = [self.exemplars, self.layer, self.channels, self.panels, self.rule, self.format]
        name = fingerprint([*decisive, self.untrained] if self.untrained else decisive)
        return f"{ATLAS}/{self.layer}/{self.channels[0]:04d}-{name}.webp"

    @property
    def table(self) -> str:
        """File of the sheet's rows of features.parquet; written last."""
        return self.image.removesuffix(".webp") + ".parquet"

    def panel(self, channel: int) -> str:
        """File of a channel's panel."""
        return f"{PANELS}/{self.layer}/{channel}.{self.format}"

    def random_weights(self, channel: int) -> str:
        """File of a channel's features with random weights."""
        return f"{RANDOM_WEIGHTS}/{self.layer}/{channel}.webp"


def draw_sheet(trained: Trained, sheet: AtlasSheet) -> tuple[int, list[str]]:
    """Draw a sheet, and the panels of its channels.

    Returns:
        Number of channels, and a line for each exemplar whose recorded activation was not found again. It is not drawn,
        and the sheet stays unfinished.
    """
    from lp_core.report.atlas import SCHEMA, feature_rows, sheet_picture
    from lp_core.report.feature_strip import feature_strip
    from lp_core.report.panel import panel
    from lp_core.report.picture import png, webp

    prepare_measuring()
    tiles, complaints = exemplar_tiles(trained, sheet.exemplars, sheet.layer, sheet.channels, sheet.rule)
    for channel in sheet.panels:
        picture = panel(tiles[channel], trained.view, title=f"{sheet.layer}, channel {channel}", rule=sheet.rule)
        content = png(picture) if sheet.format == "png" else webp(picture, quality=90)
        trained.folder.write_bytes(sheet.panel(channel), content)
    if sheet.untrained and sheet.panels and not complaints:
        network = replace(trained, weights=sheet.untrained, epoch=0)
        for channel, drawn in random_tiles(network, sheet.exemplars, sheet.layer, sheet.panels, sheet.rule).items():
            trained.folder.write_bytes(sheet.random_weights(channel), webp(feature_strip(drawn, trained.view)))
    if not complaints:
        trained.folder.write_bytes(sheet.image, webp(sheet_picture(list(tiles.values()), trained.view)))
        rows = [
            row
            for position, (channel, drawn) in enumerate(tiles.items())
            for row in feature_rows(sheet.layer, channel, drawn, sheet.image, position)
        ]
        trained.folder.write_table(sheet.table, pa.Table.from_pylist(rows, SCHEMA))
    return len(sheet.channels), complaints


def read_table(folder: Storage, sheet: AtlasSheet) -> pa.Table | None:
    """Return what a finished sheet wrote; None if it is not finished, or by a version that measured less."""
    from lp_core.report.atlas import SCHEMA

    try:
        table = folder.read_table(sheet.table)
    except (OSError, pa.ArrowInvalid):
        return None
    return table if table.schema.names == SCHEMA.names else None


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
    complaints = []
    tiles: dict[int, list[Tile]] = {channel: [] for channel in channels}
    lines = exemplar_lines(trained.folder, exemplars, layer, channels)
    for line, tile, activation in drawn_lines(trained, lines, layer, rule):
        if not found_again(line, activation):
            complaints.append(not_found_again(trained, line, activation))
        else:
            tiles[line["channel"]].append(tile)
    return tiles, complaints


def random_tiles(
    untrained: Trained, exemplars: str, layer: str, channels: tuple[int, ...], rule: Rule
) -> dict[int, list[Tile]]:
    """The pictures of the same units in the same images, with the untrained network's weights.

    Args:
        untrained: the network before its first step.
        exemplars, layer, channels, rule: as `exemplar_tiles`.

    Returns:
        Pictures by channel. Each is that of the unit before its own ReLU: without training, most units of deep layers
        are active either in every image or in none, and those would show nothing.
    """
    tiles: dict[int, list[Tile]] = {channel: [] for channel in channels}
    lines = exemplar_lines(untrained.folder, exemplars, layer, channels)
    for line, tile, _ in drawn_lines(untrained, lines, layer, rule, before_relu=True):
        tiles[line["channel"]].append(tile)
    return tiles


def found_again(line: Mapping[str, Any], activation: float) -> bool:
    """Return whether an activation is the recorded one, but for rounding.

    Args:
        line: of `exemplar_lines`.
        activation: of its unit.
    """
    allowed = TOLERANCE * line["activation"] + ROUNDING * line["layer_largest"]
    return abs(activation - line["activation"]) <= allowed


def not_found_again(trained: Trained, line: Mapping[str, Any], activation: float) -> str:
    """Return the complaint about an exemplar whose recorded activation was not found again."""
    epoch = "" if trained.epoch is None else f" epoch {trained.epoch}"
    exemplar = f"{trained.view}{epoch}/{line['layer']}/{line['channel']} rank {line['rank']}"
    return f"{exemplar}: activation {line['activation']:.6g} is recorded, found {activation:.6g}"


def exemplar_lines(folder: Storage, exemplars: str, layer: str, channels: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return the lines of some channels in the table of exemplars in a folder, without empty places.

    `layer_largest` is the largest activation in any line of the layer.

    Args:
        folder: of the scan.
        exemplars: SHA-256 of the table.
        layer: such as conv5_2.
        channels: their numbers.
    """
    lines = _exemplars(folder, exemplars, layer)
    return [line for line in lines if line["channel"] in channels and line["row"] is not None]


def drawn_lines(
    trained: Trained, lines: Sequence[Mapping[str, Any]], layer: str, rule: Rule, *, before_relu: bool = False
) -> Iterator[tuple[Mapping[str, Any], Tile, float]]:
    """Yield each exemplar's line of the table, its pictures, and the activation of its unit in this network.

    Where the unit is wanted `before_relu`, the activation has no meaning.
    """
    from lp_core.exemplars.guided_backprop import always_active, guided_backprop
    from lp_core.network.inputs import normalized
    from lp_core.network.stack import Stack
    from lp_core.report.exemplar_tile import exemplar_tile

    kept, device = kept_network(trained, classifier=False)
    network = always_active(kept, layer) if before_relu else Stack.of(kept)  # read once, not for every exemplar
    recipe, view = trained.recipe, trained.view
    wnids = dict(enumerate(open_dataset(recipe.data.path).wnids))
    shown = [{**line, "wnid": wnids.get(line["label"])} for line in lines]
    rows = np.array(sorted({line["row"] for line in shown}), dtype=np.int64)
    images = network_inputs(trained, rows)
    size = recipe.scan.batch_size
    for start in range(0, len(shown), size):
        part = shown[start : start + size]
        x = normalized(np.stack([images[line["row"]] for line in part]), device)
        units = [(line["channel"], line["unit_row"], line["unit_col"]) for line in part]
        gradients, activations = guided_backprop(network, x, layer, units, rule)
        for line, gradient, activation in zip(part, gradients.cpu(), activations.tolist(), strict=True):
            tile = exemplar_tile(line, images[line["row"]], gradient, network, recipe, view)
            yield line, tile, activation


def network_inputs(trained: Trained, rows: np.ndarray) -> dict[int, np.ndarray]:
    """Return network inputs by row number, of the validation split.

    Raises:
        DataError: a row could be decoded when it was scanned, and no longer can.
    """
    images: dict[int, np.ndarray] = {}
    for batch in feed_of(trained.recipe, trained.view).evaluation_batches("validation", rows, 64):
        images |= zip(batch.rows_N.tolist(), batch.images_NSRC, strict=True)
    if lost := sorted(set(rows.tolist()) - set(images)):
        [row] = describe(open_dataset(trained.recipe.data.path), "validation", lost[:1])
        raise DataError(
            f"validation row {row['row']}, image {row['image_id']}, has changed since the scan: {row['reason']}"
        )
    return images


@lru_cache(maxsize=16)
def _exemplars(folder: Storage, checksum: str, layer: str) -> list[dict[str, Any]]:
    """A layer's rows of the table; `checksum` is part of the cache's key."""
    import pyarrow.compute as pc

    from lp_core.exemplars.table import read_exemplars

    table = read_exemplars(folder)
    lines = table.filter(pc.equal(table["layer"], layer)).to_pylist()
    largest = max((line["activation"] for line in lines), default=0.0)
    return [line | {"layer_largest": largest} for line in lines]
