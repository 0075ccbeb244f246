"""The atlas: pictures of many channels on one sheet, so that all channels of a network are a few hundred files.

A sheet is a grid of squares: one row for each channel, and in it the nine exemplars of every kind of picture, kind by
kind (`KINDS` in `tile.py`). Words are in tables, not in the pictures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from lp_core.exemplars.field_measures import FieldMeasures
from lp_core.network.receptive_field import Box
from lp_core.report.panel import Geometry, pictures
from lp_core.report.picture import PAPER, Picture
from lp_core.report.tile import KINDS, PLACES, Tile, by_ranks
from lp_core.settings import ViewName

TILE = 112
"""Side of a picture in px. WebP has room for 146 of them in a row; a log-polar channel needs 36."""
CHANNELS = 16
"""Most channels of a sheet: a sheet is decoded whole, even to show one channel."""
SCHEMA = pa.schema(
    [
        pa.field("layer", pa.string(), nullable=False),
        pa.field("channel", pa.int32(), nullable=False),
        pa.field("rank", pa.int32()),
        pa.field("sheet", pa.string(), nullable=False),
        pa.field("sheet_row", pa.int32(), nullable=False),
        pa.field("effective_top", pa.int32()),
        pa.field("effective_left", pa.int32()),
        pa.field("effective_bottom", pa.int32()),
        pa.field("effective_right", pa.int32()),
        *(pa.field(name, pa.float32()) for name in FieldMeasures._fields),
    ]
)


def sheet_picture(channels: Sequence[Sequence[Tile]], view: ViewName) -> Picture:
    """Draw channels' exemplars, one channel below the other.

    Args:
        channels: of each channel at most nine exemplars; places without one stay white.
        view: decides the kinds of pictures.

    Returns:
        uint8 [TILE * channels, TILE * 9 * kinds, 3].
    """
    drawn = Image.new("RGB", (TILE * PLACES * len(KINDS[view]), TILE * len(channels)), PAPER)
    where = Geometry(view, TILE)
    for row, exemplars in enumerate(channels):
        for rank, kind, picture in pictures(by_ranks(exemplars), view, where):
            drawn.paste(picture, (TILE * (PLACES * kind + rank), TILE * row))
    return np.asarray(drawn)


def feature_rows(layer: str, channel: int, exemplars: Sequence[Tile], sheet: str, row: int) -> list[dict[str, Any]]:
    """Rows of `features.parquet`: positions of a channel's exemplars, effective receptive fields, `FieldMeasures`.

    Args:
        layer: such as conv5_2.
        channel: its number.
        exemplars: those drawn.
        sheet: file of the sheet, relative to the view's folder.
        row: the channel's row on it, from above.

    Returns:
        One row for each exemplar; for a channel without any, one whose rank is null.
    """
    position = {"layer": layer, "channel": channel, "rank": None, "sheet": sheet, "sheet_row": row}
    nothing = dict.fromkeys([*(f"effective_{edge}" for edge in Box._fields), *FieldMeasures._fields])
    rows = []
    for exemplar in exemplars:
        box = exemplar.effective._asdict() if exemplar.effective else {}
        edges = {f"effective_{edge}": value for edge, value in box.items()}
        rows.append(position | {"rank": exemplar.rank} | nothing | edges | _numbers(exemplar.measures))
    return rows or [position | nothing]


def _numbers(measures: FieldMeasures | None) -> dict[str, float]:
    """The measures that there are: null in the table where there is no number."""
    return {name: value for name, value in measures._asdict().items() if not math.isnan(value)} if measures else {}
