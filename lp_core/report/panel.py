"""The panel of one channel: nine features beside the nine patches of photographs they came from.

Knows nothing about networks, files or Ray. Shapes: H W = rows and columns of the panel, h w = those of a picture in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from PIL import Image

from lp_core.report.picture import SOFT, Picture, blank, common_windows, content, fitted, hatch, locator
from lp_core.report.sheet import Sheet
from lp_core.report.tile import KINDS, PLACES, RULE_TITLES, VIEW_TITLES, Kind, Tile, by_ranks
from lp_core.settings import Rule, ViewName


class Geometry:
    """Positions of everything in a panel: blocks of 3 x 3 pictures, features left, patches right, once or twice over.

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
        rows = len(KINDS[view]) // 2
        self.size = (
            2 * self.margin + 2 * self._width + self.gutter,
            2 * self.margin + self.header + rows * self._height + (rows - 1) * self.gap + self.footer,
        )

    def block(self, row: int, column: int) -> tuple[int, int]:
        """Left and top of a block."""
        left = self.margin + column * (self._width + self.gutter)
        return left, self.margin + self.header + row * (self._height + self.gap)

    def corner(self, row: int, column: int, rank: int) -> tuple[int, int]:
        """Left and top of a picture in a block."""
        left, top = self.block(row, column)
        down, across = divmod(rank, 3)
        top += self.heading + down * (self.tile + self.caption + self.gap)
        return left + across * (self.tile + self.gap), top


def panel(
    exemplars: Sequence[Tile], view: ViewName, *, title: str = "", rule: Rule = "guided", tile: int = 112
) -> Picture:
    """Draw one channel's exemplars in the form of the paper's Figure 1 (`cartesian`) or Figures 2 and 3 (`log_polar`).

    Features are on the left, patches at the same positions on the right. For log_polar, both are shown twice: mapped
    back to the photograph above, cut to the mapped part, with a small square that shows its place in the photograph;
    and log-polar beneath. Padding is hatched, never black, and cut off where all nine have more of it than a rim, so
    that the nine keep one scale. A channel with fewer than nine exemplars shows empty places.

    Args:
        exemplars: at most nine, each in the place that its rank names.
        view: what the network sees; `log_polar` needs the mapped pictures.
        title: names the channel, such as "conv5_2, channel 137".
        rule: by which the features were made.
        tile: side of a picture in px; text and gaps grow with it. 112 is for screens, 336 for print.

    Returns:
        uint8 [H, W, 3] on white; 784 x 548 px (cartesian) or 784 x 998 px (log_polar) at the standard size.

    Raises:
        ValueError: two exemplars of one rank, a rank outside 0..8, a missing mapped picture, or a wrong shape or type.
    """
    ranked = by_ranks(exemplars, title)
    where = Geometry(view, tile)
    sheet = Sheet(where.size, where.unit)
    _write_header(sheet, where, title, f"{VIEW_TITLES[view]}, {RULE_TITLES[rule]}")
    for number, kind in enumerate(KINDS[view]):
        row, column = divmod(number, 2)
        left, top = where.block(row, column)
        sheet.write((left, top + where.heading / 2 - where.unit), kind.heading, size=14)
        for rank in set(range(PLACES)) - set(ranked):
            sheet.image.paste(_empty(where, "no exemplar"), where.corner(row, column, rank))
    for rank, number, picture in pictures(ranked, view, where):
        corner = where.corner(*divmod(number, 2), rank)
        sheet.image.paste(picture, corner)
        _write_caption(sheet, where, corner, ranked[rank], KINDS[view][number])
    _draw_legend(sheet, where, view)
    return np.asarray(sheet.image)


def pictures(ranked: Mapping[int, Tile], view: ViewName, where: Geometry) -> Iterator[tuple[int, int, Image.Image]]:
    """Yield rank, number of the kind, and picture (RGB, `where.tile` px square) of a channel's exemplars.

    Raises:
        ValueError: a missing mapped picture, or a wrong shape or type.
    """
    side = where.tile
    windows = dict(zip(ranked, common_windows([exemplar.patch for exemplar in ranked.values()]), strict=True))
    for rank, exemplar in ranked.items():
        for number, kind in enumerate(KINDS[view]):
            picture = kind.picture_of(exemplar)
            if picture is None:
                raise ValueError(f"the exemplar of rank {rank} has no {kind.heading.lower()}")
            if not kind.is_mapped:
                yield rank, number, fitted(picture[windows[rank]], side, hatch(side, side))
            elif (part := content(picture)) is not None:
                yield rank, number, fitted(part, side, blank(side, side), smooth=True)
            else:
                yield rank, number, _empty(where, "under one pixel")


def _empty(where: Geometry, words: str) -> Image.Image:
    """A place with words instead of a picture."""
    sheet = Sheet((where.tile, where.tile), where.unit)
    sheet.outline((0, 0), where.tile)
    sheet.write((where.tile / 2, where.tile / 2), words, SOFT, anchor="mm")
    return sheet.image


def _write_caption(sheet: Sheet, where: Geometry, corner: tuple[int, int], exemplar: Tile, kind: Kind) -> None:
    """The line beneath a picture: rank, gradient norm and activation of a feature, class (and place) of a patch."""
    left, middle = corner[0], corner[1] + where.tile + where.caption / 2
    right = left + where.tile
    if kind.is_feature:
        sheet.write((left, middle), f"{exemplar.rank + 1}", SOFT)
        taken = sheet.write((right, middle), f"{exemplar.activation:.4g}", anchor="rm")
        if exemplar.measures is not None:
            left += round(14 * where.unit)
            room = right - left - taken - where.gap
            sheet.write((left, middle), f"|g| {exemplar.measures.gradient_norm:.2g}", SOFT, size=11, width=room)
        return
    if kind.is_mapped:
        assert exemplar.mapped_patch is not None
        square = locator(exemplar.mapped_patch[..., 3], where.swatch)
        sheet.image.paste(square, (right - where.swatch, round(middle - where.swatch / 2)))
        right -= where.swatch + where.gap // 2
    sheet.write((left, middle), exemplar.caption, width=right - left)


def _write_header(sheet: Sheet, where: Geometry, title: str, view: str) -> None:
    right, middle = where.size[0] - where.margin, where.margin + 8 * where.unit
    taken = sheet.write((right, middle), view, SOFT, size=14, anchor="rm")
    sheet.write((where.margin, middle), title, size=17, bold=True, width=right - where.margin - taken - where.gutter)


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
    text = "rank, norm |g| of the gradient, activation"
    sheet.write((where.size[0] - where.margin, top + side / 2), text, SOFT, anchor="rm")
