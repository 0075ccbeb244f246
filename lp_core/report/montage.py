"""The panel of one channel: nine features beside the nine patches of photographs they came from.

Knows nothing about networks, files or Ray. Shapes: H W = rows and columns of the panel, h w = those of a picture in it.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lp_core.config import ViewName

Picture = NDArray[np.uint8]

_INK, _SOFT, _PAPER = (26, 26, 26), (106, 106, 106), (255, 255, 255)
_HATCH_LIGHT, _HATCH_DARK, _EMPTY = (246, 246, 244), (205, 205, 200), (190, 190, 186)
_COLUMNS = 3

VIEW_TITLES: dict[ViewName, str] = {"cartesian": "ordinary view", "log_polar": "log-polar view"}
"""What a view is called in pictures."""


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
class Geometry:
    """Where everything stands in a panel, in px: two blocks of 3 x 3 pictures side by side, once or twice over."""

    tile: int
    block_rows: int

    @property
    def unit(self) -> float:
        """One px of a panel whose pictures are 112 px wide; all text and gaps are multiples of it."""
        return self.tile / 112

    @property
    def margin(self) -> int:
        """White on every side."""
        return round(24 * self.unit)

    @property
    def gap(self) -> int:
        """Between neighbouring pictures."""
        return round(8 * self.unit)

    @property
    def gutter(self) -> int:
        """Between the features and the patches."""
        return round(32 * self.unit)

    @property
    def header(self) -> int:
        """Height of the line that names the channel."""
        return round(38 * self.unit)

    @property
    def heading(self) -> int:
        """Height of the line above a block."""
        return round(24 * self.unit)

    @property
    def caption(self) -> int:
        """Height of the line beneath a picture."""
        return round(22 * self.unit)

    @property
    def locator(self) -> int:
        """Side of the square that shows where in the photograph a mapped picture lies."""
        return round(14 * self.unit)

    @property
    def footer(self) -> int:
        """Height of the legend."""
        return round(20 * self.unit)

    @property
    def block_width(self) -> int:
        """Three pictures and the gaps between them."""
        return _COLUMNS * self.tile + (_COLUMNS - 1) * self.gap

    @property
    def block_height(self) -> int:
        """A heading and three rows of pictures with captions."""
        return self.heading + 3 * (self.tile + self.caption) + 2 * self.gap

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the panel."""
        width = 2 * self.margin + 2 * self.block_width + self.gutter
        blocks = self.block_rows * self.block_height + (self.block_rows - 1) * self.gap
        return width, 2 * self.margin + self.header + blocks + self.footer

    def block(self, row: int, column: int) -> tuple[int, int]:
        """Left and top of a block (column 0: features, 1: patches)."""
        left = self.margin + column * (self.block_width + self.gutter)
        return left, self.margin + self.header + row * (self.block_height + self.gap)

    def place(self, row: int, column: int, rank: int) -> tuple[int, int]:
        """Left and top of a picture in a block."""
        left, top = self.block(row, column)
        across, down = rank % _COLUMNS, rank // _COLUMNS
        top += self.heading + down * (self.tile + self.caption + self.gap)
        return left + across * (self.tile + self.gap), top


def panel(exemplars: Sequence[Tile], view: ViewName, *, title: str = "", tile: int = 112) -> Picture:
    """Draw one channel's exemplars in the form of the paper's Figure 1 (`cartesian`) or Figures 2 and 3 (`log_polar`).

    Features stand on the left, patches in the same places on the right. For log_polar, both stand twice: mapped back to
    the photograph above, cut to what was mapped, with a small square that shows where in the photograph it lies; and as
    the network has them beneath. Padding is hatched, never black; a channel with fewer than nine exemplars shows empty
    places.

    Args:
        exemplars: at most nine, each in the place that its rank names.
        view: what the network sees; `log_polar` needs the mapped pictures.
        title: names the channel, such as "conv5_2, channel 137".
        tile: side of a picture in px; text and gaps grow with it. 112 is for screens, 336 for print.

    Returns:
        uint8 [H, W, 3] on white; 772 x 492 px (cartesian) or 772 x 940 px (log_polar) at the standard size.

    Raises:
        ValueError: two exemplars of one rank, a rank outside 0..8, a missing mapped picture, or a wrong shape or type.
    """
    by_rank = {exemplar.rank: exemplar for exemplar in exemplars}
    if len(by_rank) < len(exemplars) or not set(by_rank) <= set(range(9)):
        raise ValueError(f"{title or 'panel'}: ranks are {[e.rank for e in exemplars]}; each of 0 to 8 at most once")
    blocks = _BLOCKS[view]
    where = Geometry(tile, len(blocks))
    canvas = Image.new("RGB", where.size, _PAPER)
    pen = ImageDraw.Draw(canvas)
    _write_header(pen, where, title, VIEW_TITLES[view])
    for row, pair in enumerate(blocks):
        for column, (heading, picture_of, ground) in enumerate(pair):
            left, top = where.block(row, column)
            pen.text((left, top + where.heading // 2 - where.unit), heading, _INK, _font(13 * where.unit), anchor="lm")
            for rank in range(9):
                corner = where.place(row, column, rank)
                if rank not in by_rank:
                    _draw_empty(pen, where, corner)
                    continue
                exemplar = by_rank[rank]
                picture = picture_of(exemplar)
                if picture is None:
                    raise ValueError(f"{title or 'panel'}: the exemplar of rank {rank} has no {heading.lower()}")
                caption = (exemplar.class_name, "") if column else (f"{rank + 1}", f"{exemplar.activation:.4g}")
                room = tile
                if ground is paper:
                    if column:
                        room -= where.locator + where.gap // 2
                        lower = (where.caption - where.locator) // 2
                        place = corner[0] + tile - where.locator, corner[1] + tile + lower
                        canvas.paste(_locator(picture[..., 3], where.locator), place)
                    picture = _cut_to_content(picture)
                canvas.paste(_fitted(picture, tile, ground), corner)
                _write_caption(pen, where, corner, *caption, room)
    _draw_legend(canvas, pen, where)
    return np.asarray(canvas)


def hatch(height: int, width: int, period: int = 8) -> Picture:
    """The pattern that stands for padding: uint8 [height, width, 3], light diagonal stripes."""
    y, x = np.mgrid[:height, :width]
    dark = (x + y) % period < max(1, period // 4)
    return np.where(dark[..., None], _HATCH_DARK, _HATCH_LIGHT).astype(np.uint8)


def paper(height: int, width: int) -> Picture:
    """What stands where a mapped picture has nothing: uint8 [height, width, 3], white."""
    return np.full((height, width, 3), 255, np.uint8)


_Ground = Callable[[int, int], Picture]
_Block = tuple[str, Callable[[Tile], Picture | None], _Ground]
_BLOCKS: dict[ViewName, tuple[tuple[_Block, _Block], ...]] = {
    "cartesian": (
        (
            ("Feature (guided backpropagation)", lambda e: e.feature, hatch),
            ("Patch of the photograph", lambda e: e.patch, hatch),
        ),
    ),
    "log_polar": (
        (
            ("Feature, mapped back", lambda e: e.mapped_feature, paper),
            ("Patch, mapped back", lambda e: e.mapped_patch, paper),
        ),
        (
            ("Feature, log-polar", lambda e: e.feature, hatch),
            ("Patch, log-polar", lambda e: e.patch, hatch),
        ),
    ),
}


def _fitted(picture: Picture, side: int, ground: _Ground) -> Image.Image:
    """The picture scaled into a square of `side` px, centred, over its ground."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (3, 4) or 0 in picture.shape:
        raise ValueError(f"a picture is {picture.dtype} {list(picture.shape)}; give uint8 [h, w, 3 or 4]")
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # A receptive field of a few px is shown as these px, not as the smooth picture they never were.
    how = Image.Resampling.NEAREST if scale >= 6 else Image.Resampling.BICUBIC
    scaled = Image.fromarray(picture).convert("RGBA").resize(size, how)
    square = Image.fromarray(paper(side, side))
    corner = (side - size[0]) // 2, (side - size[1]) // 2
    square.paste(Image.fromarray(ground(size[1], size[0])), corner)
    square.paste(scaled, corner, scaled)
    return square


def _cut_to_content(picture: Picture) -> Picture:
    """The smallest square (where the picture is large enough for one) around all that is not transparent."""
    content = Image.fromarray(picture).convert("RGBA").getchannel("A").getbbox()
    if content is None:
        return picture
    left, top, right, bottom = content
    height, width = picture.shape[:2]
    side = min(max(right - left, bottom - top), height, width)
    top = min(max(0, (top + bottom - side) // 2), height - side)
    left = min(max(0, (left + right - side) // 2), width - side)
    return picture[top : top + side, left : left + side]


def _locator(covered: NDArray[np.uint8], side: int) -> Image.Image:
    """A small square for the photograph, grey where `covered` [h, w] (0 to 255) is."""
    silhouette = Image.fromarray(covered).convert("L").resize((side, side), Image.Resampling.BOX)
    # However small the part, it must be seen.
    silhouette = silhouette.point([0] + [max(alpha, 160) for alpha in range(1, 256)])
    square = Image.new("RGB", (side, side), _PAPER)
    square.paste(_SOFT, (0, 0), silhouette)
    ImageDraw.Draw(square).rectangle((0, 0, side - 1, side - 1), outline=_EMPTY)
    return square


def _write_header(pen: ImageDraw.ImageDraw, where: Geometry, title: str, view: str) -> None:
    right = where.size[0] - where.margin
    line = where.margin + round(8 * where.unit)
    room = right - where.margin - 140 * where.unit
    pen.text(
        (where.margin, line), fitting(title, room, 16 * where.unit, bold=True), _INK, _font(16 * where.unit, True), "lm"
    )
    pen.text((right, line), view, _SOFT, _font(13 * where.unit), anchor="rm")


def _write_caption(
    pen: ImageDraw.ImageDraw, where: Geometry, corner: tuple[int, int], left: str, right: str, room: int
) -> None:
    size = 12 * where.unit
    font = _font(size)
    line = corner[1] + where.tile + where.caption / 2
    free = room - (font.getlength(right) + where.gap if right else 0)
    pen.text((corner[0], line), fitting(left, free, size), _SOFT if right else _INK, font, anchor="lm")
    pen.text((corner[0] + room, line), right, _INK, font, anchor="rm")


def _draw_empty(pen: ImageDraw.ImageDraw, where: Geometry, corner: tuple[int, int]) -> None:
    left, top = corner
    right, bottom = left + where.tile - 1, top + where.tile - 1
    dash, weight = round(5 * where.unit), max(1, round(where.unit))
    for start in range(0, where.tile, 2 * dash):
        end = min(start + dash, where.tile - 1)
        for y in (top, bottom):
            pen.line((left + start, y, left + end, y), _EMPTY, weight)
        for x in (left, right):
            pen.line((x, top + start, x, top + end), _EMPTY, weight)
    middle = (left + where.tile / 2, top + where.tile / 2)
    pen.text(middle, "no exemplar", _SOFT, _font(12 * where.unit), anchor="mm")


def _draw_legend(canvas: Image.Image, pen: ImageDraw.ImageDraw, where: Geometry) -> None:
    side, font = where.locator, _font(12 * where.unit)
    left, top = where.margin, where.size[1] - where.margin - side + round(6 * where.unit)
    entries = [(Image.fromarray(hatch(side, side, 6)), "outside the image (padding)")]
    if where.block_rows == 2:
        entries.append(
            (_locator(np.pad(np.ones((5, 6), np.uint8) * 255, ((0, 5), (4, 0))), side), "place in the photograph")
        )
    for swatch, text in entries:
        canvas.paste(swatch, (left, top))
        pen.text((left + side + where.gap, top + side / 2), text, _SOFT, font, anchor="lm")
        left += side + round(where.gap + font.getlength(text) + 3 * where.gap)
    text = "beneath a feature: rank and activation"
    pen.text((where.size[0] - where.margin, top + side / 2), text, _SOFT, font, anchor="rm")


def fitting(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text on one line, cut with an ellipsis where it is wider than `width` px at a font size of `size` px."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(line.split())
    font = _font(size, bold)
    if font.getlength(line[:500]) <= width and len(line) <= 500:
        return line
    kept = bisect.bisect_right(range(1, min(len(line), 500)), width, key=lambda n: font.getlength(line[:n] + "…"))
    return line[:kept].rstrip(" ,;") + "…"


@lru_cache(maxsize=32)
def _font(size: float, bold: bool = False) -> ImageFont.FreeTypeFont:
    import matplotlib

    # Matplotlib brings this font along, so a panel looks the same on every machine.
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)
