"""The rows of findings.json: every claim of the rules, judged by the values of one run or of the seeds of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lp_core.findings.values import ALL_LAYERS, DIFFERENCE, Absence, Values
from lp_core.measures.rules import Claim, Rules

if TYPE_CHECKING:
    from lp_core.measures.verdicts import Scope

FORMAT = 1
"""Number that changes when an older version could misread findings.json."""


@dataclass(frozen=True)
class RunSize:
    """How large a run is.

    Attributes:
        input_px: side of the network input.
        classes, images: of the split that was scanned.
        channels: channels with nine images, by view and layer.
        tolerance_images: that the tolerance test looked at; None where it was not made.
        picture_channels: channels whose pictures were tested, by view and layer; None where none were.
    """

    input_px: int
    classes: int
    images: int
    channels: Mapping[tuple[str, str], int]
    tolerance_images: int | None = None
    picture_channels: Mapping[tuple[str, str], int] | None = None

    def channels_of(self, claim: Claim, view: str) -> int:
        """Return how many channels of a view a claim rests on."""
        of_pictures = claim.conditions[0].measure.startswith("pictures.")
        counts = self.picture_channels if of_pictures and self.picture_channels is not None else self.channels
        return counts.get((view, claim.layer), 0)

    def images_of(self, claim: Claim) -> int:
        """Return how many images a claim rests on."""
        of_tolerance = claim.conditions[0].measure.startswith("tolerance.")
        return self.tolerance_images if of_tolerance and self.tolerance_images is not None else self.images


def findings(
    runs: Sequence[Values], sizes: Sequence[RunSize], rules: Rules, absences: Sequence[Absence] = ()
) -> list[dict[str, Any]]:
    """Return a row per claim (`Finding.to_row`); the runs are the seeds.

    Args:
        runs: values of every run.
        sizes: of every run; the smallest counts.
        rules: `read_rules`.
        absences: measures that could not be made, and why.

    Raises:
        ValueError: no run.
    """
    from lp_core.measures.verdicts import judge  # SciPy, which showing finished findings does not need

    if not runs:
        raise ValueError("no run was measured, so no claim can be judged")
    rows = []
    for claim in rules.claims:
        names = dict.fromkeys(
            name for condition in claim.conditions for name in (condition.measure, condition.margin_of)
        )
        by_name = {name: _of_runs(runs, claim.view, claim.layer, name) for name in names if name}
        measured = {name: values for name, values in by_name.items() if values}
        missing = {name: reason for name in by_name if (reason := _reason(claim, name, absences))}
        of_views = measured if claim.view == DIFFERENCE else ()
        ordinary = {name: _of_runs(runs, "cartesian", claim.layer, name) for name in of_views}
        rows.append(judge(claim, measured, _scope(claim, sizes), rules, missing, ordinary).to_row())
    return rows


def findings_document(rows: Sequence[Mapping[str, Any]], rules: Rules) -> dict[str, Any]:
    """Return the content of findings.json."""
    return {"format": FORMAT, "rules": rules.fingerprint, "findings": list(rows)}


def finding_line(row: Mapping[str, Any]) -> str:
    """Return a finding in one line: claim, verdict, effect with its interval, and why."""
    effect = "not measured" if row["effect"] is None else f"{row['effect']:.3g}"
    interval = "" if row["low"] is None else f" [{row['low']:.3g}, {row['high']:.3g}]"
    return f"{row['claim']}: {row['verdict']}; effect {effect}{interval}; {row['reason']}"


def _of_runs(runs: Sequence[Values], view: str, layer: str, name: str) -> list[float]:
    """A measure of a layer, or of the whole network, in the runs that have it."""
    keys = [(view, each, name) for each in dict.fromkeys((layer, ALL_LAYERS))]
    return [run[key] for run in runs for key in keys if key in run]


def _reason(claim: Claim, measure: str, absences: Sequence[Absence]) -> str | None:
    reasons = [absence.reason for absence in absences if absence.concerns(claim.view, measure)]
    return reasons[0] if reasons else None


def _scope(claim: Claim, sizes: Sequence[RunSize]) -> Scope:
    from lp_core.measures.verdicts import Scope

    channels = [size.channels_of(claim, view) for size in sizes for view in claim.view.split(" - ")]
    return Scope(
        input_px=min(size.input_px for size in sizes),
        classes=min(size.classes for size in sizes),
        images=min(size.images_of(claim) for size in sizes),
        channels=min(channels),
        seeds=len(sizes),
    )
