"""Annotations in Pascal VOC's form are read, also for resized photographs; hostile and damaged ones are refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_core.dataset.boxes import LARGEST, Box, read_boxes
from lp_core.errors import DataError

OBJECT = """<object>
    <name>n02102040</name><pose>Unspecified</pose><truncated>0</truncated>
    <bndbox><xmin>10</xmin><ymin>20</ymin><xmax>110</xmax><ymax>90</ymax></bndbox>
    <part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
</object>"""


def xml(objects=OBJECT, size="<width>200</width><height>100</height><depth>3</depth>", before="") -> bytes:
    annotation = f"<annotation><folder>val</folder><filename>x</filename><size>{size}</size>{objects}</annotation>"
    return (before + annotation).encode()


def test_boxes_are_read_without_their_parts():
    read = read_boxes(xml(OBJECT * 2), "x.xml")
    box = Box("n02102040", top=20, left=10, bottom=90, right=110)
    assert (read.height, read.width, read.boxes) == (100, 200, (box, box))
    assert read.on(100, 200) == (box, box)
    assert box.contains(20, 10)
    assert box.contains(90, 110)
    assert not box.contains(19.9, 50)
    assert read_boxes(xml(""), "x.xml").boxes == ()


def test_a_resized_photograph_has_resized_boxes():
    [box] = read_boxes(xml(), "x.xml").on(50, 101)
    assert (box.top, box.left, box.bottom, box.right) == pytest.approx((10, 5.05, 45, 55.55))


def test_a_photograph_of_another_shape_is_refused():
    with pytest.raises(DataError, match="of 200 x 100 px, the photograph has 100 x 100 px, another shape"):
        read_boxes(xml(), "x.xml").on(100, 100)


BOMB = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
HOSTILE = {
    "entities": (xml(OBJECT.replace("n02102040", "&b;"), before=BOMB), "document type or entities"),
    "file": (xml(before='<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>'), "document type or entities"),
    "dtd": (xml(before='<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">'), "document type or entities"),
    "unknown entity": (xml("&f;"), "not whole XML"),
    "deep": (b"<a>" * 100_000, "nest more than 16 deep"),
    "long": (xml("<object><name>" + "x" * 2000 + "</name></object>"), "more than 1000 letters"),
    "large": (b" " * (LARGEST + 1), "at most 1048576"),
    "cut": (xml()[:-20], "not whole XML"),
    "empty": (b"", "not whole XML"),
    "web page": (b"<html><body/></html>", "no <annotation> with a <size>"),
    "no size": (xml(size=""), "no <annotation> with a <size>"),
    "size 0": (xml(size="<width>0</width><height>0</height>"), "size is 0 x 0"),
    "no name": (xml(OBJECT.replace("n02102040", "")), "an object has no name"),
    "no box": (xml("<object><name>n1</name></object>"), "ymin is ''; a number"),
    "words": (xml(OBJECT.replace(">10<", ">ten<")), "xmin is 'ten'; a number"),
    "NaN": (xml(OBJECT.replace(">10<", ">nan<")), "xmin is 'nan'; a number"),
    "infinite": (xml(OBJECT.replace(">10<", ">1e999<")), "xmin is '1e999'; a number"),
    "turned": (xml(OBJECT.replace(">10<", ">150<")), "the box of n02102040 is empty"),
}


@pytest.mark.parametrize(("data", "words"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_and_damaged_files_are_refused_in_one_line(data, words):
    with pytest.raises(DataError, match=words) as error:
        read_boxes(data, "x.xml")
    assert str(error.value).startswith("x.xml: ")
    assert "\n" not in str(error.value)


@given(st.integers(0, len(xml()) - 1), st.binary(min_size=1, max_size=3))
def test_any_damage_is_read_or_refused(place, bytes_there):
    data = xml()
    with contextlib.suppress(DataError):  # any other error fails the test
        for box in read_boxes(data[:place] + bytes_there + data[place + 1 :], "x.xml").boxes:
            assert box.top < box.bottom
