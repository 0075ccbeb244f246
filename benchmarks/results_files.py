"""The committed results: a file for each sweep, in docs/results."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "docs" / "results"
Result = Mapping[str, Any]


def read(name: str) -> Result:
    """The committed results of a sweep; `A+B` has the runs of both, and else what A has.

    Raises:
        ValueError: the commands of two files differ by more than their seeds, or a seed stands in both.
    """
    first, *others = [json.loads((RESULTS / f"{part}.json").read_text()) for part in name.split("+")]
    for other in others:
        if _but_seeds(other["command"]) != _but_seeds(first["command"]):
            raise ValueError(f"{name}: the commands differ by more than their seeds")
        if {run["run"] for run in other["runs"]} & {run["run"] for run in first["runs"]}:
            raise ValueError(f"{name}: a run stands in both files")
        first["runs"] += other["runs"]
    return first


def _but_seeds(command: str) -> str:
    return re.sub(r" --seeds \S+", "", command)
