"""The committed results, a file for each sweep in docs/results, and how their numbers are written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lp_core.measures.comparison import PairedDifference, paired_difference
from lp_core.measures.intervals import Interval

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "docs" / "results"
VIEWS = {"cartesian": "ordinary", "log_polar": "log-polar"}
Result = Mapping[str, Any]


def read(name: str) -> Result:
    """The committed results of a sweep; `A+B` has the runs of both, and else what A has.

    Raises:
        ValueError: the commands of two files, or of a variant in both, differ by more than their seeds, or a run stands
            in both.
    """
    first, *others = [json.loads((RESULTS / f"{part}.json").read_text()) for part in name.split("+")]
    for other in others:
        mine, theirs = _commands(first), _commands(other)
        if any(mine[variant] != theirs[variant] for variant in set(mine) & set(theirs)):
            raise ValueError(f"{name}: the commands differ by more than their seeds")
        if _runs(other) & _runs(first):
            raise ValueError(f"{name}: a run stands in both files")
        first["runs"] += other["runs"]
    return first


def _commands(result: Result) -> dict[str, str]:
    """The command of each variant, or of the sweep, without seeds."""
    commands = {run["variant"]: run["command"] for run in result["runs"] if "command" in run}
    return {
        variant: re.sub(r" --seeds? \S+", "", command)
        for variant, command in (commands or {"": result["command"]}).items()
    }


def _runs(result: Result) -> set[tuple[str, str]]:
    return {(run["variant"], run["run"]) for run in result["runs"]}


def mean_text(values: Mapping[int, float], digits: int = 1) -> str:
    """`76.2 (SD 0.8)`; a single value stands alone."""
    if not values:
        return ""
    data = np.array(list(values.values()))
    spread = f" (SD {data.std(ddof=1):.{digits}f})" if len(data) > 1 else ""
    return f"{data.mean():.{digits}f}{spread}"


def paired(one: Mapping[int, float], other: Mapping[int, float]) -> PairedDifference | None:
    """What `one` has more than `other`, over the seeds of both."""
    seeds = sorted(set(one) & set(other))
    return paired_difference([one[seed] for seed in seeds], [other[seed] for seed in seeds]) if seeds else None


def interval_text(difference: PairedDifference | None, digits: int = 1) -> str:
    """`-8.2 [-9.0, -7.4]`; one seed has no interval."""
    if difference is None:
        return ""
    found = difference.interval
    ends = f" {ends_text(found, digits)}" if found.n > 1 else ", one seed"
    return f"{found.estimate:+.{digits}f}{ends}"


def ends_text(found: Interval, digits: int = 1) -> str:
    return f"[{found.low:+.{digits}f}, {found.high:+.{digits}f}]"
