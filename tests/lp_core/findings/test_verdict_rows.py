"""`verdict_rows`: each claim gets a row, from the values of its view and layer, with the reason for what is missing."""

import json
from dataclasses import replace

import pytest

from lp_core.findings.values import ALL_LAYERS, DIFFERENCE, Absence
from lp_core.findings.verdict_rows import RunSize, finding_line, findings, findings_document
from lp_core.measures.rules import EVOLUTION, PICTURES, TOLERANCE, committed_rules, read_rules

RULES = read_rules(committed_rules())
SIZE = RunSize(224, 1000, 50_000, {("cartesian", "conv5_2"): 500, ("log_polar", "conv5_2"): 400})
ORDINARY = {
    ("cartesian", "conv5_2", "grouping.G.lambda"): 0.2,
    ("cartesian", "conv5_2", "grouping.G.significant_share"): 0.7,
    ("cartesian", "conv5_1", "grouping.G.lambda"): -9.0,
}


def judged(runs, sizes=None, absences=()):
    rows = findings(runs, sizes or [SIZE] * len(runs), RULES, absences)
    assert [row["claim"] for row in rows] == [claim.name for claim in RULES.claims]
    return {row["claim"]: row for row in rows}


def test_seeds_that_agree_support_a_claim_about_their_view_alone():
    runs = [{key: value + 0.01 * seed for key, value in ORDINARY.items()} for seed in range(4)]
    rows = judged(runs)
    row = rows["strong-grouping"]
    assert (row["verdict"], row["seeds"], row["channels"]) == ("supported", 4, 500)
    assert row["effect"] == pytest.approx(0.215)
    assert row["low"] < 0.215 < row["high"]
    assert rows["strong-grouping-log-polar"]["verdict"] == "undecided"
    assert rows["weaker-grouping-log-polar"]["channels"] == 400


def test_one_seed_is_a_case_report():
    row = judged([ORDINARY])["strong-grouping"]
    assert (row["verdict"], row["reason"], row["low"]) == ("undecided", "one seed: a case report", None)


def test_a_run_counts_once_for_a_claim_about_all_layers():
    rules = read_rules(committed_rules(EVOLUTION))
    runs = [{("cartesian", "all", "evolution.depth_birth_rho"): rho} for rho in (0.5, 0.7, 0.8)]
    row = findings(runs, [SIZE] * 3, rules)[0]
    assert (row["verdict"], row["seeds"]) == ("supported", 3)
    alone = findings(runs[:1], [SIZE], rules)[0]
    assert (alone["verdict"], alone["low"]) == ("undecided", None)


def test_what_is_missing_is_said_with_its_reason():
    absences = [Absence("log_polar", "grouping.G.lambda", "there is no untrained network")]
    rows = judged([ORDINARY], absences=absences)
    missing = "grouping.G.lambda was not measured (there is no untrained network)"
    assert missing in rows["strong-grouping-log-polar"]["reason"]
    assert missing in rows["weaker-grouping-log-polar"]["reason"]
    assert missing not in rows["strong-grouping"]["reason"]


def test_the_smallest_run_decides_the_size():
    row = judged([ORDINARY] * 3, [SIZE, replace(SIZE, classes=12), SIZE])["strong-grouping"]
    assert (row["verdict"], row["classes"]) == ("not measurable at this size", 12)


def test_a_margin_is_a_share_of_the_ordinary_view():
    """The difference is negligible beside the ordinary Lambda, and certain: as strong as the ordinary view."""
    key = (DIFFERENCE, "conv5_2", "grouping.G.lambda")
    runs = [{key: -0.001 - 0.0001 * seed, (*key[:2], f"{key[2]}.cartesian"): 0.2} for seed in range(4)]
    assert judged(runs)["weaker-grouping-log-polar"]["verdict"] == "refuted"


@pytest.mark.parametrize(("apart", "verdict"), [(0.01, "supported"), (0.5, "undecided")])
def test_a_difference_of_views_is_compared_with_that_of_two_ordinary_seeds(apart, verdict):
    """Views differ by 0.2 in every measure, ordinary seeds by one to three times `apart`."""
    rules = read_rules(committed_rules(TOLERANCE))
    names = [condition.measure for condition in rules.claims[0].conditions]
    runs = [
        {(DIFFERENCE, ALL_LAYERS, name): 0.2 + 0.001 * seed for name in names}
        | {("cartesian", ALL_LAYERS, name): 0.5 + apart * seed for name in names}
        for seed in range(4)
    ]
    row = findings(runs, [SIZE] * 4, rules)[0]
    assert (row["claim"], row["verdict"]) == ("rotation-tolerance", verdict)
    assert ("two ordinary seeds differ by" in row["reason"]) == (verdict == "undecided")


def test_the_document_is_json_and_a_line_says_it_all():
    rows = list(judged([ORDINARY]).values())
    document = findings_document(rows, RULES)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["format"], document["rules"]) == (1, RULES.fingerprint)
    assert finding_line(rows[0]) == "strong-grouping: undecided; effect 0.2; one seed: a case report"
    assert finding_line(rows[0] | {"low": 0.1, "high": 0.3}).startswith(
        "strong-grouping: undecided; effect 0.2 [0.1, 0.3]; "
    )
    assert "effect not measured" in finding_line(rows[3])


def test_no_run_is_no_finding():
    with pytest.raises(ValueError, match="no run was measured"):
        findings([], [], RULES)


def test_a_claim_about_pictures_counts_the_channels_whose_pictures_were_tested():
    rules = read_rules(committed_rules(PICTURES))
    key = ("cartesian", "conv5_2", "pictures.guided.survives")
    for tested, channels in ((None, 500), ({("cartesian", "conv5_2"): 2}, 2), ({}, 0)):
        [row, *_] = findings([{key: 0.1}], [replace(SIZE, picture_channels=tested)], rules)
        assert (row["claim"], row["channels"]) == ("pictures-depend-on-weights", channels)


def test_a_claim_about_whole_networks_counts_each_seed_once_and_the_images_it_rests_on():
    rules = read_rules(committed_rules(TOLERANCE))
    key = (DIFFERENCE, ALL_LAYERS, "tolerance.scale.area")
    size = replace(SIZE, tolerance_images=5000)
    row = {one["claim"]: one for one in findings([{key: 0.1}], [size], rules)}["scale-tolerance"]
    assert (row["effect"], row["low"], row["seeds"], row["images"]) == (0.1, None, 1, 5000)
    runs = [{key: 0.1 + 0.001 * seed} for seed in range(3)]
    row = {one["claim"]: one for one in findings(runs, [size] * 3, rules)}["scale-tolerance"]
    assert row["verdict"] == "supported"
    none = [{key: 0.001 * seed} for seed in (-1, 0, 1)]
    row = {one["claim"]: one for one in findings(none, [size] * 3, rules)}["scale-tolerance"]
    assert row["verdict"] == "refuted"  # equivalent to none within the margin
