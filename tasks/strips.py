"""Tasks that draw how the best exemplar of a few channels changes from epoch to epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lp_core.fingerprint import fingerprint
from lp_core.run.files import STRIPS
from lp_core.settings import Rule
from lp_core.storage import Storage
from tasks.networks import Trained
from tasks.visualizing import drawn_lines, exemplar_lines, found_again, not_found_again
from tasks.worker_process import prepare_measuring

if TYPE_CHECKING:
    from lp_core.report.tile import Tile

SCHEMA = pa.schema(
    [
        pa.field("layer", pa.string(), nullable=False),
        pa.field("channel", pa.int32(), nullable=False),
        pa.field("epoch", pa.int32(), nullable=False),
        pa.field("class_name", pa.string()),
        pa.field("activation", pa.float32()),
    ]
)
"""What a piece shows: one row per epoch and channel, null where no image activates the channel."""


@dataclass(frozen=True)
class ScannedEpoch:
    """The network of an epoch, and its scan.

    Args:
        epoch: 0 before the first step.
        trained: the network.
        folder: URI of the folder of its scan.
        exemplars: SHA-256 of the table of exemplars there.
    """

    epoch: int
    trained: Trained
    folder: str
    exemplars: str


@dataclass(frozen=True)
class StripPiece:
    """Channels of one layer whose strips one task draws: the unit of work that is repeated after a kill.

    Args:
        layer: such as conv5_2.
        channels: their numbers, ascending.
        rule: of going back through a ReLU.
        stage: fingerprint of everything else that the strips depend on.
    """

    layer: str
    channels: tuple[int, ...]
    rule: Rule
    stage: str

    def image(self, channel: int) -> str:
        """File of a channel's strip."""
        return f"{STRIPS}/{self.layer}/{channel}.webp"

    @property
    def table(self) -> str:
        """File of the piece's rows; written last."""
        return f"{STRIPS}/{self.layer}/{fingerprint([self.stage, self.channels, self.rule])}.parquet"


def draw_strips(epochs: tuple[ScannedEpoch, ...], piece: StripPiece) -> tuple[int, list[str]]:
    """Draw the strips of a piece.

    Returns:
        Number of channels, and a line for each exemplar whose recorded activation was not found again. With any, the
        piece stays unfinished.
    """
    from lp_core.report.evolution_strip import evolution_strip
    from lp_core.report.picture import webp

    prepare_measuring()
    tiles: dict[int, list[Tile | None]] = {channel: [] for channel in piece.channels}
    rows, complaints = [], []
    for scanned in epochs:
        found, not_found = _best(scanned, piece)
        complaints += not_found
        for channel in piece.channels:
            line, tile = found.get(channel, ({}, None))
            tiles[channel].append(tile)
            row = {"layer": piece.layer, "channel": channel, "epoch": scanned.epoch}
            rows.append(row | {name: line.get(name) for name in ("class_name", "activation")})
    if not complaints:
        folder, view = epochs[-1].trained.folder, epochs[-1].trained.view
        for channel, best in tiles.items():
            folder.write_bytes(piece.image(channel), webp(evolution_strip(best, view)))
        folder.write_table(piece.table, pa.Table.from_pylist(rows, SCHEMA))
    return len(piece.channels), complaints


def read_strip_table(folder: Storage, piece: StripPiece) -> pa.Table | None:
    """Return what a finished piece wrote; None if it is not finished."""
    try:
        table = folder.read_table(piece.table)
    except (OSError, pa.ArrowInvalid):
        return None
    return table if all(folder.exists(piece.image(channel)) for channel in piece.channels) else None


def _best(scanned: ScannedEpoch, piece: StripPiece) -> tuple[dict[int, tuple[Mapping[str, Any], Tile]], list[str]]:
    """The best exemplar of each channel at an epoch with its pictures, and complaints about those not found again."""
    lines = exemplar_lines(Storage(scanned.folder), scanned.exemplars, piece.layer, piece.channels)
    found, complaints = {}, []
    for line, tile, activation in drawn_lines(
        scanned.trained, [line for line in lines if line["rank"] == 0], piece.layer, piece.rule
    ):
        if not found_again(line, activation):
            complaints.append(not_found_again(scanned.trained, line, activation))
        found[line["channel"]] = line, tile
    return found, complaints
