"""Hook of MkDocs: draws Mermaid's graphs as SVG while the site is built.

Mermaid itself is 3 MB of script, which the theme loads from another site whenever a page is shown. Our documents need
one form of it: `graph LR` and lines of `a --> b`. Another line stops the build.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

FENCE = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EDGE = re.compile(r"\s*([\w-]+) --> ([\w-]+)\s*")
BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 104, 30, 76, 14
"""Sizes in px of the drawing."""
ARROW = (
    '<marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 8 4 0 8z"/></marker>'
)
_SWEEPS = 8

Edge = tuple[str, str]


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Draw the graphs of a page."""
    return FENCE.sub(lambda match: svg(edges_of(match[1], page.file.src_uri)), markdown)


def edges_of(text: str, where: str) -> list[Edge]:
    """Return the edges of a graph.

    Raises:
        ValueError: a line is not of the form that is drawn; the message names it and the document.
    """
    first, *lines = text.strip().splitlines()
    if first.strip() != "graph LR":
        raise ValueError(f"{where}: a diagram begins with 'graph LR', this one with '{first}'")
    matches = [(line, EDGE.fullmatch(line)) for line in lines if line.strip()]
    for line, match in matches:
        if match is None:
            raise ValueError(f"{where}: '{line.strip()}' is not drawn; lines of diagrams are 'a --> b'")
    return [(match[1], match[2]) for _, match in matches if match]


def columns_of(edges: Sequence[Edge]) -> dict[str, int]:
    """Return each node's column: the number of edges of the longest way to it.

    Raises:
        ValueError: the edges form a ring.
    """
    nodes = list(dict.fromkeys(node for edge in edges for node in edge))
    columns = dict.fromkeys(nodes, 0)
    for _ in nodes:
        longer = {b: columns[a] + 1 for a, b in edges if columns[b] <= columns[a]}
        if not longer:
            return columns
        for a, b in edges:
            columns[b] = max(columns[b], columns[a] + 1)
    raise ValueError("the edges of a diagram form a ring")


def ordered_columns(edges: Sequence[Edge]) -> tuple[list[list[str]], list[list[str]]]:
    """Return the nodes of every column from top to bottom, and the way of every edge through the columns.

    An edge that skips columns has a waypoint in each, so that it passes between the boxes there. Columns are sorted by
    the mean row of their neighbours, to and fro, which leaves few crossings.
    """
    column = columns_of(edges)
    ways = []
    rows: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for node, number in column.items():
        rows[number].append(node)
    for a, b in edges:
        between = [f"{a} --> {b} at {number}" for number in range(column[a] + 1, column[b])]
        for number, waypoint in enumerate(between, column[a] + 1):
            rows[number].append(waypoint)
        ways.append([a, *between, b])
    steps = [step for way in ways for step in pairwise(way)]
    for sweep in range(_SWEEPS):
        for number in range(len(rows)) if sweep % 2 == 0 else reversed(range(len(rows))):
            row = {node: index for nodes in rows for index, node in enumerate(nodes)}
            sides = [(b, a) for a, b in steps] if sweep % 2 == 0 else steps
            beside = {node: [row[other] for here, other in sides if here == node] for node in rows[number]}
            rows[number].sort(key=lambda node: sum(beside[node]) / len(beside[node]) if beside[node] else row[node])
    return rows, ways


def svg(edges: Sequence[Edge]) -> str:
    """Return the drawing as one element of HTML, in the page's colours, with the edges as its text."""
    rows, ways = ordered_columns(edges)
    height = max(len(nodes) for nodes in rows) * (BOX_HEIGHT + GAP_Y) - GAP_Y
    width = len(rows) * (BOX_WIDTH + GAP_X) - GAP_X
    left, middle = {}, {}
    for number, nodes in enumerate(rows):
        top = (height - len(nodes) * (BOX_HEIGHT + GAP_Y) + GAP_Y) / 2
        for index, node in enumerate(nodes):
            left[node] = number * (BOX_WIDTH + GAP_X)
            middle[node] = top + index * (BOX_HEIGHT + GAP_Y) + BOX_HEIGHT / 2
    parts = [f'<path class="edge" marker-end="url(#arrow)" d="{_curve(way, left, middle)}"/>' for way in ways]
    for node in dict.fromkeys(node for edge in edges for node in edge):
        x, y = left[node], middle[node]
        parts.append(f'<rect x="{x}" y="{y - BOX_HEIGHT / 2:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="4"/>')
        parts.append(f'<text x="{x + BOX_WIDTH / 2:g}" y="{y:g}">{escape(node)}</text>')
    label = escape("; ".join(f"{a} to {b}" for a, b in edges))
    view = f"-1 -1 {width + 2} {height + 2:g}"
    drawing = f'<svg viewBox="{view}" width="{width}" role="img" aria-label="{label}">{ARROW}{"".join(parts)}</svg>'
    return f'<div class="diagram">{drawing}</div>\n'


def _curve(way: Sequence[str], left: dict[str, int], middle: dict[str, float]) -> str:
    """The path of an edge from the right side of its first box to the left side of its last one."""
    path = f"M{left[way[0]] + BOX_WIDTH} {middle[way[0]]:g}"
    for a, b in pairwise(way):
        x, half = left[b], GAP_X // 2
        path += f" C{x - half} {middle[a]:g} {x - half} {middle[b]:g} {x} {middle[b]:g}"
        if b != way[-1]:
            path += f" H{x + BOX_WIDTH}"
    return path
