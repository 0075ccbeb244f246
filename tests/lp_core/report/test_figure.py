"""`figure` draws pages for print: text in embedded fonts, untouched pictures, the same bytes every time."""

import io
import re
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from lp_core.report.figure import DPI, TILE_MM, figure, px
from lp_core.report.tile import Tile

SIDE = px(TILE_MM["log_polar"])
NAMES = ["hen", "tench", "a $name$ of (brackets) \\ and $", "American Staffordshire terrier of a very long name"]


def tile(rank: int, channel: int) -> Tile:
    picture = np.full((SIDE, SIDE, 4), 255, np.uint8)
    picture[..., 0], picture[..., 1] = 10 * rank, channel
    picture[0, 0] = 255  # so that nothing else in the page looks like it
    blue = [np.where(np.arange(4) == 2, 60 * kind, picture).astype(np.uint8) for kind in range(4)]
    return Tile(rank, NAMES[rank % 4], 12.0 - rank, *blue)


@pytest.fixture(scope="module")
def drawn() -> dict[str, bytes]:
    channels = {3: [tile(rank, 3) for rank in range(9)], 17: [], 200: [tile(4, 200)]}
    return figure(channels, "log_polar", layer="conv5_2", number=2)


def words(pdf: bytes) -> list[str]:
    """Lines of text that a PDF shows: strings of two bytes a letter, between which it moves the pen a little."""
    lines = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        with suppress(zlib.error):
            for text in re.findall(rb"\nBT\n(.*?)\nET\n", zlib.decompressobj().decompress(stream), re.S):
                strings = re.findall(rb"\(((?:\\.|[^()\\])*)\)", text, re.S)
                lines.append(
                    b"".join(re.sub(rb"\\(.)", rb"\1", one, flags=re.S) for one in strings).decode("utf-16-be")
                )
    return lines


def test_words_of_the_pdf_are_text_in_an_embedded_font(drawn) -> None:
    shown = words(drawn["pdf"])
    assert {"Figure 2. conv5_2, log-polar view", "Channel 3", "Channel 17", "Channel 200"} <= set(shown)
    assert shown.count("tench") == 2 * 2, "once under each kind of patch: ranks 1 and 5"
    assert {"12.0", "4.00"} <= set(shown)
    assert "/FontFile2" in drawn["pdf"].decode("latin-1")
    assert any(line.startswith("a $name$") for line in shown)


def test_pictures_of_the_png_are_at_print_resolution_and_untouched(drawn) -> None:
    image = Image.open(io.BytesIO(drawn["png"]))
    assert image.info["dpi"] == pytest.approx((DPI, DPI), abs=0.1)
    assert image.width / DPI * 25.4 < 180, "no wider than a page of A4 between its margins"
    assert image.height / DPI * 25.4 < 260
    page = np.asarray(image.convert("RGB"))
    for rank, channel, kind in [(0, 3, 0), (8, 3, 3), (4, 200, 1)]:
        rows, columns = np.nonzero((page == (10 * rank, channel, 60 * kind)).all(2))
        assert len(rows) >= 0.95 * SIDE**2
        assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (SIDE, SIDE)


def test_features_left_patches_right_and_log_polar_beneath(drawn) -> None:
    page = np.asarray(Image.open(io.BytesIO(drawn["png"])).convert("RGB"))
    places = [np.argwhere((page == (40, 3, 60 * kind)).all(2)).mean(0) for kind in range(4)]
    # Fields of a Tile in order: feature, patch, mapped feature, mapped patch.
    (feature, patch, mapped_feature, mapped_patch) = places
    assert feature[1] == mapped_feature[1] < patch[1] == mapped_patch[1]
    assert mapped_feature[0] == mapped_patch[0] < feature[0] == patch[0]


def test_same_channels_same_bytes(drawn) -> None:
    channels = {3: [tile(rank, 3) for rank in range(9)], 17: [], 200: [tile(4, 200)]}
    assert figure(channels, "log_polar", layer="conv5_2", number=2) == drawn


@pytest.mark.parametrize(("view", "count"), [("cartesian", 10), ("log_polar", 5)])
def test_a_page_fits_on_a4_with_a_caption(view, count) -> None:
    image = Image.open(io.BytesIO(figure({n: [] for n in range(count)}, view, layer="conv5_2", number=1)["png"]))
    assert image.width / DPI * 25.4 < 180
    assert image.height / DPI * 25.4 < 265
