"""`verdicts`: the printed rule gives each verdict where it should."""

import json
import math

import pytest

from lp_core.measures.rules import committed_rules, read_rules
from lp_core.measures.verdicts import Scope, judge, rule_text

RULES = """
confidence = 0.95
level = 0.05

[[claim]]
name = "weaker"
sentence = "Grouping is weaker."
view = "log_polar - cartesian"
layer = "conv5_2"
null = "none"
at_least = { input_px = 64, classes = 100, images = 5000, seeds = 3 }

[[claim.condition]]
measure = "G"
side = "below"
bound = 0.0
margin = 0.1
margin_of = "G.cartesian"
refutes = true

[[claim.condition]]
measure = "W"
side = "below"
bound = 0.0

[[claim.condition]]
measure = "share"
side = "above"
bound = 0.5
decided_by = "mean"
"""
LARGE = {"input_px": 224, "classes": 1000, "images": 50_000, "channels": 512, "seeds": 4}
WEAKER = {"G": [-0.2, -0.25, -0.22, -0.19], "W": [-0.1, -0.12, -0.08, -0.11], "share": [0.6, 0.5, 0.7, 0.4]}
WEAKER["G.cartesian"] = [0.5, 0.5, 0.5, 0.5]


def verdict(measured, **scope):
    rules = read_rules(RULES)
    return judge(rules.claims[0], measured, Scope(**(LARGE | scope)), rules)


@pytest.mark.parametrize(
    ("change", "expected", "reason"),
    [
        ({}, "supported", "all conditions hold"),
        ({"G": [0.2, 0.25, 0.22, 0.19]}, "refuted", "G is 0.215"),
        ({"G": [0.001, -0.002, 0.003, -0.001]}, "refuted", "equivalent to 0 within 0.05"),
        ({"G": [-0.010, -0.011, -0.012, -0.011]}, "refuted", "equivalent to 0 within 0.05"),
        ({"G": [0.2, -0.25, 0.22, -0.19]}, "undecided", "G is"),
        ({"G": [0.001, -0.002, 0.003, -0.001], "G.cartesian": [0.0] * 4}, "undecided", "G is"),
        ({"W": [0.1, 0.12, 0.08, 0.11]}, "undecided", "W is 0.102"),
        ({"share": [0.4, 0.5, 0.5, 0.4]}, "undecided", "share is 0.45"),
        ({"W": None}, "undecided", "W was not measured"),
    ],
)
def test_verdicts_follow_the_rule(change, expected, reason):
    measured = {name: values for name, values in (WEAKER | change).items() if values is not None}
    finding = verdict(measured)
    assert finding.verdict == expected
    assert reason in finding.reason


@pytest.mark.parametrize(
    ("scope", "expected", "reason"),
    [
        ({"input_px": 32}, "not measurable at this size", "input_px is 32, the rule needs 64"),
        ({"classes": 12, "seeds": 1}, "not measurable at this size", "classes is 12"),
        ({"images": 600}, "undecided", "images is 600"),
        ({"seeds": 2}, "undecided", "seeds is 2"),
        ({"seeds": 1}, "undecided", "one seed: a case report"),
    ],
)
def test_what_is_too_small_is_said_to_be(scope, expected, reason):
    finding = verdict(WEAKER, **scope)
    assert finding.verdict == expected
    assert reason in finding.reason


def test_rows_are_plain_json():
    row = verdict({"G": [-0.2]}, seeds=1).to_row()
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    assert (row["effect"], row["low"], row["images"], row["seeds"]) == (-0.2, None, 50_000, 1)
    assert row["conditions"][1]["interval"] is None
    assert verdict({}).to_row()["effect"] is None


def test_the_rule_is_printed():
    text = rule_text(read_rules(RULES).claims[0])
    assert "G below 0 by its interval, none within 0.1 of G.cartesian" in text
    assert "share above 0.5 by its mean" in text
    assert "input_px 64, classes 100, images 5000, seeds 3" in text


def test_the_committed_rules_are_sound():
    rules = read_rules(committed_rules())
    assert [claim.name for claim in rules.claims] == [
        "strong-grouping",
        "strong-grouping-log-polar",
        "weaker-grouping-log-polar",
        "fovea-not-useful",
    ]
    assert len(rules.fingerprint) == 16
    assert rules.fingerprint != read_rules(RULES).fingerprint
    toy = Scope(input_px=64, classes=12, images=600, channels=64, seeds=8)
    for claim in rules.claims:
        assert judge(claim, {}, toy, rules).verdict == "not measurable at this size"
        assert rule_text(claim)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('side = "above"', 'side = "over"', "condition share: side is 'over'; give above or below"),
        ("margin = 0.1", "margin = -1", "condition G: margin is -1; give more than 0"),
        ("margin = 0.1\n", "", "condition G: margin_of needs a margin"),
        ("refutes = true", "refutes = false", "claim weaker: no condition has refutes"),
        ("bound = 0.5", "limit = 0.5", "condition share: bound is missing"),
        ("bound = 0.5", "bound = 0.5\nlimit = 1", "condition share: 'limit' is unknown"),
        ("level = 0.05", "level = 5", "level is 5; give a number between 0 and 1"),
        ("confidence = 0.95", "confidence =", "measure.toml: "),
        (", seeds = 3", "", "at_least: seeds is missing"),
    ],
)
def test_rules_that_make_no_sense_are_refused(old, new, message):
    with pytest.raises(ValueError) as error:
        read_rules(RULES.replace(old, new))
    assert message in str(error.value)


def test_two_claims_of_one_name_are_refused():
    claim = RULES[RULES.index("[[claim]]") :]
    with pytest.raises(ValueError, match="weaker, weaker"):
        read_rules(RULES + claim)


def test_an_unmeasured_value_is_no_value():
    with pytest.raises(ValueError, match="NaN"):
        verdict({"G": [math.nan, 1.0]})


def test_a_layer_that_is_not_there_is_the_first_reason() -> None:
    absent = verdict({}, classes=10, channels=0)
    assert absent.verdict == "not measurable at this size"
    assert absent.reason.startswith("the network has no conv5_2, or no channel of it has nine images; classes is 10")
    assert verdict(WEAKER, classes=10, channels=0).reason == "classes is 10, the rule needs 100"


def test_what_keeps_an_effect_from_being_measured_is_the_first_reason() -> None:
    rules = read_rules(RULES)
    scope = Scope(**(LARGE | {"classes": 10, "channels": 0}))
    found = judge(rules.claims[0], {}, scope, rules, {"G": "the run has no cartesian view"})
    assert found.reason == "G was not measured (the run has no cartesian view); classes is 10, the rule needs 100"


@pytest.mark.parametrize(
    ("ordinary", "expected"),
    [
        ([0.4, 0.5, 0.45, 0.55], "supported"),
        ([0.1, 0.9, 0.4, 0.6], "undecided"),
        ([0.3], "supported"),
        ([], "supported"),
    ],
)
def test_views_must_differ_by_more_than_two_ordinary_seeds(ordinary, expected):
    """Of the second four, two typically differ by 0.4, the views by 0.215."""
    rules = read_rules(RULES)
    found = judge(rules.claims[0], WEAKER, Scope(**LARGE), rules, ordinary={"G": ordinary})
    assert found.verdict == expected
    assert ("two ordinary seeds differ by 0.4" in found.reason) == (expected == "undecided")


def test_seeds_without_a_value_leave_a_condition_open():
    """What has no value, such as a crossing that is never reached, may be what speaks against the claim."""
    short = {name: values[:3] for name, values in WEAKER.items()}
    found = verdict(short)
    assert found.verdict == "undecided"
    assert "G has a value in 3 of 4 seeds" in found.reason
    assert verdict(short, seeds=3).verdict == "supported"
