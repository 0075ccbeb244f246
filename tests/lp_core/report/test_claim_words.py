"""`claim_words`: sentences have the size, the sign, the interval and the seeds of the finding."""

import pytest

from lp_core.report.claim_words import effect_text, number, rules_text
from tests.lp_core.report.simulated import measured_run, measured_sweep


def finding(measure: str, effect: float | None, **changes):
    row = {"view": "log_polar", "effect": effect, "low": None, "high": None, "seeds": 1, "reason": "r"}
    return row | {"conditions": [{"measure": measure, "rule": "m above 0"}]} | changes


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (finding("grouping.G.lambda", -0.031), "3.1 fewer are of one class"),
        (finding("grouping.G.lambda", 0.031, view="log_polar - cartesian"), "3.1 more of 100 pairs"),
        (finding("firing.foveal_index.against_untrained", -1.0), "0.50 times the share"),
        (finding("firing.foveal_index.against_untrained", -1.0, low=-2.0, high=0.0, seeds=3), "0.25 to 1.00, 3 seeds"),
        (finding("lesion.fovea_less_equal_cells", -2.5), "2.5 fewer percentage points"),
        (finding("another", -0.5), "another is −0.500 (one seed: a case report)."),
        (finding("another", None, reason="no such scan"), "Not measured: no such scan."),
    ],
)
def test_an_effect_in_words(row, text: str) -> None:
    assert text in effect_text(row)


def test_intervals_and_seeds_are_those_of_a_sweep() -> None:
    row = measured_sweep().findings[0]
    low, high = (f"{100 * row[end]:.1f}" for end in ("low", "high"))
    assert f"95 % interval {low} to {high}, 3 seeds" in effect_text(row)


@pytest.mark.parametrize(("value", "text"), [(-0.04, "0.0"), (-0.06, "−0.1"), (-2.6e-17, "0.0"), (3.14, "3.1")])
def test_a_zero_has_no_minus_sign(value: float, text: str) -> None:
    assert number(value, 1) == text


def test_rules_of_another_version_are_said_to_be_so() -> None:
    row = measured_run().findings[0]
    assert "supported if all of these hold" in rules_text(row)
    other = rules_text({**row, "rules": "0123456789abcdef"})
    assert "0123456789abcdef" in other
    assert row["conditions"][0]["rule"] in other
