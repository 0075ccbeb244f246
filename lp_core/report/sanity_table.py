"""The table that says which rule's pictures to trust in which layer, from the tests of pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lp_core.findings.pictures import rule_values
from lp_core.report.measured import Measured, is_known
from lp_core.report.tile import RULE_TITLES
from lp_core.settings import Rule, ViewName

MOST_SURVIVING = 0.5
"""Share of a picture that may remain with random weights. Source: the claim `pictures-depend-on-weights`."""
LEAST_EFFECT = 0.05
"""Share of the activation that blanking must cost more than its controls. Source: `pictures-show-what-drives`."""


@dataclass(frozen=True, kw_only=True)
class SanityCell:
    """What was found about the pictures of one layer by one rule.

    Attributes:
        survives, survives_ssim: in percent: 0 as unrelated pictures, 100 as the same picture under noise; by rank
            correlation and by structural similarity.
        edges, edges_random: rank correlation with the edges of the own image less that with another's, of the picture
            by the network's own weights and by random ones.
        deletion, occlusion: percentage points of the activation that the test costs more than its control.
        trust: whether the pictures pass; None where a test could not be made.
        reason: what decides, in words.
    """

    survives: str
    survives_ssim: str
    edges: str
    edges_random: str
    deletion: str
    occlusion: str
    trust: bool | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class SanityTable:
    """Rows of one view: a layer, and its cells in the order of the rules."""

    view: ViewName
    rules: Sequence[str]
    rows: Sequence[tuple[str, Sequence[SanityCell]]]


def sanity_tables(measured: Measured, views: Sequence[ViewName]) -> list[SanityTable]:
    """Return a table for each view whose pictures were tested."""
    tables = []
    for view in views:
        depths: dict[str, int] = {}  # a layer's largest one is its place in the network
        for row in measured.rows("pictures", view=view):
            depths[row["layer"]] = max(row["depth"], depths.get(row["layer"], 0))
        layers = sorted(depths, key=lambda layer: depths[layer])
        rows = [(layer, [_cell(measured, view, layer, rule) for rule in RULE_TITLES]) for layer in layers]
        if rows:
            tables.append(SanityTable(view=view, rules=list(RULE_TITLES.values()), rows=rows))
    return tables


def _cell(measured: Measured, view: ViewName, layer: str, rule: Rule) -> SanityCell:
    tests: dict[str, dict[int, float]] = {}
    for row in measured.rows("pictures", view=view, layer=layer, rule=rule):
        if is_known(row["mean"]):
            tests.setdefault(row["test"], {})[row["depth"]] = row["mean"]
    values = rule_values(tests)
    survives = (values["survives"], values["survives_ssim"])
    effects = (values["deletion.effect"], values["occlusion.against_edges"])
    trust, reason = verdict(survives, effects)
    return SanityCell(
        survives=shown(100 * survives[0], "{:.0f}"),
        survives_ssim=shown(100 * survives[1], "{:.0f}"),
        edges=shown(values["edges"], "{:+.2f}"),
        edges_random=shown(values["edges_random"], "{:+.2f}"),
        deletion=shown(100 * effects[0], "{:+.0f}"),
        occlusion=shown(100 * effects[1], "{:+.0f}"),
        trust=trust,
        reason=reason,
    )


def verdict(survives: Sequence[float], effects: Sequence[float]) -> tuple[bool | None, str]:
    """Return whether pictures pass, None where a test could not be made and none failed; and what decides, in words.

    Args:
        survives: shares of a picture that remain with random weights, by two likenesses; NaN where unknown.
        effects: shares of the activation that blanking costs more than its controls, NaN where unknown.
    """
    if any(share >= MOST_SURVIVING for share in survives):
        return False, "random weights draw much the same"
    if any(effect < LEAST_EFFECT for effect in effects):
        return False, "what it shows does not drive the unit more than other parts"
    if all(map(math.isnan, survives)):
        return None, "pictures of unrelated units are as alike as the same picture under noise"
    if any(math.isnan(effect) for effect in effects):
        return None, "the receptive field leaves no room for a control"
    return True, "depends on the weights, and shows what drives the unit"


def shown(value: float, form: str) -> str:
    """Return a number with a minus sign rather than a hyphen, zero without a sign; a dash where it is not known."""
    if not math.isfinite(value):
        return "–"
    shown = form.format(value)
    return shown.replace("-", "−") if float(shown) else shown.lstrip("+-")
