"""Tables and figures of the documents, made from the committed results.

A table stands in a document between `<!-- results: KIND NAME ... -->` and `<!-- end -->`; `KINDS` lists what there is.
Figures (`FIGURES`) stand there too, drawn into docs/images.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.factorial import factorial_effects
from benchmarks.results_claims import (
    between_views_table,
    claim_table,
    times,
    verdicts_table,
)
from benchmarks.results_figures import differences_figure, seeds_figure
from benchmarks.results_files import (
    REPOSITORY,
    VIEWS,
    interval_text,
    mean_text,
    paired,
    read,
)
from benchmarks.results_tolerance import curves_figure, curves_table, layers_figure
from benchmarks.results_variants import (
    ablation_figure,
    ablation_table,
    less,
    pairs_table,
    values_by_seed,
    variant_changes_table,
)
from benchmarks.timing import table_head, table_row
from lp_core.measures.comparison import PairedDifference, paired_difference
from lp_core.measures.intervals import t_interval

DOCUMENTS = ("README.md", "docs/FINDINGS.md")
"""Documents with tables of results."""
BLOCK = re.compile(r"<!-- results: ([^>]+?) -->\n.*?<!-- end -->", re.DOTALL)


def views_table(*names: str) -> list[str]:
    """Top-1 of both views over seeds, and their paired difference, a row a sweep; then its shuffled control."""
    lines = [table_head("data", "seeds", "ordinary, %", "log-polar, %", "difference, points [95 %]", "sign-flip p")]
    for name in names:
        result = read(name)
        for control, words in (("none", ""), ("shuffled", ", labels shuffled")):
            ordinary, log_polar = (values_by_seed(result, f"top1_{view}", control) for view in VIEWS)
            difference = paired(log_polar, ordinary)
            if difference is None:
                continue
            p = f"{difference.p:.3g}" if control == "none" and difference.p is not None else ""
            cells = (
                f"{name.split('+')[0]}{words}",
                str(len(ordinary)),
                mean_text(ordinary),
                mean_text(log_polar),
                interval_text(difference),
                p,
            )
            lines.append(table_row(*cells))
    return lines


def change_table(first: str, second: str) -> list[str]:
    """What each view has more in the second set than in the first, and by how much the difference of views changes."""
    lines = [table_head("top-1, points", "seeds", f"{second} less {first} [95 %]")]
    sets = [[values_by_seed(read(name), f"top1_{view}") for view in VIEWS] for name in (first, second)]
    changes = [paired(after, before) for before, after in zip(*sets, strict=True)]
    between = [less(log_polar, ordinary) for ordinary, log_polar in sets]
    for title, found in zip(
        [*VIEWS.values(), "log-polar less ordinary"], [*changes, paired(*between[::-1])], strict=True
    ):
        if found is None:
            raise ValueError(f"{first}, {second}: {title} has no seed in both")
        lines.append(table_row(title, str(found.interval.n), interval_text(found)))
    return lines


def effects_table(name: str, view: str = "log_polar") -> list[str]:
    """What every varied setting of a sweep changes, and how much two of them change each other's effect."""
    lines = [table_head("setting", f"{VIEWS[view]}, top-1, points [95 %]")]
    return lines + [table_row(effect, interval_text(found)) for effect, found in _effects(name, view).items()]


def _effects(name: str, view: str) -> dict[str, PairedDifference]:
    """Effects of the settings that a sweep crossed, over its seeds."""
    result = read(name)
    cells: dict[tuple[str, ...], dict[int, float]] = {}
    for run in result["runs"]:
        cell = tuple(run[factor] for factor in result["varied"])
        cells.setdefault(cell, {})[run["seed"]] = run[f"top1_{view}"]
    found = factorial_effects(cells, [factor.partition(".")[2].replace("_", " ") for factor in result["varied"]])
    return {effect: paired_difference(value_S, np.zeros_like(value_S)) for effect, value_S in found}


def trials_table(name: str) -> list[str]:
    """Top-1 of both views for every run, with the run's command."""
    lines = [table_head("trial", "ordinary, %", "log-polar, %", "command")]
    for run in read(name)["runs"]:
        top1 = (f"{run[f'top1_{view}']:.1f}" for view in VIEWS)
        lines.append(table_row(run["variant"], *top1, f"`{run['command']}`"))
    return lines


def measures_table(name: str, prefix: str, variant: str = "base") -> list[str]:
    """Measures of networks over seeds by view, and the log-polar ones less the ordinary ones.

    Args:
        name: of the results.
        prefix: of the measures that are shown, such as `tolerance.`.
        variant: whose runs.
    """
    result = read(name)
    means = {(row["measure"], row["layer"], row["view"]): row for row in result["values"] if row["variant"] == variant}
    lines = [table_head("measure", "layer", "seeds", "ordinary", "log-polar", "difference [95 %]", "of two seeds")]
    for row in result["differences"]:
        if row["variant"] != variant or not row["measure"].startswith(prefix):
            continue
        views = [means.get((row["measure"], row["layer"], view)) for view in VIEWS]
        cells = [f"{mean['mean']:.3g} (SD {mean['sd']:.2g})" if mean else "" for mean in views]
        interval = "" if row["low"] is None else f" [{row['low']:+.3g}, {row['high']:+.3g}]"
        measure, layer = row["measure"].removeprefix(prefix), "" if row["layer"] == "all" else row["layer"]
        lines.append(table_row(measure, layer, str(row["n"]), *cells, f"{row['mean']:+.3g}{interval}", times(row)))
    return lines


def controls_table(name: str, *measures: str) -> list[str]:
    """Measures of the networks that learned and of those that learned from shuffled labels, over seeds by view."""
    lines = [table_head("measure", "view", "seeds", "labels as they are [95 %]", "labels shuffled [95 %]")]
    rows = read(name)["controls"]
    if len({row["variant"] for row in rows}) > 1:
        raise ValueError(f"{name} has several variants; the table is of one")
    found = {(row["measure"], row["view"], row["control"]): row["by_seed"] for row in rows}
    for measure in measures:
        for view, title in VIEWS.items():
            if (measure, view, "none") not in found:  # lesions are of the log-polar view alone
                continue
            both = [t_interval([*found[measure, view, control].values()]) for control in ("none", "shuffled")]
            cells = [f"{of.estimate:.3g} [{of.low:.3g}, {of.high:.3g}]" for of in both]
            lines.append(table_row(measure, title, str(both[0].n), *cells))
    return lines


def commands_table(*names: str) -> list[str]:
    """The command behind every file, with commits, machine and hours; then all hours."""
    lines = [table_head("results", "command", "commit", "date", "machine hours")]
    total = 0.0
    for name in names:
        result = read(name)
        hours = sum(run["seconds"] or 0 for run in result["runs"]) / 3600
        total += hours
        link = f"[{name}](results/{name}.json)"
        commits = ", ".join(commit[:7] for commit in result["commit"].split())
        lines.append(table_row(link, f"`{result['command']}`", commits, result["date"], f"{hours:.1f}"))
    return [*lines, table_row("all of these", "", "", "", f"{total:.1f}")]


KINDS: dict[str, Callable[..., list[str]]] = {
    "views": views_table,
    "change": change_table,
    "variant-changes": variant_changes_table,
    "ablation": ablation_table,
    "pairs": pairs_table,
    "effects": effects_table,
    "trials": trials_table,
    "verdicts": verdicts_table,
    "claim": claim_table,
    "between-views": between_views_table,
    "measures": measures_table,
    "curves": curves_table,
    "controls": controls_table,
    "commands": commands_table,
}


def views_figure(*names: str) -> str:
    """Top-1 of both views, every seed, a row a sweep."""
    rows = {}
    for name in names:
        ordinary, log_polar = (values_by_seed(read(name), f"top1_{view}") for view in VIEWS)
        rows[name.split("+")[0]] = ordinary, log_polar
    return seeds_figure(rows, "top-1 on the validation split, %")


def effects_figure(name: str, view: str = "log_polar") -> str:
    """What every varied setting of a sweep changes."""
    return differences_figure(_effects(name, view), f"{VIEWS[view]}, top-1, points")


FIGURES: dict[str, tuple[Callable[..., str], str]] = {
    "views-figure": (views_figure, "Top-1 of both views: a dot a seed, equal seeds joined"),
    "ablation-figure": (
        ablation_figure,
        "What each variant has more than the reference: dots are seeds, bars 95 % intervals that hold together",
    ),
    "curves-figure": (
        curves_figure,
        "Top-1 in % by angle, by size, and by the radius of masks: thin lines are seeds, bold ones their means",
    ),
    "layers-figure": (
        layers_figure,
        "By layer: what channels keep of their activation, and the error of quarter turns",
    ),
    "effects-figure": (effects_figure, "What each setting changes: dots are seeds, bars 95 % intervals"),
}
"""Figures by kind, each with the words that stand for the picture."""


def figure_path(kind: str, *arguments: str) -> Path:
    """Where a figure lies."""
    return REPOSITORY / "docs" / "images" / f"{'_'.join([kind.replace('-', '_'), *arguments]).replace('+', '_')}.svg"


def figures_of(text: str) -> dict[Path, str]:
    """The figures of a document, drawn again."""
    words = (block[1].split() for block in BLOCK.finditer(text))
    return {figure_path(kind, *names): FIGURES[kind][0](*names) for kind, *names in words if kind in FIGURES}


def with_tables(text: str) -> str:
    """Return a document with all its tables made again."""

    def made(block: re.Match[str]) -> str:
        kind, *arguments = block[1].split()
        if kind in FIGURES:
            picture = f"![{FIGURES[kind][1]}](images/{figure_path(kind, *arguments).name})"
            return f"<!-- results: {block[1]} -->\n{picture}\n<!-- end -->"
        return "\n".join([f"<!-- results: {block[1]} -->", *KINDS[kind](*arguments), "<!-- end -->"])

    return BLOCK.sub(made, text)
