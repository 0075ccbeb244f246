"""Tables and a figure of variants: runs that differ in one setting, compared seed by seed.

Kinds of `results_tables.py`, which says where they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.results_figures import differences_figure
from benchmarks.results_files import VIEWS, Result, ends_text, interval_text, mean_text, paired, read
from benchmarks.timing import table_head, table_row
from lp_core.measures.all_pairs import differences_of_pairs
from lp_core.measures.intervals import Interval
from lp_core.measures.many_to_one import differences_from_first

OWN = "own"
"""In place of a view: that of each run, where runs of one view are compared with those of another."""


def values_by_seed(result: Result, column: str, control: str = "none", variant: str | None = None) -> dict[int, float]:
    """A number of every run by seed; of its only view where the column ends with `OWN`."""
    name, own, _ = column.rpartition(f"_{OWN}")
    columns = [f"{name}_{view}" for view in VIEWS] if own else [column]
    return {
        run["seed"]: value
        for run in result["runs"]
        if run["control"] == control and variant in (None, run["variant"])
        for value in map(run.get, columns)
        if value is not None
    }


def ablation_table(name: str, view: str = "log_polar", reference: str = "", *only: str) -> list[str]:
    """Top-1 of every variant over seeds, and what it has more than the reference, paired by seed.

    Where more than one is compared, the last column has the intervals that hold together, over the seeds of all. With
    `only`, the table has these variants in the order given, and the reference first.
    """
    variants = _variants(read(name), view, reference, only)
    first, *others = variants
    together = _less_first(variants) if len(others) > 1 else {}
    title = "top-1 %" if view == OWN else f"{VIEWS[view]}, top-1 %"
    more = ["all together [95 %]"] if together else []
    lines = [table_head("variant", "seeds", title, f"less {first} [95 %]", *more)]
    for variant in variants if only else dict.fromkeys(run["variant"] for run in read(name)["runs"]):
        values = variants[variant]
        alone = "" if variant == first else interval_text(paired(values, variants[first]))
        of_all = [ends_text(together[variant]) if variant in together else ""] if together else []
        lines.append(table_row(variant, str(len(values)), mean_text(values), alone, *of_all))
    return lines


def pairs_table(name: str, view: str, *pairs: str) -> list[str]:
    """What the first variant of each pair `A:B` has more than the second, paired by seed, alone and all together.

    The intervals of the last column hold for all pairs of the variants that are named.
    """
    named = {variant for pair in pairs for variant in pair.split(":")}
    variants = {variant: values for variant, values in _variants(read(name), view, "").items() if variant in named}
    seeds = sorted(set.intersection(*map(set, variants.values())))
    places = [tuple(map(list(variants).index, pair.split(":"))) for pair in pairs]
    values = [[of[seed] for seed in seeds] for of in variants.values()]
    together = differences_of_pairs(values, [(one, other) for one, other in places])
    lines = [table_head("top-1, points", "seeds", "alone [95 %]", "all pairs together [95 %]")]
    for pair, of_all in zip(pairs, together, strict=True):
        one, other = pair.split(":")
        alone = paired(variants[one], variants[other])
        words = f"{one} less {other}"
        lines.append(table_row(words, str(of_all.n), interval_text(alone), ends_text(of_all)))
    return lines


def _variants(result: Result, view: str, reference: str = "", only: Sequence[str] = ()) -> dict[str, dict[int, float]]:
    """Top-1 of every variant by seed, or of `only` some, the reference first."""
    names = dict.fromkeys(only or [run["variant"] for run in result["runs"]])
    names = dict.fromkeys([reference or next(iter(names)), *names])
    return {variant: values_by_seed(result, f"top1_{view}", variant=variant) for variant in names}


def _less_first(variants: Mapping[str, Mapping[int, float]]) -> dict[str, Interval]:
    """What every variant but the first has more than the first, with intervals that hold together."""
    seeds = sorted(set.intersection(*map(set, variants.values())))
    found = differences_from_first([[values[seed] for seed in seeds] for values in variants.values()])
    return dict(zip(list(variants)[1:], found, strict=True))


def variant_changes_table(first: str, second: str, reference: str) -> list[str]:
    """What each variant has more in the second set than in the first, and how much more than the reference has."""
    lines = [table_head("top-1, points", "seeds", "change [95 %]", f"beyond that of {reference} [95 %]")]
    sets = [_variants(read(name), OWN, reference) for name in (first, second)]
    for variant in [name for name in sets[0] if name in sets[1]]:
        before, after = (of[variant] for of in sets)
        change, usual = less(after, before), less(sets[1][reference], sets[0][reference])
        beyond = "" if variant == reference else interval_text(paired(change, usual))
        lines.append(table_row(variant, str(len(change)), interval_text(paired(after, before)), beyond))
    return lines


def ablation_figure(name: str, view: str = "log_polar", reference: str = "", *only: str) -> str:
    """What every variant, or `only` some, has more than the reference, paired by seed; intervals hold together."""
    variants = _variants(read(name), view, reference, only)
    first = next(iter(variants))
    rows = {}
    for variant, interval in _less_first(variants).items():
        difference = paired(variants[variant], variants[first])
        if difference is not None:
            rows[variant] = replace(difference, interval=interval)
    return differences_figure(rows, f"top-1 less that of {first}, points")


def less(one: Mapping[int, float], other: Mapping[int, float]) -> dict[int, float]:
    """What one has more than the other, by seed."""
    return {seed: one[seed] - other[seed] for seed in sorted(set(one) & set(other))}
