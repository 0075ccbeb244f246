"""`seeds_figure`: every seed is a dot, equal seeds are joined, and nothing known is no figure."""

from xml.etree import ElementTree

from lp_core.report.seeds_figure import SeedValues, seeds_figure


def dots(svg: str) -> int:
    root = ElementTree.fromstring(svg.replace("xlink:href", "href"))
    return sum(element.tag.endswith("use") and "clip-path" in str(element.attrib) for element in root.iter()) or sum(
        element.tag.endswith("use") for element in root.iter()
    )


def test_more_seeds_are_more_dots() -> None:
    few, many = (
        seeds_figure(
            "x",
            {"base": SeedValues(trained={view: dict.fromkeys(range(n), 1.0) for view in ("cartesian", "log_polar")})},
            "x",
        )
        for n in (2, 5)
    )
    assert few is not None
    assert many is not None
    assert dots(many) - dots(few) == 2 * 3


def test_nothing_known_is_no_figure() -> None:
    assert seeds_figure("x", {"base": SeedValues(trained={})}, "x") is None
