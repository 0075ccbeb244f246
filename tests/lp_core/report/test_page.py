"""`page` writes a self-contained report: names are escaped, pictures sized, numbers as measured."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from lp_core.network.accuracy import Counts
from lp_core.network.predictions import Predictions, comparison
from lp_core.report.contents import ReportData, Sample, ViewReport, class_summary
from lp_core.report.page import duration, write_report
from lp_core.settings import NetworkSettings, Recipe, to_dict

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">&'\"{{ 7 * 7 }}"


def rows(layer: str, channel: int) -> list[dict[str, object]]:
    names = ["tench", "hen", "tench", HOSTILE]
    return [
        {"layer": layer, "channel": channel, "rank": rank, "activation": 9.0 - rank, "class_name": name}
        for rank, name in enumerate(names)
    ]


def view_report(view: str, channels: range = range(3)) -> ViewReport:
    layers = ("conv1_1", "conv5_2")
    return ViewReport(
        evaluation=Counts(600, 500, 590, 300.0).summary(),
        metrics=[{"epoch": 0.5, "loss": 2.0}, {"epoch": 1.0, "loss": 1.0}],
        panels={layer: {c: f"../{view}/panels/{layer}/{c}.png" for c in channels} for layer in layers},
        exemplars=[row for layer in layers for c in channels for row in rows(layer, c)],
    )


def report(**changes: object) -> ReportData:
    picture = np.full((32, 48, 3), 90, np.uint8)
    values: dict[str, object] = {
        "title": f"Demo {HOSTILE}",
        "classes": 12,
        "command": "logpolar demo",
        "recipe": to_dict(Recipe(name="demo")),
        "views": {view: view_report(view) for view in ("cartesian", "log_polar")},
        "samples": [
            Sample(
                class_name=HOSTILE,
                cartesian=picture,
                log_polar=picture,
                mapped_back=np.zeros((32, 48, 4), np.uint8),
            )
        ],
        "dataset": {"path": HOSTILE, "training images": 2400},
        "versions": {"torch": "2.15.0"},
        "seconds": {"train": 200.0},
    }
    return ReportData(**(values | changes))  # type: ignore[arg-type]


class Page(HTMLParser):
    """Every element of a page, and the text outside style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.elements if attribute in attrs]


def page_of(data: ReportData) -> Page:
    return Page(write_report(data)["index.html"].decode())


@pytest.fixture(scope="module")
def page() -> Page:
    return page_of(report())


def test_hostile_names_are_only_text(page: Page) -> None:
    assert HOSTILE in page.text
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert "x" not in page.values("src")


def test_needs_nothing_from_elsewhere(page: Page) -> None:
    for link in page.values("src") + page.values("href"):
        assert re.match(r"(#|images/|\.\./(cartesian|log_polar)/panels/|gallery)", link), link
    assert "http" not in write_report(report())["index.html"].decode().replace("http-equiv", "")


def test_pictures_are_written_or_stand_in_the_run_folder(page: Page) -> None:
    files = write_report(report())
    for link in page.values("src"):
        assert link in files or link.startswith("../")
    assert files["images/sample_01_cartesian.png"].startswith(b"\x89PNG")
    gallery = {name for name in files if name.startswith("gallery")}
    assert set(files) - gallery - {"index.html"} <= set(page.values("src"))


def test_policy_names_exactly_the_style_and_script_of_the_page() -> None:
    html = write_report(report())["index.html"].decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    for element in ("style", "script"):
        body = re.search(f"<{element}>(.*?)</{element}>", html, re.S)
        assert body is not None
        digest = base64.b64encode(hashlib.sha256(body[1].encode()).digest()).decode()
        assert f"{element}-src &#39;sha256-{digest}&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert not re.search(r'\sstyle="', html)


def test_every_channel_of_every_view_has_its_address(page: Page) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for view in ("cartesian", "log_polar"):
        for layer in ("conv1_1", "conv5_2"):
            for channel in range(3):
                assert f"{view}/{layer}/{channel}" in ids


def test_every_picture_has_a_size_a_text_and_is_loaded_late(page: Page) -> None:
    images = [attrs for tag, attrs in page.elements if tag == "img"]
    assert len(images) == 3 + 2 * 2 * 3
    for attrs in images:
        assert attrs["alt"]
        assert attrs["width"]
        assert attrs["height"]
        assert attrs["loading"] == "lazy"


def test_table_is_in_percent_with_intervals_and_chance(page: Page) -> None:
    text = " ".join(page.text.split())
    assert "83.33 80.1–86.1" in text
    assert "in 8.33 % of cases" in text
    assert "tench (2), hen" in text


def test_same_data_same_bytes() -> None:
    assert write_report(report()) == write_report(report())


def test_one_view_without_anything_else_is_a_page() -> None:
    views = {"log_polar": ViewReport(evaluation=Counts(10, 1, 5, 20.0).summary())}
    files = write_report(ReportData(title="small", classes=4, views=views))
    assert set(files) == {"index.html"}
    assert "Log-polar view" in files["index.html"].decode()
    with pytest.raises(ValueError, match="no view"):
        write_report(ReportData(title="none", classes=4, views={}))


def test_a_channel_shown_in_one_view_only_says_so() -> None:
    views = {"cartesian": view_report("cartesian"), "log_polar": view_report("log_polar", range(1))}
    assert write_report(report(views=views))["index.html"].decode().count("No panel was made") == 4


def test_a_long_layer_is_cut_and_says_so() -> None:
    views = {view: view_report(view, range(512)) for view in ("cartesian", "log_polar")}
    page = Page(write_report(report(views=views))["index.html"].decode())
    assert "24 of 512 channels" in " ".join(page.text.split())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.41, "0.4 s"), (42.4, "42 s"), (59.7, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_places_that_no_image_took_are_not_exemplars() -> None:
    rows = [{"layer": "conv1_1", "channel": 0, "rank": 0, "activation": 0.0, "class_name": None, "image_id": None}]
    views = {"cartesian": ViewReport(evaluation={}, exemplars=rows)}
    assert views["cartesian"].exemplars_of() == {}
    assert class_summary([]) == ""


def test_both_views_are_compared_in_words_and_by_class():
    def answers(seed: int) -> Predictions:
        rng = np.random.default_rng(seed)
        predicted = rng.integers(0, 2, 40)
        label = np.arange(40) % 2
        return Predictions(np.arange(40), label, predicted, (predicted != label) * 1, np.zeros(40))

    a, b = answers(0), answers(1)
    compared = {"a": "cartesian", "b": "log_polar", **comparison(a, b)}
    views = {
        view: ViewReport(evaluation=one.counts().summary(), by_class=one.by_class([HOSTILE, "hen", "none"]).to_pylist())
        for view, one in (("cartesian", a), ("log_polar", b))
    }
    text = page_of(report(views=views, comparison=compared)).text
    top1 = compared["top1"]
    assert f"alone named {top1['only_a']} correctly" in " ".join(text.split())
    assert f"p\xa0=\xa0{top1['p_value']:.2g}" in text
    assert HOSTILE in text
    hits = 100 * float((a.rank_N[a.label_N == 1] == 0).mean())
    assert f"hen20{hits:.1f}" in "".join(text.split())
    assert "by class" not in page_of(report()).text


def test_of_a_users_network_stand_the_settings_that_it_has() -> None:
    recipe = to_dict(Recipe(name="demo", network=NetworkSettings(modules="a Conv2d 3 4 3 1 1 1 1; a.relu ReLU")))
    text = "".join(page_of(report(recipe=recipe, network="1 layer, a")).text.split())
    assert "Aconvolutionalnetwork(1layer,a)wastrained" in text
    assert "Recipe:networkmodules2,inthecommandinitializationtorchvisionRecipe:train" in text
