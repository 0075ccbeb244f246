"""A font of a few letters, made here: machines that run the tests have others, or none."""

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen


def write_font(file: Path, letters: str, *, style: str = "Regular", compact: bool = False) -> Path:
    """Every letter is a full square.

    Args:
        file: where.
        letters: that it has.
        style: its name.
        compact: with outlines in the other of OpenType's two forms (CFF), as large fonts often have.
    """
    names = [".notdef", *(f"u{ord(letter):X}" for letter in letters)]
    font = FontBuilder(1000, isTTF=not compact)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(letter): f"u{ord(letter):X}" for letter in letters})
    glyphs = {}
    for name in names:
        pen = T2CharStringPen(1000, None) if compact else TTGlyphPen(None)
        pen.moveTo((50, 0))
        for corner in ((50, 800), (950, 800), (950, 0)):
            pen.lineTo(corner)
        pen.closePath()
        glyphs[name] = pen.getCharString() if compact else pen.glyph()
    if compact:
        font.setupCFF("Squares", {}, glyphs, {})
    else:
        font.setupGlyf(glyphs)
    font.setupHorizontalMetrics({name: (1000, 50) for name in names})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Squares", "styleName": style})
    font.setupOS2(sTypoAscender=800, sTypoDescender=-200)
    font.setupPost()
    font.save(file)
    return file
