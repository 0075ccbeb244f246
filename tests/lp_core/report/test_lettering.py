"""`lettering` draws class names in scripts that the usual font lacks, without warnings."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lp_core.report import lettering
from lp_core.report.figure import figure
from lp_core.report.lettering import fitting, font_file, legible
from lp_core.report.panel import panel
from lp_core.report.tile import Tile
from tests.lp_core.report.fonts import write_font

JAPANESE, LATIN = "日本の犬", "abcdefghijklmnopqrstuvwxyzABC 0123456789(),…$ä"
OWN = "DejaVuSans.ttf"


@pytest.fixture
def installed(monkeypatch):
    """Pretend that a machine has just these fonts."""

    def install(*files: Path) -> None:
        monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: [str(file) for file in files])
        for cache in (lettering._installed, lettering._installed_with):
            cache.cache_clear()

    yield install
    monkeypatch.undo()
    for cache in (lettering._installed, lettering._installed_with):
        cache.cache_clear()


def tiles(*names: str, wnid: str | None = None) -> list[Tile]:
    grey = np.full((8, 8, 4), 255, np.uint8)
    return [Tile(rank, name, 9.0 - rank, grey, grey, grey, grey, wnid=wnid) for rank, name in enumerate(names)]


@pytest.mark.parametrize("name", ["tench", "Käfer", "кошка", "γάτα", "", "a\nb", "→ ∑ ½"])
def test_a_name_that_dejavu_has_needs_no_other_font(installed, name):
    installed()
    assert legible(name) == name.replace("\n", " ")
    assert font_file(legible(name)).name == OWN
    assert font_file(legible(name), bold=True).name == "DejaVuSans-Bold.ttf"


@pytest.mark.parametrize("compact", [False, True])
def test_another_script_is_written_in_a_font_that_has_all_of_it(installed, tmp_path, compact):
    half = write_font(tmp_path / "a half.otf", JAPANESE[:2] + LATIN, compact=compact)
    whole = write_font(tmp_path / "whole.otf", JAPANESE + LATIN, compact=compact)
    italic = write_font(tmp_path / "an italic.otf", JAPANESE + LATIN, style="Italic", compact=compact)
    (tmp_path / "damaged.ttf").write_bytes(b"no font")
    installed(italic, half, tmp_path / "damaged.ttf", tmp_path / "absent.ttf", whole)
    assert font_file(JAPANESE + " (dog)") == whole
    assert font_file(JAPANESE, bold=True) == whole
    assert legible(JAPANESE + " (dog)", "n02085620") == JAPANESE + " (dog)"
    assert fitting(JAPANESE * 20, 80, 12).endswith("…")


@pytest.mark.parametrize(
    ("name", "wnid", "expected"),
    [
        (JAPANESE, "n02085620", "n02085620"),
        (JAPANESE, None, "U+65E5U+672CU+306EU+72AC"),
        ("dog 犬 \U0001f415", None, "dog U+72AC U+1F415"),
    ],
)
def test_without_such_a_font_the_wnid_or_the_codes_stand_there(installed, name, wnid, expected):
    installed()
    shown = legible(name, wnid)
    assert shown == expected
    assert font_file(shown).name == OWN


def test_panels_and_figures_of_any_name_are_drawn_without_a_warning(installed, tmp_path):
    names = [JAPANESE, "한국어 개", "ไทย", "🐕", "\u0b95\u0bcd\u0bb7", "犬 $x$ $", "\U00020000", "\ue000", "ä"]
    for fonts in ([], [write_font(tmp_path / "japanese.otf", JAPANESE + LATIN, compact=True)]):
        installed(*fonts)
        drawn = panel(tiles(*names), "log_polar", title="犬 conv5_2, channel 3")
        assert drawn.shape[2] == 3
        files = figure({3: tiles(*names)}, "log_polar", layer="conv5_2", number=2)
        assert Image.open(io.BytesIO(files["png"])).size[0] > 1000
        assert files == figure({3: tiles(*names)}, "log_polar", layer="conv5_2", number=2)


@pytest.mark.parametrize("compact", [False, True])
def test_a_letter_of_another_font_is_seen_where_the_name_belongs(installed, tmp_path, compact):
    """Its squares stand in the figure where the letters of a Latin name do."""
    installed(write_font(tmp_path / "squares.otf", JAPANESE + LATIN, compact=compact))
    empty, *pages = (
        np.asarray(Image.open(io.BytesIO(figure({3: tiles(name)}, "cartesian", layer="conv5_2", number=1)["png"])))
        for name in ("", "HHHH", JAPANESE)
    )
    boxes = []
    for page in pages:
        rows, columns = np.nonzero((page != empty).any(2))
        boxes.append((rows.min(), rows.max(), columns.min()))
    assert np.abs(np.subtract(*boxes)).max() <= 3, "px at 300 dpi"


def test_a_font_that_a_user_installs_is_found(tmp_path):
    (tmp_path / "fonts").mkdir()
    letters = "\U00013000\U00013001"  # hieroglyphs: no other font of this machine is likely to have them
    file = write_font(tmp_path / "fonts" / "squares.otf", letters + LATIN)
    code = f"from lp_core.report.lettering import font_file; print(font_file({letters!r}))"
    environment = {
        "XDG_DATA_HOME": str(tmp_path),
        "PATH": "",
        "MPLCONFIGDIR": str(tmp_path),
        "PYTHONPATH": ":".join(sys.path),
    }
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == (str(file), "")


def test_text_is_written_within_its_place() -> None:
    long = fitting("Mexican hairless\nor any other <b>dog</b> of a long name", 80, 12)
    assert long.startswith("Mexican")
    assert long.endswith("…")
    assert fitting("a\tb\x00c\u202ed", 500, 12) == "a b c d"
    assert fitting("x" * 100_000, 80, 12).endswith("…")
    assert fitting("anything", 0, 12) == "…"
    assert fitting("", 80, 12) == ""
