"""Graphs of the documents are drawn whole: every box once, every edge from the left to the right."""

import re
import xml.etree.ElementTree as ET

import pytest

from tests.docs.test_links import REPOSITORY, hook

diagrams = hook("diagrams")
GRAPHS = [
    pytest.param(match[1], id=path.name)
    for path in sorted((REPOSITORY / "docs").rglob("*.md"))
    for match in re.finditer(r"^```mermaid\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL)
]


def drawing(text: str) -> ET.Element:
    """The root of the SVG in a drawing."""
    return ET.fromstring(diagrams.svg(diagrams.edges_of(text, "here.md")))[0]


@pytest.mark.parametrize("text", GRAPHS)
def test_a_graph_of_the_documents_is_drawn_whole(text: str) -> None:
    edges = diagrams.edges_of(text, "here.md")
    svg = drawing(text)
    assert sorted(element.text for element in svg.iter("text")) == sorted({node for edge in edges for node in edge})
    assert len([path for path in svg.iter("path") if path.get("class") == "edge"]) == len(edges)
    corners = [(float(box.get("x")), float(box.get("y"))) for box in svg.iter("rect")]
    assert len(set(corners)) == len(corners), "no two boxes lie on each other"


def test_documents_have_a_graph() -> None:
    assert GRAPHS


def test_an_edge_leads_to_a_later_column() -> None:
    columns = diagrams.columns_of([("a", "b"), ("b", "c"), ("a", "c")])
    assert columns == {"a": 0, "b": 1, "c": 2}


def test_an_edge_that_skips_a_column_passes_between_its_boxes() -> None:
    rows, ways = diagrams.ordered_columns([("a", "b"), ("b", "c"), ("a", "c")])
    assert len(rows[1]) == 2
    assert ways[2] == ["a", "a --> c at 1", "c"]


@pytest.mark.parametrize("line", ["a -- b", "a --> b --> c", "subgraph x", "a[Name] --> b"])
def test_a_line_that_is_not_drawn_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"here.md: '{line}' is not drawn")):
        diagrams.edges_of(f"graph LR\n  {line}\n", "here.md")


def test_another_kind_of_diagram_is_named() -> None:
    with pytest.raises(ValueError, match="a diagram begins with 'graph LR', this one with 'sequenceDiagram'"):
        diagrams.edges_of("sequenceDiagram\n", "here.md")


def test_a_ring_is_refused() -> None:
    with pytest.raises(ValueError, match="ring"):
        diagrams.columns_of([("a", "b"), ("b", "a")])
