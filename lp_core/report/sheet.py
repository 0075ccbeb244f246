"""A white sheet to lay pictures and words on, all measured in units that grow with the resolution."""

from __future__ import annotations

from PIL import Image, ImageDraw

from lp_core.report.lettering import fitting, legible, typeface
from lp_core.report.picture import FAINT, INK, PAPER


class Sheet:
    """A sheet of `size` (width, height) px on which one unit is `unit` px."""

    def __init__(self, size: tuple[int, int], unit: float) -> None:
        self.image = Image.new("RGB", size, PAPER)
        self.unit = unit
        self._pen = ImageDraw.Draw(self.image)

    def write(
        self,
        position: tuple[float, float],
        text: str,
        colour: tuple[int, int, int] = INK,
        *,
        size: float = 13,
        anchor: str = "lm",
        width: float | None = None,
        bold: bool = False,
    ) -> float:
        """Write a line and return its width in px.

        Args:
            position: x and y in px, of the point that `anchor` names ("lm": left and middle).
            text: cut with an ellipsis where it is wider than `width` px.
            colour: RGB.
            size: of the letters, in units.
            anchor: as in Pillow.
            width: room in px; unlimited unless given.
            bold: or regular.
        """
        line = legible(text) if width is None else fitting(text, width, size * self.unit, bold=bold)
        font = typeface(size * self.unit, bold, line)
        self._pen.text(position, line, colour, font, anchor)
        return font.getlength(line)

    def outline(self, corner: tuple[int, int], side: int) -> None:
        """A dashed square, for a missing picture."""
        left, top = corner
        right, bottom = left + side - 1, top + side - 1
        dash, weight = round(5 * self.unit), max(1, round(self.unit))
        for start in range(0, side, 2 * dash):
            end = min(start + dash, side - 1)
            for y in (top, bottom):
                self._pen.line((left + start, y, left + end, y), FAINT, weight)
            for x in (left, right):
                self._pen.line((x, top + start, x, top + end), FAINT, weight)
