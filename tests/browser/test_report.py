"""The report and the gallery in a real browser, opened from disk."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lp_core.images.log_polar import LogPolarMap
from lp_core.report.atlas import sheet_picture
from tests.browser.chromium import PROGRAM, Page
from tests.browser.hostile_run import HOSTILE, LAYERS, g_of, rows, tiles, write_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run") / "a run", {"conv1_1": 6, "conv5_2": 30})


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    page = Page()
    yield page
    page.close()


@pytest.fixture
def page(browser: Page) -> Iterator[Page]:
    browser.complaints.clear()
    browser.resize(1280, 900)
    yield browser
    assert browser.complaints == []
    assert browser.evaluate("document.title") != "owned"


def texts(page: Page, selector: str) -> list[str]:
    found = page.evaluate(f"[...document.querySelectorAll('{selector}')].map(e => e.textContent.trim())")
    assert isinstance(found, list)
    return found


def test_report_opens_from_disk_and_shows_its_pictures(page: Page, report: Path) -> None:
    page.open(report / "index.html", "#channels")
    page.wait(
        "[...document.querySelectorAll('#conv5_2 img')].slice(0, 2).every(i => i.complete && i.naturalWidth > 700)"
    )
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).fontWeight") == "600", "the style applies"


@pytest.mark.parametrize("width", [1280, 390])
def test_all_text_stands_in_one_column(page: Page, report: Path, width: int) -> None:
    """Figures, layers and settings may be wider than it; everything else begins and ends where the headings do."""
    page.resize(width, 900)
    page.open(report / "index.html")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    wide = ".wide, .layer, .facts"
    edges = page.evaluate(
        f"[...document.querySelectorAll('header > *, section > *, footer > *')].filter(e => !e.matches('{wide}'))"
        ".map(e => [e.tagName, e.getBoundingClientRect().left, e.getBoundingClientRect().right])"
    )
    assert "DETAILS" in {name for name, *_ in edges}
    assert len({(left, right) for _, left, right in edges}) == 1, edges
    hidden = "[...document.querySelectorAll('.scroll')].map(e => e.scrollWidth - e.clientWidth)"
    assert width < 500 or page.evaluate(hidden) == [0, 0], "tables fit into the column where there is room for it"


def test_link_to_a_channel_opens_its_layer(page: Page, report: Path) -> None:
    page.open(report / "index.html", "#log_polar/conv1_1/3")
    assert page.evaluate("document.getElementById('conv1_1').open")
    page.wait("Math.abs(document.getElementById('log_polar/conv1_1/3').getBoundingClientRect().top) < 100")


def test_link_to_a_channel_that_the_report_leaves_out_opens_the_gallery(page: Page, report: Path) -> None:
    page.open(report / "index.html", "#log_polar/conv5_2/29")
    page.wait("location.pathname.endsWith('gallery.html') && document.querySelector('#channel h2')")
    assert texts(page, "#channel h2") == ["conv5_2, channel 29"]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    "file", ["index.html", "gallery.html", "gallery.html#log_polar/conv5_2/3", "gallery.html#log_polar/conv5_2/3/1"]
)
def test_no_page_is_wider_than_the_window(page: Page, report: Path, file: str, width: int) -> None:
    page.resize(width, 800, phone=width < 500)
    name, _, fragment = file.partition("#")
    page.open(report / name, f"#{fragment}")
    page.wait("document.querySelector('#results, #channel h2, #wall li')")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_wall_filters_and_sorts(page: Page, report: Path) -> None:
    page.open(report / "gallery.html")
    page.wait("document.querySelectorAll('#wall li').length === 30")
    page.evaluate("layer.value = 'conv1_1', controls.dispatchEvent(new Event('input'))")
    page.wait("document.querySelectorAll('#wall li').length === 6")
    assert texts(page, "#wall b") == [f"conv1_1, {c}" for c in range(6)]
    page.evaluate("view.value = 'cartesian', order.value = 'activation', controls.dispatchEvent(new Event('input'))")
    by_activation = sorted(range(6), key=lambda c: -((c * 37) % 50))
    page.wait(f"document.querySelector('#wall b').textContent === 'conv1_1, {by_activation[0]}'")
    assert texts(page, "#wall b") == [f"conv1_1, {c}" for c in by_activation]
    page.evaluate("document.getElementById('class').value = 'ZEB', controls.dispatchEvent(new Event('input'))")
    page.wait("document.getElementById('status').textContent.includes(' of ')")
    having = [c for c in by_activation if "zebra" in {row["class_name"] for row in rows("conv1_1", c, 0)}]
    assert texts(page, "#wall b") == [f"conv1_1, {c}" for c in having]
    assert texts(page, "#status") == [f"{len(having)} of 6 channels of conv1_1"]
    page.press("Escape")


def test_measures_sort_and_filter_and_the_address_keeps_the_choice(page: Page, report: Path) -> None:
    page.open(report / "gallery.html", "#conv5_2?order=G&by=G&from=0.3")
    wanted = sorted((c for c in range(30) if g_of(c) >= 0.3), key=lambda c: -g_of(c))
    page.wait(f"document.querySelectorAll('#wall li').length === {len(wanted)}")
    assert texts(page, "#wall b") == [f"conv5_2, {c}" for c in wanted]
    assert texts(page, "#wall .numbers")[0] == f"G {g_of(wanted[0]):.3g} / {g_of(wanted[0]):.3g}"
    assert page.evaluate("[...order.options].map(o => o.value)") == [
        *("number", "activation", "class"),
        *("G", "eccentricity_px"),
    ], "z of G was measured of no channel"
    page.evaluate("to.value = '0.5', controls.dispatchEvent(new Event('input'))")
    page.wait(f"document.querySelectorAll('#wall li').length === {sum(g_of(c) <= 0.5 for c in wanted)}")
    assert page.evaluate("location.hash") == "#conv5_2?order=G&by=G&from=0.3&to=0.5"
    page.evaluate("state.value = 'dead', controls.dispatchEvent(new Event('input'))")
    page.wait("document.querySelectorAll('#wall li').length === 0")
    page.evaluate("state.value = '', controls.dispatchEvent(new Event('input'))")
    page.wait("document.querySelectorAll('#wall li').length > 0")
    page.click("#wall a")
    page.wait("document.querySelector('#channel h2')")
    page.press("Escape")
    page.wait("location.hash === '#conv5_2?order=G&by=G&from=0.3&to=0.5' && !wall.hidden")
    assert page.evaluate("document.querySelector('#measured').checkVisibility()")


def test_layers_of_a_users_network_keep_their_order(page: Page, tmp_path: Path) -> None:
    """A browser sorts keys of an object that are whole numbers; names of layers may be, or those of our own files."""
    layers = {"0.0": 2, "7": 2, "index": 2, "3": 2}
    page.open(write_run(tmp_path / "run", layers) / "gallery.html")
    page.wait("document.querySelectorAll('#wall li').length === 2")
    assert texts(page, "#wall b") == ["3, 0", "3, 1"], "the last layer"
    assert texts(page, "#layer option") == [*layers, "all layers"]
    page.evaluate("layer.value = 'all', controls.dispatchEvent(new Event('input'))")
    page.wait("document.querySelectorAll('#wall li').length === 8")
    assert texts(page, "#wall b") == [f"{layer}, {channel}" for layer in layers for channel in range(2)]


def test_random_weights_and_weaker_images_come_on_demand(page: Page, report: Path) -> None:
    page.open(report / "gallery.html", "#log_polar/conv5_2/3")
    page.wait("document.querySelector('#channel h2')")
    assert page.evaluate("document.querySelectorAll('.strip, .lower').length") == 0
    page.click("figure:last-child details:nth-of-type(2) summary")
    page.wait("document.querySelector('.strip')?.naturalWidth > 700")
    page.click("figure:last-child details:nth-of-type(3) summary")
    page.wait("document.querySelectorAll('.lower img').length === 9")
    assert texts(page, ".lower .head") == ["99 %", "90 %", "50 %"]
    page.open(report / "gallery.html", "#log_polar/conv5_2/4")
    page.wait("document.querySelector('#channel h2')")
    assert texts(page, "#channel summary") == ["Exemplars as a table"] * 2


def test_the_evolution_of_a_channel_comes_on_demand_with_its_jumps(page: Page, report: Path) -> None:
    page.open(report / "gallery.html", "#log_polar/conv5_2/6")
    page.wait("document.querySelector('#channel h2')")
    page.click("figure:last-child details:nth-of-type(2) summary")
    page.wait("document.querySelectorAll('.epochs img').length === 3 * 4")
    assert texts(page, ".epochs .event") == ["", "jump", ""]
    assert [words.strip() for words in texts(page, ".epochs .under")][:3] == ["epoch 0", "no image", "0 of 9"]
    sizes = page.evaluate("[...new Set([...document.querySelectorAll('.epochs .crop')].map(c => c.clientWidth))]")
    assert len(sizes) == 1, "a long name makes no column wider"


def test_findings_stand_first_and_open_their_rules(page: Page, report: Path) -> None:
    page.open(report / "index.html", "#findings")
    assert page.evaluate("document.querySelector('main > section').id") == "findings"
    assert len(texts(page, ".verdict")) == 4
    page.click(".claim summary")
    page.wait("document.querySelector('.claim pre').checkVisibility()")
    small = "[...document.querySelectorAll('#findings svg text')].filter(t => t.getBoundingClientRect().height < 8)"
    page.resize(390, 900, phone=True)
    assert page.evaluate(f"{small}.filter(t => t.checkVisibility()).length") == 0, "figures can be read on a phone"


def test_arrow_keys_walk_along_the_wall_and_escape_returns(page: Page, report: Path) -> None:
    page.open(report / "gallery.html", "#log_polar/conv5_2/3")
    page.wait("document.querySelector('#channel h2')")
    for key, channel in (("ArrowRight", 4), ("ArrowRight", 5), ("ArrowLeft", 4)):
        page.press(key)
        page.wait(f"location.hash === '#log_polar/conv5_2/{channel}'")
        page.wait(f"document.querySelector('#channel h2').textContent === 'conv5_2, channel {channel}'")
    page.press("Escape")
    page.wait("!wall.hidden && location.hash === '#conv5_2'")
    page.wait("document.activeElement.getAttribute('href').endsWith('/conv5_2/4')")


def test_exemplar_opens_large_by_mouse_and_by_link(page: Page, report: Path) -> None:
    page.open(report / "gallery.html", "#log_polar/conv5_2/3")
    page.wait("document.querySelector('.nine button')")
    page.click("figure:last-child .nine button")
    page.wait("large.open && location.hash === '#log_polar/conv5_2/3/1'")
    marks = "receptive field95 % of the gradient’s energy"
    assert texts(page, "#large figcaption") == [
        f"Photograph{marks}",
        "Feature, mapped back",
        "Patch, mapped back",
        f"Log-polar image{marks}",
        "Feature, log-polar",
        "Patch, log-polar",
    ]
    page.press("ArrowRight")
    page.wait("location.hash === '#log_polar/conv5_2/3/2'")
    page.wait("document.querySelector('#large header span').textContent.startsWith('2 of 9')")
    page.press("Escape")
    page.wait("!large.open && location.hash === '#log_polar/conv5_2/3'")
    page.open(report / "gallery.html", "#cartesian/conv5_2/7/9")
    page.wait("large.open")
    assert texts(page, "#large header span")[0].startswith("9 of 9")


def test_hostile_class_names_are_only_text(page: Page, report: Path) -> None:
    page.open(report / "gallery.html", "#cartesian/conv5_2/4")
    page.wait("document.querySelector('#channel h2')")
    assert HOSTILE in texts(page, ".classes")[0]
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0


def test_missing_data_are_named(browser: Page, report: Path, tmp_path: Path) -> None:
    for file in report.rglob("*"):
        if file.is_file() and file.name != "conv5_2.js":
            (tmp_path / file.relative_to(report)).parent.mkdir(exist_ok=True)
            (tmp_path / file.relative_to(report)).write_bytes(file.read_bytes())
    browser.open(tmp_path / "gallery.html")
    browser.wait("document.getElementById('status').textContent.includes('gallery/layers/conv5_2.js is missing')")


@pytest.mark.parametrize(("width", "phone"), [(1280, False), (390, True)])
def test_every_picture_of_a_channel_is_its_own(
    page: Page, report: Path, tmp_path: Path, width: int, phone: bool
) -> None:
    page.resize(width, 900, phone=phone)
    page.open(report / "gallery.html", "#log_polar/conv5_2/18")
    page.wait("document.querySelectorAll('.nine button').length === 9 * 6")
    page.wait("[...document.querySelectorAll('.nine img')].every(i => i.complete)")
    page.evaluate("Promise.all([...document.querySelectorAll('.nine img')].map(i => i.decode()))")
    page.screenshot(tmp_path / "channel.png", whole=True)
    boxes = page.evaluate(
        "[...document.querySelectorAll('figure:last-child .nine .crop')].map(e => e.getBoundingClientRect())"
        ".map(b => [b.left, b.top + scrollY, b.right, b.bottom + scrollY])"
    )
    shot = Image.open(tmp_path / "channel.png").convert("RGB")
    scale = shot.width / width
    expected = sheet_picture([tiles(18 % 16)], "log_polar")
    for place, box in enumerate(boxes):
        rank, kind = divmod(place, 4)
        column = (9 * kind + rank) * 112
        wanted = Image.fromarray(expected[:, column : column + 112]).resize((8, 8), Image.Resampling.BOX)
        shown = shot.crop([round(scale * edge) for edge in box]).resize((8, 8), Image.Resampling.BOX)
        assert np.corrcoef(np.asarray(shown).ravel(), np.asarray(wanted).ravel())[0, 1] > 0.9, (rank, kind)


def test_pictures_far_down_a_sheet_are_loaded(page: Page, report: Path) -> None:
    page.open(report / "gallery.html", "#log_polar/conv5_2/3/1")
    page.wait("large.open")
    assert page.evaluate("large.querySelectorAll('.frame img').length") == 2
    page.wait("[...large.querySelectorAll('.frame img')].every(image => image.naturalWidth > 0)")


def test_the_sector_of_the_photograph_is_drawn_on_it(page: Page, report: Path) -> None:
    page.open(report / "gallery.html", "#log_polar/conv5_2/3/1")
    page.wait("large.open")
    outlines = page.evaluate("[...large.querySelectorAll('.frame:has(img) path.over')].map(p => p.getAttribute('d'))")
    assert len(outlines) == 4, "receptive field and its effective part, on the photograph and on the log-polar image"
    eye = LogPolarMap(size=(64, 64), sectors=64, rings=64)
    points = np.array([tuple(map(float, point.split())) for point in outlines[0].strip("MZ").split("L")]) - 0.5
    radius = np.hypot(points[:, 0] - 31.5, points[:, 1] - 31.5)
    wanted = [float(eye.radius_of(edge - 0.5)) for edge in (8, 32)]
    assert {min(wanted, key=lambda one: abs(one - r)) for r in radius} == set(wanted)
    assert np.abs(radius[:, None] - wanted).min(1).max() < 0.02
    angle = np.arctan2(points[:, 1] - 31.5, points[:, 0] - 31.5) * 64 / (2 * np.pi)
    assert angle.min() == pytest.approx(-4 - 0.5, abs=0.02)
    assert angle.max() == pytest.approx(20 - 0.5, abs=0.02)
    assert outlines[2].count("M") == 2, "the box goes on at the other end of the circle"


def test_keyboard_alone_opens_an_exemplar_and_comes_back(page: Page, report: Path) -> None:
    page.open(report / "gallery.html", "#cartesian/conv5_2/3")
    page.wait("document.querySelector('.nine button')")
    page.evaluate("document.querySelector('.nine button').focus()")
    label = page.evaluate("document.activeElement.ariaLabel")
    assert label.startswith("Exemplar 1: ")
    assert "activation" in label
    page.press("Enter")
    page.wait("large.open && location.hash === '#cartesian/conv5_2/3/1'")
    assert page.evaluate("large.getAttribute('aria-labelledby')") == "large-title"
    page.press("Escape")
    page.wait("!large.open && location.hash === '#cartesian/conv5_2/3'")
    assert page.evaluate("document.querySelectorAll('.nine button:not([tabindex=\"-1\"])').length") == 2 * 9


def test_layers_may_have_dots_in_their_names(page: Page, tmp_path: Path) -> None:
    report = write_run(tmp_path, {"features.0": 6, "features.3": 30})
    page.open(report / "index.html", "#log_polar/features.0/3")
    assert page.evaluate("document.getElementById('features.0').open")
    page.open(report / "gallery.html", "#cartesian/features.3/7")
    page.wait("document.querySelector('#channel h2')")
    assert texts(page, "#channel h2") == ["features.3, channel 7"]
    page.press("ArrowRight")
    page.wait("location.hash === '#cartesian/features.3/8'")
    page.open(report / "gallery.html", "#all")
    page.wait("document.querySelectorAll('#wall li').length > 0")
    page.evaluate("layer.value = 'features.0', controls.dispatchEvent(new Event('input'))")
    assert texts(page, "#wall b") == [f"features.0, {c}" for c in range(6)]


def test_all_channels_of_two_full_networks(page: Page, tmp_path: Path) -> None:
    report = write_run(tmp_path, LAYERS)
    page.open(report / "gallery.html", "#all")
    page.wait("document.getElementById('status').textContent === '4224 channels'")
    assert page.evaluate("document.querySelectorAll('#wall li').length") < 300, "the rest follows as one scrolls"
    page.open(report / "gallery.html", "#cartesian/conv5_2/100")
    page.wait("document.querySelector('#channel h2')?.textContent.endsWith(' 100')")
    for channel in range(101, 104):
        page.press("ArrowRight")
        drawn = f"document.querySelector('#channel h2').textContent.endsWith(' {channel}')"
        page.wait(f"{drawn} && [...document.querySelectorAll('.nine img')].every(i => i.complete)")
