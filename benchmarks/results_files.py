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
        differ = any(mine[variant] != theirs[variant] for variant in set(mine) & set(theirs))
        if differ or _data(mine) != _data(theirs):
            raise ValueError(f"{name}: the commands differ by more than their seeds")
        if _runs(other) & _runs(first):
            raise ValueError(f"{name}: a run stands in both files")
        first["runs"] += other["runs"]
    return first


def _commands(result: Result) -> dict[str, str]:
    """The command of each variant, or of the sweep, without seeds."""
    commands: dict[str, str] = {}
    for run in result["runs"]:
        title, command = (run["variant"], run["command"]) if "command" in run else ("", result["command"])
        command = re.sub(r" --seeds? \S+", "", command)
        if commands.setdefault(title, command) != command:
            raise ValueError(f"{title}: the commands of its runs differ by more than their seeds")
    return commands


def _data(commands: Mapping[str, str]) -> set[tuple[str, ...]]:
    """Recipe and data set of commands."""
    return {tuple(re.findall(r"--(?:recipe|data\.path) \S+", command)) for command in commands.values()}


def _runs(result: Result) -> set[tuple[str, str, int, str]]:
    """Variant, control, seed and view of every network."""
    return {
        (run["variant"], run["control"], run["seed"], view)
        for run in result["runs"]
        for view in VIEWS
        if f"top1_{view}" in run
    }


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
