"""Findings in plain sentences: the effect with its interval, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lp_core.findings.values import ALL_LAYERS
from lp_core.measures.rules import CORE, EVOLUTION, PICTURES, TOLERANCE, committed_rules, read_rules
from lp_core.measures.verdicts import rule_text


@dataclass(frozen=True)
class Wording:
    """How the value of a measure is said.

    Attributes:
        text: with `{}` for the number, and, where `signed`, `{more}`.
        shown: from the measure's unit to the number in the sentence.
        digits: decimal places.
        signed: the size of the number is shown, and its sign in words.
        words: for above and for below 0.
    """

    text: str
    shown: Callable[[float], float] = float
    digits: int = 2
    signed: bool = False
    words: tuple[str, str] = ("more", "fewer")


def _percent(value: float) -> float:
    return 100 * value


def _times(value: float) -> float:
    return float(2**value)


_WORDINGS: dict[tuple[str, bool], Wording] = {
    ("grouping.G.lambda", False): Wording(
        "Of 100 pairs among a channel’s nine images, {} {more} are of one class than image popularity and the "
        "untrained network give",
        _percent,
        1,
        signed=True,
    ),
    ("grouping.G.lambda", True): Wording(
        "Beyond popularity and the untrained network, {} {more} of 100 pairs are of one class in the log-polar network "
        "than in the ordinary one",
        _percent,
        1,
        signed=True,
    ),
    ("firing.foveal_index.against_untrained", False): Wording(
        "The fovea has {} times the share of activation that it has in the untrained network", _times
    ),
    ("firing.foveal_index.against_scrambled", False): Wording(
        "The fovea has {} times the share of activation that phase-scrambled photographs give", _times
    ),
    ("firing.foveal_index.against_fixations", False): Wording(
        "The fovea has {} times the share of activation that random points of gaze give", _times
    ),
    ("tolerance.rotation.area", True): Wording(
        "Of what it knows upright, the log-polar network keeps {} {more} percentage points on average over all angles "
        "than the ordinary one does",
        _percent,
        1,
        signed=True,
    ),
    ("tolerance.scale.area", True): Wording(
        "Of what it knows at half the shorter side, the log-polar network keeps {} {more} percentage points on average "
        "over two octaves than the ordinary one does",
        _percent,
        1,
        signed=True,
    ),
    ("tolerance.crossing_px", True): Wording(
        "Window and scotoma are worth the same at a radius that is {} px {more} in the log-polar network",
        float,
        1,
        signed=True,
        words=("larger", "smaller"),
    ),
    ("pictures.guided.survives", False): Wording(
        "Of what a picture shares with itself beyond chance, {} % remains when all weights are random", _percent, 0
    ),
    ("pictures.guided.deletion.effect", False): Wording(
        "Blanking what the picture shows costs {} {more} percentage points of the activation than "
        "an equal box elsewhere",
        _percent,
        0,
        signed=True,
    ),
    ("evolution.depth_birth_rho", False): Wording(
        "Depth of the layer and median birth of its channels correlate by {} (Spearman)", float, 2
    ),
    ("evolution.depth_birth_rho.by_weights", False): Wording(
        "Depth of the layer and the way that its weights had gone by then correlate by {} (Spearman)", float, 2
    ),
    ("lesion.fovea_less_equal_cells", False): Wording(
        "Blanking the fovea costs {} {more} percentage points of top-1 than blanking as many cells elsewhere",
        float,
        1,
        signed=True,
    ),
}
"""By measure, and whether it is a difference of views."""


def effect_text(finding: Mapping[str, Any]) -> str:
    """Return the effect of a finding as a sentence with its interval: "... (95 % interval 1.2 to 3.4, 8 seeds)."

    Args:
        finding: a row of findings.json; its first condition has the effect.
    """
    measure, effect = finding["conditions"][0]["measure"], finding["effect"]
    if effect is None:
        return f"Not measured: {finding['reason']}."
    is_difference = " - " in finding["view"]
    between = ", log-polar less ordinary view," if is_difference else ""
    wording = _WORDINGS.get((measure, is_difference), Wording(f"{measure}{between} is {{}}", float, 3))
    seeds = finding["seeds"]
    if finding["low"] is None:
        basis = "one seed: a case report" if seeds == 1 else f"{seeds} seeds, no interval"
    else:
        low, high = (number(wording.shown(finding[end]), wording.digits) for end in ("low", "high"))
        basis = f"95 % interval {low} to {high}, {seeds} seeds"
    value = wording.shown(effect)
    more = wording.words[value < 0]
    shown = number(abs(value) if wording.signed else value, wording.digits)
    return f"{wording.text.format(shown, more=more)} ({basis})."


def basis_text(finding: Mapping[str, Any]) -> str:
    """Return what a finding rests on: "600 images of 12 classes, 64 channels of conv5_2, one seed, 48 px"."""
    seeds = "one seed" if finding["seeds"] == 1 else f"{finding['seeds']} seeds"
    channels = "" if finding["layer"] == ALL_LAYERS else f"{finding['channels']:,} channels of {finding['layer']}, "
    return (
        f"{finding['images']:,} images of {finding['classes']:,} classes, {channels}{seeds}, {finding['input_px']} px"
    )


def rules_text(finding: Mapping[str, Any]) -> str:
    """Return the rule that a finding was judged by; only its conditions where the rules are of another version."""
    for rules in (read_rules(committed_rules(name)) for name in (CORE, TOLERANCE, PICTURES, EVOLUTION)):
        claims = {claim.name: claim for claim in rules.claims}
        if finding["rules"] == rules.fingerprint and finding["claim"] in claims:
            return rule_text(claims[finding["claim"]])
    conditions = "\n".join(f"  {condition['rule']}" for condition in finding["conditions"])
    return f"conditions of rules {finding['rules']}, which this version of Logpolar does not have:\n{conditions}"


def number(value: float, digits: int) -> str:
    """Return a number with a minus sign rather than a hyphen: "−0.3"."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")  # no minus before a zero
