"""Tables of committed results about claims: verdicts, their conditions, and what lies between the views."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.results_files import read
from benchmarks.timing import table_head, table_row
from lp_core.report.claim_words import effect_text

SMALL = "not measurable at this size"


def verdicts_table(name: str, *claims: str) -> list[str]:
    """Effect and verdict for every claim, or for some, with the conditions that do not hold."""
    lines = [table_head("claim", "effect", "verdict")]
    for row in _findings(name, claims):
        missed = [f"{each['measure']} {each['outcome']}" for each in row["conditions"] if each["outcome"] != "holds"]
        verdict = ": ".join([row["verdict"], *([", ".join(missed)] if missed and row["verdict"] != SMALL else [])])
        lines.append(table_row(row["sentence"], effect_text(row), verdict))
    return lines


def claim_table(claim: str, *names: str) -> list[str]:
    """Every condition of one claim over several sets, then the verdicts."""
    findings = [row for name in names for row in _findings(name, [claim])]
    lines = [table_head("condition", *names)]
    for place, condition in enumerate(findings[0]["conditions"]):
        found = [row["conditions"][place] for row in findings]
        if {each["measure"] for each in found} != {condition["measure"]}:
            raise ValueError(f"{claim}: the sets {', '.join(names)} have other conditions")
        rule = next(filter(None, map(_rule, found)), condition["measure"])
        lines.append(table_row(rule, *map(_outcome, found)))
    return [*lines, table_row("verdict", *(row["verdict"] for row in findings))]


def _rule(condition: Mapping[str, Any]) -> str:
    """`grouping.G.lambda above 0 by its interval`; nothing where the reason does not say it."""
    _, found, rule = condition["reason"].removesuffix(f": {condition['outcome']}").partition("; ")
    return rule if found and rule.startswith(condition["measure"]) else ""


def _outcome(condition: Mapping[str, Any]) -> str:
    """`0.38 [0.30, 0.45]: holds`."""
    value, *_ = condition["reason"].removeprefix(condition["measure"]).split("; ")
    value = value.strip().removeprefix("is ").removesuffix(f": {condition['outcome']}")
    return "not measured" if value.startswith("was not measured") else f"{value}: {condition['outcome']}"


def between_views_table(sets: str, *measures: str) -> list[str]:
    """What the log-polar view has more, of several measures in several sets; beside it the yardstick."""
    lines = [table_head("measure", "set", "seeds", "log-polar less ordinary [95 %]", "of two seeds")]
    for measure in measures:
        for name in sets.split(","):
            for row in read(name)["differences"]:
                if row["measure"] == measure:
                    ends = "" if row["low"] is None else f" [{row['low']:+.3f}, {row['high']:+.3f}]"
                    lines.append(table_row(measure, name, str(row["n"]), f"{row['mean']:+.3f}{ends}", times(row)))
    return lines


def times(row: Mapping[str, Any]) -> str:
    """How many times the median difference of two ordinary seeds; `all` where each is larger than all of theirs.

    Nothing where ordinary seeds do not differ.
    """
    ratio = row["yardstick_ratio"]
    if ratio is None or math.isinf(ratio):
        return ""
    return f"{ratio:.1f}{', all' if row['yardstick_exceeds'] else ''}"


def _findings(name: str, claims: Sequence[str]) -> list[Mapping[str, Any]]:
    rows = read(name)["findings"]
    if unknown := set(claims) - {row["claim"] for row in rows}:
        raise ValueError(f"{name}: has no claim {', '.join(sorted(unknown))}")
    return [row for row in rows if not claims or row["claim"] in claims]
