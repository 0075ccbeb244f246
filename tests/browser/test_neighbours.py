"""Pictures of a sheet, pixel by pixel: none shows anything of its neighbours, whatever the zoom."""

import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lp_core.report.contact_sheet import per_row
from lp_core.settings import ViewSettings
from tests.browser.chromium import PROGRAM, Page
from tests.browser.hostile_run import write_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"),
]
SCALES = [0.75, 1, 1.25, 1.5, 2]
"""Device px of a CSS px: the screen's own, times the zoom."""
WIDTHS = [1280, 1111, 390]
PAGES = ["#conv5_2", "#log_polar/conv5_2/3", "#cartesian/conv5_2/3/1", "#log_polar/conv5_2/3/2"]
CORNER = 3
"""CSS px that rounded corners take."""


def chessboard(rows: int, columns: int, side: int) -> bytes:
    """A sheet whose pictures are of one colour each, that of every neighbour being far from it."""
    row, column = np.mgrid[:rows, :columns]
    dark = (row + column) % 2
    colours = np.stack([255 * dark, 255 * (1 - dark), 255 * (column % 4 // 2)], -1).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(colours.repeat(side, 0).repeat(side, 1)).save(file, format="WEBP", lossless=True)
    return file.getvalue()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    folder = write_run(run, {"conv1_1": 6, "conv5_2": 30})
    for view, kinds in (("cartesian", 2), ("log_polar", 4)):
        (run / view / "sheet.webp").write_bytes(chessboard(16, 9 * kinds, 112))
    columns = per_row(ViewSettings(size=64))
    (folder / "inputs.webp").write_bytes(chessboard(columns, columns, 64))
    return folder


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    page = Page()
    yield page
    page.close()


def cases() -> list[Any]:
    """All pages, widths and scales. `make test` does a third, in which every two of them meet, `make slow` the rest."""
    places = itertools.product(*map(enumerate, (PAGES, WIDTHS, SCALES)))
    return [
        pytest.param(fragment, width, scale, marks=[] if (i + j + k) % 3 == 0 else pytest.mark.slow)
        for (i, fragment), (j, width), (k, scale) in places
    ]


@pytest.mark.parametrize(("fragment", "width", "scale"), cases())
def test_no_picture_shows_its_neighbours(
    page: Page, report: Path, tmp_path: Path, fragment: str, width: int, scale: float
) -> None:
    page.resize(width, 900, scale=scale)
    page.open(report / "gallery.html", fragment)
    large = fragment.count("/") == 3
    page.wait("large.open" if large else "document.querySelectorAll('main .crop').length > 50")
    selector = "#large .crop" if large else "main .crop"
    shown = "image.loading = 'eager', image.decoding = 'sync', image.decode()"
    page.evaluate(f"Promise.all([...document.querySelectorAll('{selector} img')].map(image => ({shown})))")
    page.evaluate("document.querySelectorAll('.frame svg').forEach(svg => svg.replaceChildren())")
    boxes = page.evaluate(
        f"[...document.querySelectorAll('{selector}')].map(e => e.getBoundingClientRect())"
        ".filter(b => b.top >= 0 && b.bottom <= innerHeight).map(b => [b.left, b.top, b.right, b.bottom])"
    )
    assert len(boxes) >= 2
    corner = round(CORNER * scale)
    for box, crop in zip(boxes, crops(page, tmp_path / "shot.png", boxes, scale), strict=True):
        edges = [crop[0, corner:-corner], crop[-1, corner:-corner], crop[corner:-corner, 0], crop[corner:-corner, -1]]
        bright = int(
            np.argmax(middle(crop)[:2])
        )  # red or green: dark in all neighbours, bright in the page's white, too
        for name, edge in zip(("top", "bottom", "left", "right"), edges, strict=True):
            assert edge[:, bright].min() > 215, f"{name} edge of {box}: {middle(crop)} and {edge[len(edge) // 2]}"


def crops(page: Page, file: Path, boxes: list[list[float]], scale: float) -> list[np.ndarray]:
    """What the screen shows in each box, once every picture is painted; a decoded one may take a frame or two."""
    for _ in range(100):
        page.screenshot(file)
        shot = np.asarray(Image.open(file).convert("RGB"))
        edges = [[round(scale * edge) for edge in box] for box in boxes]
        shown = [shot[top:bottom, left:right] for left, top, right, bottom in edges]
        if all(middle(crop)[:2].min() == 0 for crop in shown):  # nothing else on the page is without red or green
            return shown
    raise AssertionError("not all pictures were painted")


def middle(crop: np.ndarray) -> np.ndarray:
    """The colour in the middle."""
    return crop[crop.shape[0] // 2, crop.shape[1] // 2]
