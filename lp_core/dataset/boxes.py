"""Boxes around objects, from annotations in Pascal VOC's XML, which ImageNet's have, too. Files are never trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from xml.parsers import expat

from lp_core.errors import DataError, check

LARGEST = 1 << 20
"""Most bytes of an annotation. Source: our choice; ImageNet's have 0.5 to 30 kB."""
DEEPEST = 16
"""Most elements within each other. Source: our choice; Pascal VOC nests 4 (annotation, object, part, bndbox)."""
MOST_TEXT = 1000
"""Most letters of a name or number. Source: our choice."""
ASPECT = 0.03
"""Relative difference of width / height up to which a photograph is a resized copy. Source: our choice; 300 px rounded
to whole px differ by 0.01 from the original's."""

_SIZE = ("annotation", "size")
_OBJECT = ("annotation", "object")
_EDGES = ("ymin", "xmin", "ymax", "xmax")


@dataclass(frozen=True)
class Box:
    """A rectangle around an object, in px from the upper left corner of the photograph.

    Args:
        name: of the object's class; in ImageNet its wnid.
        top, left, bottom, right: edges.
    """

    name: str
    top: float
    left: float
    bottom: float
    right: float

    def contains(self, y: float, x: float) -> bool:
        """Return whether a point lies inside or on an edge."""
        return self.top <= y <= self.bottom and self.left <= x <= self.right


@dataclass(frozen=True)
class Boxes:
    """All objects of one photograph.

    Args:
        height, width: of the photograph that the boxes were drawn on.
        boxes: in the order of the file.
    """

    height: int
    width: int
    boxes: tuple[Box, ...]

    def on(self, height: int, width: int) -> tuple[Box, ...]:
        """Return the boxes on a photograph of this size, which may be a resized copy.

        Raises:
            DataError: it has another shape, so it shows another part, or is another photograph.
        """
        same = abs(width * self.height / (height * self.width) - 1) <= ASPECT
        sizes = f"{self.width} x {self.height} px, the photograph has {width} x {height} px"
        check(same, f"the boxes are of {sizes}, another shape; give the one that they were drawn on", DataError)
        y, x = height / self.height, width / self.width
        return tuple(
            replace(box, top=y * box.top, left=x * box.left, bottom=y * box.bottom, right=x * box.right)
            for box in self.boxes
        )


def read_boxes(data: bytes, source: str) -> Boxes:
    """Read the objects of an annotation.

    Edges are taken as they stand; Pascal VOC counts px from 1, ImageNet from 0, so they are within 1 px.

    Args:
        data: the whole file.
        source: its name, for messages.

    Raises:
        DataError: it is too large, no XML, declares a document type or entities, or its boxes are none.
    """
    check(len(data) <= LARGEST, f"{source}: {len(data)} bytes; annotations have at most {LARGEST}", DataError)
    reader = _Reader(source)
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise DataError(f"{source}: not whole XML ({error})") from None
    check(bool(reader.size), f"{source}: no <annotation> with a <size>; is this Pascal VOC's form?", DataError)
    height, width = (reader.number(reader.size, side) for side in ("height", "width"))
    check(min(height, width) >= 1, f"{source}: the photograph's size is {width:g} x {height:g} px", DataError)
    boxes = tuple(map(reader.box, reader.objects))
    return Boxes(int(height), int(width), boxes)


class _Reader:
    """Gathers texts by their path while expat reads; refuses whatever could expand or include anything."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.size: dict[str, str] = {}
        self.objects: list[dict[str, str]] = []
        self._path: list[str] = []
        self._text = ""
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._letters

    def number(self, texts: dict[str, str], name: str) -> float:
        text = texts.get(name, "")
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        check(abs(value) < 1e6, f"{self.source}: {name} is '{text}'; a number of px is expected", DataError)
        return value

    def box(self, texts: dict[str, str]) -> Box:
        name = texts.get("name", "")
        check(name != "", f"{self.source}: an object has no name", DataError)
        top, left, bottom, right = (self.number(texts, edge) for edge in _EDGES)
        edges = f"rows {top:g} to {bottom:g}, columns {left:g} to {right:g}"
        check(top < bottom and left < right, f"{self.source}: the box of {name} is empty: {edges}", DataError)
        return Box(name, top, left, bottom, right)

    def _refuse(self, *_: object) -> None:
        raise DataError(f"{self.source}: declares a document type or entities, which annotations have no use for")

    def _start(self, name: str, _: dict[str, str]) -> None:
        self._path.append(name)
        self._text = ""
        check(len(self._path) <= DEEPEST, f"{self.source}: elements nest more than {DEEPEST} deep", DataError)
        if tuple(self._path) == _OBJECT:
            self.objects.append({})

    def _end(self, name: str) -> None:
        outer, text = tuple(self._path[:-1]), self._text.strip()
        if outer == _SIZE:
            self.size[name] = text
        elif outer == (*_OBJECT, "bndbox") or (outer == _OBJECT and name == "name"):
            self.objects[-1][name] = text
        self._path.pop()
        self._text = ""

    def _letters(self, letters: str) -> None:
        self._text += letters
        long = f"{self.source}: a text in <{self._path[-1]}> has more than {MOST_TEXT} letters"
        check(len(self._text) <= MOST_TEXT, long, DataError)
