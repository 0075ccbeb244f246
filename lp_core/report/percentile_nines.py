"""The nine images of three channels of a layer: little grouped, as most are, and much grouped."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from lp_core.report.atlas import TILE
from lp_core.report.contents import Exemplar, ViewReport, class_summary
from lp_core.report.measured import Row
from lp_core.report.picture import Picture
from lp_core.report.tile import PLACES
from lp_core.settings import ViewName
from lp_core.storage import Storage

PERCENTILES = (10, 50, 90)
"""Of G over the channels of a layer. Source: the specification of the figure."""
_PATCHES = 1
"""Which of a view's kinds of pictures is the patch as it looks in the photograph (`tile.KINDS`)."""
_GAP = 4


@dataclass(frozen=True, kw_only=True)
class PercentileNine:
    """A channel at a percentile of G.

    Attributes:
        view, layer, channel: which.
        percentile: of G in its layer.
        value: its G.
        classes: of its nine images, in words.
        picture: uint8 [h, w, 4], the nine patches, three in a row; None if the channel was not drawn.
    """

    view: ViewName
    layer: str
    channel: int
    percentile: int
    value: float
    classes: str
    picture: Picture | None = None


def percentile_nines(
    channels: Sequence[Row],
    exemplars: Mapping[tuple[str, int], Sequence[Exemplar]],
    view: ViewName,
    report: ViewReport,
    folder: Storage,
) -> list[PercentileNine]:
    """Return the channels at the percentiles of G, lowest first.

    Many channels have one and the same G; of these, one that was drawn is taken, else the first.

    Args:
        channels: rows of measures/channels.parquet: the complete channels of one layer and view.
        exemplars: of that layer, by layer and channel.
        view: which.
        report: what the page shows of the view.
        folder: of the view.
    """
    if not channels:
        return []
    layer, value_C = channels[0]["layer"], np.array([row["G"] for row in channels])
    sheets = report.sheets().get(layer, {})
    nines = []
    for percentile in PERCENTILES:
        value = float(np.percentile(value_C, percentile, method="inverted_cdf"))
        equal = [row["channel"] for row, own in zip(channels, value_C, strict=True) if own == value]
        channel = next((number for number in equal if number in sheets), equal[0])
        classes = class_summary(exemplars.get((layer, channel), []))
        picture = _patches(folder, sheets[channel], report.folder) if channel in sheets else None
        nines.append(
            PercentileNine(
                view=view,
                layer=layer,
                channel=channel,
                percentile=percentile,
                value=value,
                classes=classes,
                picture=picture,
            )
        )
    return nines


def _patches(folder: Storage, place: tuple[str, int], address: str) -> Picture:
    """The nine patches of a row of a sheet, three in a row, with transparent gaps."""
    sheet, row = place
    data = folder.read_bytes(sheet.removeprefix(f"{address}/"))
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    side = 3 * TILE + 2 * _GAP
    drawn = np.zeros((side, side, 4), np.uint8)
    for rank in range(PLACES):
        left = TILE * (PLACES * _PATCHES + rank)
        down, across = ((TILE + _GAP) * index for index in divmod(rank, 3))
        drawn[down : down + TILE, across : across + TILE, :3] = pixels[
            TILE * row : TILE * (row + 1), left : left + TILE
        ]
        drawn[down : down + TILE, across : across + TILE, 3] = 255
    return drawn
