"""Words in pictures, in any script: the font that Matplotlib brings, else one of this machine's, else other words."""

from __future__ import annotations

import bisect
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

LONGEST = 500
"""Letters of a line that are measured; longer lines are cut, because no place is wide enough for them."""
ELLIPSIS = "…"


def printable(text: str) -> str:
    """The text without line ends and control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * LONGEST]).split())


def legible(text: str, instead: str | None = None) -> str:
    """A line that some font of this machine can write.

    Args:
        text: the wanted words.
        instead: used where no font has all letters of the text, such as the class's wnid.

    Returns:
        The text on one line; else `instead`; without it, the text with the codes of letters that are missing (U+65E5).
    """
    line = printable(text)
    if font_file(line) is not None:
        return line
    if instead:
        return legible(instead)
    known = _letters(_own(bold=False))
    return "".join(letter if ord(letter) in known else f"U+{ord(letter):04X}" for letter in line)


def font_file(line: str, bold: bool = False) -> Path | None:
    """The font that has all letters of a line: Matplotlib's DejaVu Sans, else the first of this machine's; else None.

    Matplotlib's is the same on every machine, so pictures are, too, as long as their words are in its scripts.
    """
    needed = frozenset(map(ord, line + ELLIPSIS))
    if needed <= _letters(_own(bold)):
        return _own(bold)
    return _installed_with(needed)


def typeface(size: float, bold: bool = False, line: str = "") -> ImageFont.FreeTypeFont:
    """The font that writes a line, at `size` px: DejaVu Sans unless the line has letters of other scripts."""
    file = font_file(line, bold)
    assert file is not None, f"no font has all letters of {line!r}"
    return _loaded(file, size)


def fitting(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text on one line, cut with an ellipsis where it is wider than `width` px at a font size of `size` px.

    Letters that no font has are written as their codes (`legible`).
    """
    line = legible(text)
    font = typeface(size, bold, line)
    if len(line) <= LONGEST and font.getlength(line) <= width:
        return line
    widths = range(1, min(len(line), LONGEST))
    kept = bisect.bisect_right(widths, width, key=lambda letters: font.getlength(line[:letters] + ELLIPSIS))
    return line[:kept].rstrip(" ,;") + ELLIPSIS


@lru_cache(maxsize=64)
def _loaded(file: Path, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(file), size)


def _own(bold: bool) -> Path:
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name


@lru_cache(maxsize=1024)
def _installed_with(needed: frozenset[int]) -> Path | None:
    return next((file for file in _installed() if needed <= _letters(file)), None)


@lru_cache(maxsize=1)
def _installed() -> tuple[Path, ...]:
    """Fonts of this machine that can be drawn at any size, upright ones of normal weight first."""
    from matplotlib.font_manager import findSystemFonts
    from matplotlib.ft2font import FT2Font

    fonts = []
    for file in sorted(map(Path, findSystemFonts())):
        try:
            font = FT2Font(str(file))
        except (OSError, RuntimeError):
            continue  # not a font, or damaged
        if font.scalable:  # colour pictures of letters have one size
            fonts.append((font.style_name not in ("Regular", "Book", "Normal", "Roman"), file))
    return tuple(file for _, file in sorted(fonts))


@lru_cache(maxsize=256)
def _letters(file: Path) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(file)).get_charmap())
