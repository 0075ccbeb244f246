"""SVG figures that take on the colours and the font of the page around them."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lp_core.settings import ViewName

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: dict[ViewName, str] = {"cartesian": "#0072b2", "log_polar": "#d55e00"}
"""Distinguishable with every kind of colour vision. Source: Okabe & Ito 2008, "Color universal design"."""
INK, SOFT, RULE = "#010203", "#010204", "#010205"
"""Stand for the page's colours of text, of captions and of thin lines."""
WIDTH = 4.2
"""Inches; at 300 to 400 px of the page, letters of 9 pt in such a figure are as large as captions. Our choice."""
_VARIABLES = {
    COLOURS["cartesian"]: "var(--cartesian, #0072b2)",
    COLOURS["log_polar"]: "var(--log-polar, #d55e00)",
    INK: "currentColor",
    SOFT: "var(--soft, #64635f)",
    RULE: "var(--rule, #cccccc)",
}


@dataclass(frozen=True)
class Drawing:
    """A figure in the making.

    Args:
        figure: to draw into.
        name: part of the ids in the SVG; different for every drawing of a page.
    """

    figure: Figure
    name: str

    def element(self, title: str) -> str:
        """Return the figure as an `<svg>` element.

        It has no inline styles (a strict page forbids them), fixed size, or ids that others on the page may have. The
        same figure gives the same text.

        Args:
            title: what a screen reader says.
        """
        picture = io.BytesIO()
        self.figure.savefig(picture, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        svg = picture.getvalue().decode()
        view_box = re.search(r'viewBox="[^"]*"', svg)
        assert view_box is not None
        body = svg[svg.index("<defs>") if "<defs>" in svg else svg.index("<g") : svg.rindex("</svg>")]
        body = re.sub(r"<style.*?</style>|<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.S)
        body = re.sub(r' id="(?!m[0-9a-f]{8,}|p[0-9a-f]{8,})[^"]*"', "", body)
        body = re.sub(r' style="([^"]*)"', _as_attributes, body)
        for colour, variable in _VARIABLES.items():
            body = body.replace(colour, variable)
        return f'<svg {view_box[0]} role="img" aria-label="{html.escape(title)}">{body}</svg>'


@contextmanager
def drawing(name: str, height: float, width: float = WIDTH) -> Iterator[Drawing]:
    """Yield an empty figure of `width` x `height` inches in the page's style; call `element` within the block."""
    import matplotlib
    from matplotlib.figure import Figure

    settings: dict[Any, Any] = {
        "svg.hashsalt": name,
        "svg.fonttype": "none",
        "font.size": 9,
        "text.color": INK,
        "text.parse_math": False,  # a name is no formula
        "axes.labelcolor": INK,
        "axes.edgecolor": RULE,
        "xtick.color": RULE,
        "ytick.color": RULE,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "grid.color": RULE,
    }
    with matplotlib.rc_context(settings):
        yield Drawing(Figure(figsize=(width, height), layout="constrained"), name)


def plain(axes: Axes, title: str, *, grid: str = "y") -> None:
    """Leave of the frame only the line beneath, and give it a title and a grid along one axis."""
    axes.set_title(title, loc="left", fontsize=9.5, pad=8)
    axes.grid(axis=grid, linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _as_attributes(style: re.Match[str]) -> str:
    attributes = ""
    for declaration in style[1].split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            name, value = "font-size", value.split()[0].removesuffix("px")
        if name and name != "font-family":
            attributes += f' {name}="{value}"'
    return attributes
