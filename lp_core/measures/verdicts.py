"""From measured effects to a verdict, by rules that were written down before (`measure.toml`)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from lp_core.measures.intervals import Interval, equivalence, t_interval
from lp_core.measures.rules import ALL_LAYERS, Claim, Condition, Rules

Verdict = Literal["supported", "refuted", "undecided", "not measurable at this size"]
Outcome = Literal["holds", "fails", "open"]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a run, or the runs of a sweep, can speak about.

    Attributes:
        input_px: side of the network input.
        classes, images: of the split that was scanned.
        channels: of the claim's layer that entered.
        seeds: trainings.
    """

    input_px: int
    classes: int
    images: int
    channels: int
    seeds: int


@dataclass(frozen=True)
class Tested:
    """One condition and what the data say about it.

    Attributes:
        measure: its name.
        rule: the condition in words.
        outcome: holds, fails or open.
        interval: mean over seeds and its interval; None if it was not measured.
        reason: why it is so, in words.
    """

    measure: str
    rule: str
    outcome: Outcome
    interval: Interval | None
    reason: str


@dataclass(frozen=True)
class Finding:
    """One row of findings.json: a sentence, what was measured about it, and the verdict.

    Attributes:
        claim, sentence, view, layer, null: from the rules.
        verdict: by the rules.
        reason: what decided, in words.
        scope: sizes of the data.
        conditions: all that was tested; the first one's effect is the finding's.
        rules: fingerprint of the rules.
    """

    claim: str
    sentence: str
    view: str
    layer: str
    null: str
    verdict: Verdict
    reason: str
    scope: Scope
    conditions: tuple[Tested, ...]
    rules: str

    def to_row(self) -> dict[str, Any]:
        """Return a JSON object; what is not known is null."""
        first = self.conditions[0].interval
        row = asdict(self)
        row["conditions"] = [_json_ready(asdict(condition)) for condition in self.conditions]
        row |= {"effect": None, "low": None, "high": None}
        if first is not None:
            row |= {"effect": first.estimate, "low": first.low, "high": first.high}
        scope = row.pop("scope")
        row |= {name: scope[name] for name in ("images", "channels", "seeds", "classes", "input_px")}
        return _json_ready(row)


def judge(
    claim: Claim,
    measured: Mapping[str, Sequence[float]],
    scope: Scope,
    rules: Rules,
    missing: Mapping[str, str] | None = None,
    ordinary: Mapping[str, Sequence[float]] | None = None,
) -> Finding:
    """Return the verdict about a claim.

    Args:
        claim: one of `rules.claims`.
        measured: one value per seed by the name of the measure; measures that were not made are left out.
        scope: sizes of the data.
        rules: give the confidence, the level and the fingerprint.
        missing: why measures were not made, by their names.
        ordinary: the same measures in the ordinary view, where `measured` has differences between views.

    Raises:
        ValueError: a value is NaN; leave the measure out instead.
    """
    tested = []
    for condition in claim.conditions:
        result = _complete(_test(condition, measured, rules, missing or {}), scope.seeds, missing or {})
        tested.append(_beyond_seeds(result, (ordinary or {}).get(condition.measure, ())))
    too_small = [
        f"{name} is {getattr(scope, name)}, the rule needs {claim.at_least[name]}"
        for name in ("input_px", "classes", "images", "seeds")
        if getattr(scope, name) < claim.at_least.get(name, 0)
    ]
    unmeasurable = [reason for reason in too_small if reason.startswith(("input_px", "classes"))]
    failed = [
        result.reason
        for result, condition in zip(tested, claim.conditions, strict=True)
        if condition.refutes and result.outcome == "fails"
    ]
    verdict: Verdict
    if unmeasurable:
        is_empty = not measured and claim.layer != ALL_LAYERS and scope.channels == 0
        absent = [f"the network has no {claim.layer}, or no channel of it has nine images"] * is_empty
        if claim.conditions[0].measure in (missing or {}) and tested[0].interval is None:
            absent = [tested[0].reason]
        verdict, reasons = "not measurable at this size", absent + unmeasurable
    elif scope.seeds == 1:
        unmeasured = [result.reason for result in tested if result.interval is None]
        verdict, reasons = "undecided", ["one seed: a case report", *unmeasured]
    elif too_small:
        verdict, reasons = "undecided", too_small
    elif failed:
        verdict, reasons = "refuted", failed
    elif all(result.outcome == "holds" for result in tested):
        verdict, reasons = "supported", ["all conditions hold"]
    else:
        verdict, reasons = "undecided", [result.reason for result in tested if result.outcome != "holds"]
    return Finding(
        claim=claim.name,
        sentence=claim.sentence,
        view=claim.view,
        layer=claim.layer,
        null=claim.null,
        verdict=verdict,
        reason="; ".join(reasons),
        scope=scope,
        conditions=tuple(tested),
        rules=rules.fingerprint,
    )


def rule_text(claim: Claim) -> str:
    """Return the rule as text: what supports, refutes and limits the claim."""
    lines = [f"{claim.name} ({claim.view}, {claim.layer}): {claim.sentence}", "  supported if all of these hold:"]
    lines += [f"    {condition.text}" for condition in claim.conditions]
    lines += ["  refuted if one of these fails:"]
    lines += [f"    {condition.measure}" for condition in claim.conditions if condition.refutes]
    sizes = ", ".join(f"{name} {least}" for name, least in claim.at_least.items())
    return "\n".join([*lines, f"  needs at least: {sizes}", f"  null: {claim.null}"])


def _test(
    condition: Condition, measured: Mapping[str, Sequence[float]], rules: Rules, missing: Mapping[str, str]
) -> Tested:
    if condition.measure not in measured:
        why = f" ({missing[condition.measure]})" if condition.measure in missing else ""
        return Tested(condition.measure, condition.text, "open", None, f"{condition.measure} was not measured{why}")
    value_S = np.asarray(measured[condition.measure], np.float64)
    interval = t_interval(value_S, rules.confidence)
    above = condition.side == "above"
    # Turned so that the condition asks for values above 0.
    turned_S = (value_S - condition.bound) * (1 if above else -1)
    ends = "" if interval.n < 2 else f" [{interval.low:.3g}, {interval.high:.3g}]"
    seen = f"{condition.measure} is {interval.estimate:.3g}{ends}"
    outcome: Outcome = "open"
    if condition.decided_by == "mean":
        outcome = "holds" if turned_S.mean() >= 0 else "fails"
        return Tested(condition.measure, condition.text, outcome, interval, f"{seen}; {condition.text}: {outcome}")
    if interval.n < 2:
        return Tested(condition.measure, condition.text, "open", interval, f"{seen}; one seed has no interval")
    turned = t_interval(turned_S, rules.confidence)
    margin = _margin(condition, measured)
    if margin is not None and equivalence(turned_S, margin, rules.level).equivalent:
        # With enough seeds an effect can be certain and negligible: then it is negligible.
        reason = f"{seen}, equivalent to {condition.bound:g} within {margin:.3g}"
        return Tested(condition.measure, condition.text, "fails", interval, reason)
    if turned.low > 0:
        outcome = "holds"
    elif turned.high < 0:
        outcome = "fails"
    return Tested(condition.measure, condition.text, outcome, interval, f"{seen}; {condition.text}: {outcome}")


def _complete(tested: Tested, seeds: int, missing: Mapping[str, str]) -> Tested:
    """Open where some seeds have no value: those that have none may be the ones that speak against the claim."""
    if tested.interval is None or tested.interval.n >= seeds:
        return tested
    why = f" ({missing[tested.measure]})" if tested.measure in missing else ""
    reason = f"{tested.measure} has a value in {tested.interval.n} of {seeds} seeds{why}"
    return replace(tested, outcome="open", reason=reason)


def _beyond_seeds(tested: Tested, ordinary_S: Sequence[float]) -> Tested:
    """Open where views differ by no more than two ordinary networks of different seeds typically do."""
    if tested.outcome != "holds" or tested.interval is None or len(ordinary_S) < 2:
        return tested
    between = float(np.median([abs(a - b) for a, b in itertools.combinations(ordinary_S, 2)]))
    if abs(tested.interval.estimate) > between:
        return tested
    reason = f"{tested.measure} is {tested.interval.estimate:.3g}, two ordinary seeds differ by {between:.3g}"
    return replace(tested, outcome="open", reason=reason)


def _margin(condition: Condition, measured: Mapping[str, Sequence[float]]) -> float | None:
    """Half-width of what counts as no effect; None if there is none, or what it is a share of is unknown or not
    positive."""
    if condition.margin is None or condition.margin_of is None:
        return condition.margin
    margin = condition.margin * float(np.mean(measured.get(condition.margin_of, [math.nan])))
    return margin if margin > 0 else None


def _json_ready(value: Any) -> Any:
    """NaN and infinity become null: JSON knows neither."""
    if isinstance(value, dict):
        return {key: _json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_ready(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
