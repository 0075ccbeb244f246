"""The paper's figures for print: several channels on one page, pictures at 300 dpi, words as words."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from lp_core.report.lettering import fitting, font_file
from lp_core.report.panel import Geometry, pictures
from lp_core.report.picture import PAPER, SOFT, hatch
from lp_core.report.tile import KINDS, PLACES, RULE_TITLES, VIEW_TITLES, Tile, by_ranks
from lp_core.settings import Rule, ViewName

DPI = 300
COLUMNS = 2
"""Channels side by side."""
TILE_MM: dict[ViewName, float] = {"cartesian": 10.0, "log_polar": 8.5}
"""Side of a picture: five rows of channels (Figure 1) or three (Figures 2 and 3) leave room for a caption on A4."""
_POINT = DPI / 72


def px(mm: float) -> int:
    """Whole px of a length."""
    return round(mm / 25.4 * DPI)


@dataclass
class _Page:
    """Pictures and words of a page, both positioned in px."""

    width: int
    height: int
    words: list[tuple[float, float, str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (self.width, self.height), PAPER)

    def write(self, x: float, y: float, text: str, width: float, size: float = 5.0, **style: object) -> None:
        """A line about a height `y`, cut with an ellipsis where it is wider than `width` px; `size` in points."""
        line = fitting(text, width, size * _POINT, bold=style.get("weight") == "bold")
        self.words.append((x, y, line, {"size": size} | style))

    def save(self, title: str) -> dict[str, bytes]:
        """The page as "png" and "pdf"; equal pages give equal bytes."""
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        style: Any = {"pdf.fonttype": 42, "font.family": "DejaVu Sans", "image.composite_image": False}
        files = {}
        with rc_context(style):
            page = Figure((self.width / DPI, self.height / DPI), dpi=DPI)
            axes = page.add_axes((0, 0, 1, 1), xlim=(0, self.width), ylim=(self.height, 0))
            axes.set_axis_off()
            axes.imshow(self.image, extent=(0, self.width, self.height, 0), interpolation="none", aspect="auto")
            for x, y, text, words in self.words:
                if _is_dejavu(text):
                    axes.text(x, y, text, va="center_baseline", parse_math=False, **words)  # a name is no formula
                else:
                    axes.add_patch(_outlines(x, y, text, **words))
            for kind, about in (("png", {"Software": None}), ("pdf", {"CreationDate": None, "Title": title})):
                file = io.BytesIO()
                page.savefig(file, format=kind, dpi=DPI, metadata=about)
                files[kind] = file.getvalue()
        return files


def figure(
    channels: Mapping[int, Sequence[Tile]], view: ViewName, *, layer: str, number: int, rule: Rule = "guided"
) -> dict[str, bytes]:
    """Draw a figure of some channels in one view.

    Each channel has nine features left and nine patches right; in the log-polar view mapped back to the photograph
    above, and log-polar beneath.

    Args:
        channels: number -> at most nine exemplars.
        view: decides the kinds of pictures.
        layer: whose channels they are.
        number: of the figure, for its heading.
        rule: by which the features were made.

    Returns:
        "png" and "pdf" -> the file: 155 or 137 mm wide, words in the PDF are text, the font is embedded. Class names in
        scripts that DejaVu Sans lacks are outlines, for not every font can be embedded.

    Raises:
        ValueError: two exemplars of one rank, or a missing mapped picture.
    """
    # Class names need more room than numbers do.
    side, gap, wide, gutter, margin = (px(mm) for mm in (TILE_MM[view], 0.5, 3.5, 3.0, 1.0))
    caption, heading, title, legend = (px(mm) for mm in (2.6, 3.4, 4.5, 6.0))
    width = 6 * side + 2 * gap + 4 * wide
    block = heading + 3 * (side + caption) + 2 * gap
    height = title + block * (len(KINDS[view]) // 2)
    rows = -(-len(channels) // COLUMNS)
    page = _Page(
        2 * margin + COLUMNS * width + (COLUMNS - 1) * gutter, 2 * margin + title + rows * (height + gutter) + legend
    )
    name = f"Figure {number}. {layer}, {VIEW_TITLES[view]}"
    page.write(margin, margin + title / 2, name, page.width - 2 * margin, size=8, weight="bold")
    for number_on_page, (channel, exemplars) in enumerate(channels.items()):
        down, across = divmod(number_on_page, COLUMNS)
        left, top = margin + across * (width + gutter), margin + title + px(2) + down * (height + gutter)
        page.write(left, top + title / 2, f"Channel {channel}", width, size=7, weight="bold")
        ranked = by_ranks(exemplars, f"{layer}, channel {channel}")
        corners = {}
        for number_of_kind, kind in enumerate(KINDS[view]):
            x = left + (0 if kind.is_feature else 3 * side + 2 * gap + wide)
            pitch = side + (gap if kind.is_feature else wide)
            y = top + title + block * (number_of_kind // 2)
            page.write(x, y + heading / 2, kind.heading, 3 * side, size=5.5, color=_colour(SOFT))
            for rank in range(PLACES):
                row, column = divmod(rank, 3)
                corner = x + column * pitch, y + heading + row * (side + caption + gap)
                corners[rank, number_of_kind] = corner
                if rank not in ranked:
                    page.image.paste(Image.new("RGB", (side, side), (246, 246, 244)), corner)
                elif kind.is_feature:
                    _write_value(page, corner, side, caption, ranked[rank])
                else:
                    page.write(corner[0], corner[1] + side + caption / 2, ranked[rank].caption, pitch - gap)
        for rank, number_of_kind, picture in pictures(ranked, view, Geometry(view, side)):
            page.image.paste(picture, corners[rank, number_of_kind])
    _write_legend(page, margin, page.height - margin - legend / 2, rule)
    return page.save(name)


def _write_value(page: _Page, corner: tuple[int, int], side: int, caption: int, exemplar: Tile) -> None:
    middle = corner[1] + side + caption / 2
    page.write(corner[0], middle, str(exemplar.rank + 1), side, color=_colour(SOFT))
    page.write(corner[0] + side, middle, f"{exemplar.activation:#.3g}".rstrip("."), side, ha="right")


def _write_legend(page: _Page, left: int, middle: float, rule: Rule) -> None:
    swatch = px(2.2)
    page.image.paste(hatch(swatch, swatch, 6), (left, round(middle - swatch / 2)))
    text = f"outside the image (padding).  Features: {RULE_TITLES[rule]}; beneath them rank and activation."
    page.write(left + swatch + px(1), middle, text, page.width, size=5.5, color=_colour(SOFT))


def _is_dejavu(line: str) -> bool:
    return font_file(line) == font_file("")


def _outlines(x: float, y: float, line: str, size: float, color: Any = "black", ha: str = "left", **_: object) -> Any:
    """A line in another font, about a height `y`, as a shape."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.patches import PathPatch
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    file = font_file(line)
    assert file is not None
    words = line.replace("$", r"\$")  # a name is no formula
    shape = TextPath((0, 0), words, size * _POINT, prop=FontProperties(fname=file), usetex=False)
    capital = TextPath((0, 0), "H", size * _POINT, prop=FontProperties(fname=font_file(""))).get_extents()
    start = x - shape.get_extents().x1 if ha == "right" else x
    placed = shape.transformed(Affine2D().scale(1, -1).translate(start, y + capital.height / 2))
    return PathPatch(placed, facecolor=color, linewidth=0)


def _colour(rgb: tuple[int, int, int]) -> tuple[float, ...]:
    return tuple(np.array(rgb) / 255)
