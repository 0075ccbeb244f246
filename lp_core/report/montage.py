"""The panel of one channel: nine features beside the nine patches of photographs they came from.

Knows nothing about networks, files or Ray. Shapes: H W = rows and columns of the panel, h w = those of a picture in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lp_core.config import ViewName
from lp_core.report.plate import SOFT, Picture, Sheet, Window, blank, common_windows, content, fitted, hatch, locator

VIEW_TITLES: dict[ViewName, str] = {"cartesian": "ordinary view", "log_polar": "log-polar view"}
"""What a view is called in pictures."""
PLACES = 9
"""Exemplars of a channel."""


@dataclass(frozen=True)
class Tile:
    """One of a channel's exemplars, ready to be drawn.

    Pictures are uint8 RGB, or RGBA with alpha 0 where there is nothing to show. They may have any size and are scaled
    as a whole; a feature and its patch should have the same.
    """

    rank: int
    """0 for the highest activation."""
    class_name: str
    activation: float
    feature: Picture
    """[h, w, 3 or 4]: guided backpropagation within the receptive field. Alpha 0: outside the image, in the padding."""
    patch: Picture
    """[h, w, 3 or 4]: the network's input within the receptive field. Alpha 0 as above."""
    mapped_feature: Picture | None = None
    """[h, w, 4]: the feature mapped back onto the whole photograph. Alpha 0: outside the receptive field's sector."""
    mapped_patch: Picture | None = None
    """[h, w, 4]: the patch mapped back onto the whole photograph. Alpha 0 as above."""


@dataclass(frozen=True)
class _Block:
    """Nine pictures of one kind under a heading."""

    heading: str
    picture_of: Callable[[Tile], Picture | None]
    mapped: bool = False


_BLOCKS: dict[ViewName, tuple[tuple[_Block, _Block], ...]] = {
    "cartesian": (
        (
            _Block("Feature (guided backpropagation)", lambda tile: tile.feature),
            _Block("Patch of the photograph", lambda tile: tile.patch),
        ),
    ),
    "log_polar": (
        (
            _Block("Feature, mapped back", lambda tile: tile.mapped_feature, mapped=True),
            _Block("Patch, mapped back", lambda tile: tile.mapped_patch, mapped=True),
        ),
        (
            _Block("Feature, log-polar", lambda tile: tile.feature),
            _Block("Patch, log-polar", lambda tile: tile.patch),
        ),
    ),
}


class Geometry:
    """Where everything stands in a panel: blocks of 3 x 3 pictures, features left, patches right, once or twice over.

    Args:
        view: decides how many blocks there are.
        tile: side of a picture in px; everything else is in proportion. All attributes are in px.
    """

    def __init__(self, view: ViewName, tile: int = 112) -> None:
        self.tile = tile
        self.unit = tile / 112
        self.margin, self.gap, self.gutter = (round(units * self.unit) for units in (24, 8, 32))
        self.header, self.heading, self.caption, self.footer = (round(units * self.unit) for units in (38, 24, 22, 20))
        self.swatch = round(14 * self.unit)
        self._width = 3 * tile + 2 * self.gap
        self._height = self.heading + 3 * (tile + self.caption) + 2 * self.gap
        rows = len(_BLOCKS[view])
        self.size = (
            2 * self.margin + 2 * self._width + self.gutter,
            2 * self.margin + self.header + rows * self._height + (rows - 1) * self.gap + self.footer,
        )

    def block(self, row: int, column: int) -> tuple[int, int]:
        """Left and top of a block."""
        left = self.margin + column * (self._width + self.gutter)
        return left, self.margin + self.header + row * (self._height + self.gap)

    def place(self, row: int, column: int, rank: int) -> tuple[int, int]:
        """Left and top of a picture in a block."""
        left, top = self.block(row, column)
        down, across = divmod(rank, 3)
        top += self.heading + down * (self.tile + self.caption + self.gap)
        return left + across * (self.tile + self.gap), top


def panel(exemplars: Sequence[Tile], view: ViewName, *, title: str = "", tile: int = 112) -> Picture:
    """Draw one channel's exemplars in the form of the paper's Figure 1 (`cartesian`) or Figures 2 and 3 (`log_polar`).

    Features stand on the left, patches in the same places on the right. For log_polar, both stand twice: mapped back to
    the photograph above, cut to what was mapped, with a small square that shows where in the photograph it lies; and as
    the network has them beneath. Padding is hatched, never black, and cut off where all nine have more of it than a
    rim, so that the nine keep one scale. A channel with fewer than nine exemplars shows empty places.

    Args:
        exemplars: at most nine, each in the place that its rank names.
        view: what the network sees; `log_polar` needs the mapped pictures.
        title: names the channel, such as "conv5_2, channel 137".
        tile: side of a picture in px; text and gaps grow with it. 112 is for screens, 336 for print.

    Returns:
        uint8 [H, W, 3] on white; 784 x 548 px (cartesian) or 784 x 998 px (log_polar) at the standard size.

    Raises:
        ValueError: two exemplars of one rank, a rank outside 0..8, a missing mapped picture, or a wrong shape or type.
    """
    by_rank = {exemplar.rank: exemplar for exemplar in exemplars}
    if len(by_rank) < len(exemplars) or not set(by_rank) <= set(range(PLACES)):
        raise ValueError(f"{title or 'panel'}: ranks are {[e.rank for e in exemplars]}; each of 0 to 8 at most once")
    where = Geometry(view, tile)
    sheet = Sheet(where.size, where.unit)
    windows = dict(zip(by_rank, common_windows([exemplar.patch for exemplar in by_rank.values()]), strict=True))
    _write_header(sheet, where, title, VIEW_TITLES[view])
    for row, pair in enumerate(_BLOCKS[view]):
        for column, block in enumerate(pair):
            left, top = where.block(row, column)
            sheet.write((left, top + where.heading / 2 - where.unit), block.heading, size=14)
            for rank in range(PLACES):
                corner = where.place(row, column, rank)
                if rank in by_rank:
                    window = None if block.mapped else windows[rank]
                    _draw_exemplar(sheet, where, corner, by_rank[rank], block, window, is_feature=column == 0)
                else:
                    sheet.outline(corner, tile)
                    sheet.write((corner[0] + tile / 2, corner[1] + tile / 2), "no exemplar", SOFT, anchor="mm")
    _draw_legend(sheet, where, view)
    return np.asarray(sheet.image)


def _draw_exemplar(
    sheet: Sheet,
    where: Geometry,
    corner: tuple[int, int],
    exemplar: Tile,
    block: _Block,
    window: Window | None,
    *,
    is_feature: bool,
) -> None:
    """One picture and the line beneath it: rank and activation of a feature, class (and place) of a patch."""
    picture = block.picture_of(exemplar)
    if picture is None:
        raise ValueError(f"the exemplar of rank {exemplar.rank} has no {block.heading.lower()}")
    left, line = corner[0], corner[1] + where.tile + where.caption / 2
    right = left + where.tile
    if block.mapped and not is_feature:
        square = locator(picture[..., 3], where.swatch)
        sheet.image.paste(square, (right - where.swatch, round(line - where.swatch / 2)))
        right -= where.swatch + where.gap // 2
    if is_feature:
        sheet.write((left, line), f"{exemplar.rank + 1}", SOFT)
        sheet.write((right, line), f"{exemplar.activation:.4g}", anchor="rm")
    else:
        sheet.write((left, line), exemplar.class_name, width=right - left)
    side = where.tile
    if window is not None:
        sheet.image.paste(fitted(picture[window], side, hatch(side, side)), corner)
    elif (part := content(picture)) is not None:
        sheet.image.paste(fitted(part, side, blank(side, side), smooth=True), corner)
    else:
        sheet.outline(corner, side)
        sheet.write((left + side / 2, corner[1] + side / 2), "under one pixel", SOFT, anchor="mm")


def _write_header(sheet: Sheet, where: Geometry, title: str, view: str) -> None:
    right, line = where.size[0] - where.margin, where.margin + 8 * where.unit
    taken = sheet.write((right, line), view, SOFT, size=14, anchor="rm")
    sheet.write((where.margin, line), title, size=17, bold=True, width=right - where.margin - taken - where.gutter)


def _draw_legend(sheet: Sheet, where: Geometry, view: ViewName) -> None:
    side, left = where.swatch, where.margin
    top = where.size[1] - where.margin - side + round(6 * where.unit)
    entries = [(hatch(side, side, 6), "outside the image (padding)")]
    if view == "log_polar":
        quarter = np.zeros((2, 2), np.uint8)
        quarter[0, 1] = 255
        entries.append((locator(quarter, side), "place in the photograph"))
    for swatch, text in entries:
        sheet.image.paste(swatch, (left, top))
        width = sheet.write((left + side + where.gap, top + side / 2), text, SOFT)
        left += side + where.gap + round(width) + where.gutter
    text = "beneath a feature: rank and activation"
    sheet.write((where.size[0] - where.margin, top + side / 2), text, SOFT, anchor="rm")
