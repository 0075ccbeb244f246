"""Tests of pictures in the report: claims with their rules, a table for each view, and drawn cascades."""

import re
from dataclasses import replace

import pyarrow as pa
import pytest

from lp_core.exemplars.sanity import SCHEMA
from lp_core.findings.pictures import picture_table, picture_values
from lp_core.findings.verdict_rows import RunSize, findings
from lp_core.measures.rules import PICTURES, committed_rules, read_rules
from lp_core.network.accuracy import Counts
from lp_core.report.cascade_picture import cascade_size
from lp_core.report.contents import Cascade, ReportData, ViewReport
from lp_core.report.page import write_report
from lp_core.settings import VIEW_NAMES
from tests.lp_core.report.simulated import measured_run

MEANS = {("retest", 0): 0.9, ("chance", 12): 0.1, ("random", 12): 0.3, ("edges", 0): 0.5, ("edges_chance", 0): 0.4}
MEANS |= {("retest_ssim", 0): 0.9, ("chance_ssim", 12): 0.1, ("random_ssim", 12): 0.2}
MEANS |= {("deletion_box", 0): 0.2, ("deletion_elsewhere", 0): 0.75}
MEANS |= {("occlusion_energy", 0): 0.3, ("occlusion_random", 0): 0.9, ("occlusion_edges", 0): 0.6}


@pytest.fixture(scope="module")
def html() -> str:
    rows = [("conv5_2", 3, 0, "guided", test, depth, value) for (test, depth), value in MEANS.items()]
    table = pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA)
    tables = pa.concat_tables([picture_table(view, table) for view in VIEW_NAMES])
    rules = read_rules(committed_rules(PICTURES))
    judged = findings([picture_values(tables)], [RunSize(224, 100, 5000, {})], rules)
    measured = measured_run()
    measured = replace(
        measured,
        findings=[*measured.findings, *judged],
        tables={**measured.tables, "pictures": tables.to_pylist()},
    )
    views = {view: ViewReport(evaluation=Counts(10, 1, 5, 20.0).summary()) for view in VIEW_NAMES}
    cascades = [
        Cascade(view="log_polar", layer=layer, channel=3, path=f"{layer}.webp", size=cascade_size(layer))
        for layer in ("conv5_2", "conv1_2")
    ]
    data = ReportData(title="t", classes=100, views=views, measured=measured, cascades=cascades)
    return write_report(data)["index.html"].decode()


def test_claims_are_shown_with_effect_and_rule(html) -> None:
    text = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    for claim in read_rules(committed_rules(PICTURES)).claims:
        assert claim.sentence in text
    assert text.count("25 % remains when all weights are random (one seed: a case report).") == 2
    assert text.count("costs 55 more percentage points of the activation") == 2
    assert "pictures.guided.survives below 0.5 by its interval" in text, "the rule of a further set"


def test_one_table_a_view_and_one_explanation(html) -> None:
    assert html.count('<figure class="table sanity">') == 2
    assert html.count("how much of a picture remains") == 1
    assert len(re.findall(r"<td[^>]*>\s*✓</td>", html)) == 2, "guided"
    assert len(re.findall(r"<td[^>]*>\s*\?</td>", html)) == 4, "rules that were not tested"


def test_the_last_layer_is_seen_and_others_open_on_demand(html) -> None:
    width, height = cascade_size("conv5_2")
    assert re.search(rf'src="conv5_2.webp" width="{width}" height="{height}"', html)
    assert html.index("conv5_2.webp") < html.index("The same in other layers") < html.index("conv1_2.webp")


def test_the_page_of_a_run_without_them_has_no_style_of_theirs() -> None:
    views = {"cartesian": ViewReport(evaluation=Counts(10, 1, 5, 20.0).summary())}
    page = write_report(ReportData(title="t", classes=100, views=views, measured=measured_run()))["index.html"].decode()
    assert "sanity" not in page
    assert "cascade" not in page
