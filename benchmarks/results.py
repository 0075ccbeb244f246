"""Committed results: what a sweep measured, as a small file, and the tables of the documents made from it.

    python -m benchmarks.results collect SWEEP NAME             # writes NAME.json in docs/results
    python -m benchmarks.results collect-runs NAME "zeros=RUN" ...  # the same of single runs, each with its title
    python -m benchmarks.results                        # writes all tables and figures again

A table stands in a document between `<!-- results: KIND NAME ... -->` and `<!-- end -->`; `KINDS` lists what there is.
Figures (`FIGURES`) stand there too, drawn into docs/images. A test compares tables, figures and files.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine_line
from benchmarks.results_figures import differences_figure, seeds_figure
from benchmarks.timing import table_head, table_row
from lp_core.measures.comparison import PairedDifference, paired_difference
from lp_core.report.claim_words import effect_text
from lp_core.run.files import DIFFERENCES, FINDINGS, SWEEP
from lp_core.run.stage import Stage
from lp_core.run.sweep_plan import SweepPlan
from lp_core.run.sweep_table import measures_of, read_sweep_rows
from lp_core.setting_names import setting_roles, setting_values, shown_value, with_settings
from lp_core.settings import Recipe, recipe_from_dict
from lp_core.storage import Storage
from workflows.config import FILE as CONFIG
from workflows.config import commit
from workflows.recipes import recipe
from workflows.repeat import options
from workflows.sweep_command import DATA_SET

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "docs" / "results"
DOCUMENTS = ("README.md", "docs/FINDINGS.md")
"""Documents with tables of results."""
BLOCK = re.compile(r"<!-- results: ([^>]+?) -->\n.*?<!-- end -->", re.DOTALL)
KEPT = re.compile(r"lambda|foveal_index|lesion|share$|tolerance|evolution|pictures")
"""Measures whose differences between views are committed, of layer conv5_2 and of whole networks."""
CONDITION = ("measure", "outcome", "reason")
"""What is committed of a claim's conditions."""
VIEWS = {"cartesian": "ordinary", "log_polar": "log-polar"}

Result = Mapping[str, Any]


def collect(sweep: Storage, given: Sequence[str]) -> dict[str, Any]:
    """Return what is committed of a sweep: command, commit, machine, every run's numbers, findings, differences.

    Args:
        sweep: its folder.
        given: words in front of the settings, for the command that is shown.
    """
    written = sweep.read_json(SWEEP)
    plan = SweepPlan.from_dict(written, SWEEP)
    rows = read_sweep_rows(sweep)
    dropped = ("error", "state")
    base = plan.base
    usual = recipe(base.name)
    if base.data.path == (sweep / DATA_SET).uri:  # the built-in data set, drawn by the sweep
        usual = replace(usual, data=replace(usual.data, path=base.data.path))
    words = [*given, *options(base, usual)]
    result: dict[str, Any] = {
        "command": _without_paths(words),
        "commit": written["commit"] or commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine_line(),
        "varied": list(plan.vary),
        "views": list(base.views),
        "unfinished": sorted(row["run"] for row in rows if row["state"] != "finished"),
        "runs": [
            {name: _short(value) for name, value in row.items() if name not in dropped}
            for row in rows
            if row["state"] == "finished"
        ],
    }
    if sweep.exists(FINDINGS):
        findings = sweep.read_json(FINDINGS)
        result["rules"] = findings["rules"]
        result["findings"] = [
            {name: _short(value) for name, value in row.items() if name not in ("conditions", "rules")}
            | {"conditions": [{name: condition[name] for name in CONDITION} for condition in row["conditions"]]}
            for row in findings["findings"]
        ]
        table = sweep.read_table(DIFFERENCES).to_pylist()
        result["differences"] = [
            {name: _short(value) for name, value in row.items()}
            for row in table
            if row["layer"] in ("conv5_2", "all") and KEPT.search(row["measure"])
        ]
    return result


def collect_runs(titled: Sequence[tuple[str, Storage]]) -> dict[str, Any]:
    """Return what is committed of single runs: of each its command, accuracies and seconds of training.

    Args:
        titled: title and folder of each; runs of one title are seeds of one variant.
    """
    rows = []
    for title, run in titled:
        made = recipe_from_dict(run.read_json(CONFIG)["recipe"])
        words = ["logpolar", "run", "--recipe", made.name, "--run", "R", "--until", "evaluate"]
        row = {
            "run": Path(run.uri).name,
            "variant": title,
            "command": _without_paths([*words, *options(_deciding(made), recipe(made.name))]),
            "seed": made.seed,
            "control": "none",
            "seconds": max(Stage(run / view, "train", {}).fact("seconds") for view in made.views),
        }
        rows.append(row | {name: _short(value) for name, value in measures_of(run, made.views).items()})
    return {
        "command": rows[0]["command"],
        "commit": titled[0][1].read_json(CONFIG)["commit"],
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine_line(),
        "runs": rows,
    }


def _deciding(made: Recipe) -> Recipe:
    """The recipe of a run until `evaluate` with the usual values of settings that decide nothing there."""
    usual, kept = setting_values(recipe(made.name)), ("views", "data.path")
    others = {
        name: usual[name]
        for name, role in setting_roles(made).items()
        if name not in kept and (role in ("placement", "selection") or name.startswith(("visualize.", "measure.")))
    }
    return with_settings(made, others)


def _without_paths(words: Sequence[str]) -> str:
    """A command whose data set is named by its folder alone."""
    return shlex.join([Path(word).name if word.startswith("/") else word for word in words])


def _short(value: Any) -> Any:
    return round(value, 5) if isinstance(value, float) and np.isfinite(value) else value if value == value else None


def _values(result: Result, column: str, control: str = "none", variant: str | None = None) -> dict[int, float]:
    """A number of every run by seed."""
    return {
        run["seed"]: run[column]
        for run in result["runs"]
        if run["control"] == control and variant in (None, run["variant"]) and run.get(column) is not None
    }


def _mean(values: Mapping[int, float], digits: int = 1) -> str:
    """`76.2 (SD 0.8)`; a single value stands alone."""
    if not values:
        return ""
    data = np.array(list(values.values()))
    spread = f" (SD {data.std(ddof=1):.{digits}f})" if len(data) > 1 else ""
    return f"{data.mean():.{digits}f}{spread}"


def _paired(one: Mapping[int, float], other: Mapping[int, float]) -> PairedDifference | None:
    """What `one` has more than `other`, over the seeds of both."""
    seeds = sorted(set(one) & set(other))
    return paired_difference([one[seed] for seed in seeds], [other[seed] for seed in seeds]) if seeds else None


def _interval(difference: PairedDifference | None, digits: int = 1) -> str:
    """`-8.2 [-9.0, -7.4]`; one seed has no interval."""
    if difference is None:
        return ""
    found = difference.interval
    ends = f" [{found.low:+.{digits}f}, {found.high:+.{digits}f}]" if found.n > 1 else ", one seed"
    return f"{found.estimate:+.{digits}f}{ends}"


def views_table(*names: str) -> list[str]:
    """Top-1 of both views over seeds, and their paired difference, a row a sweep; then its shuffled control."""
    lines = [table_head("data", "seeds", "ordinary, %", "log-polar, %", "difference, points [95 %]", "sign-flip p")]
    for name in names:
        result = read(name)
        for control, words in (("none", ""), ("shuffled", ", labels shuffled")):
            ordinary, log_polar = (_values(result, f"top1_{view}", control) for view in VIEWS)
            difference = _paired(log_polar, ordinary)
            if difference is None:
                continue
            p = f"{difference.p:.3g}" if control == "none" and difference.p is not None else ""
            cells = (f"{name}{words}", str(len(ordinary)), _mean(ordinary), _mean(log_polar), _interval(difference), p)
            lines.append(table_row(*cells))
    return lines


def ablation_table(name: str, view: str = "log_polar", reference: str = "") -> list[str]:
    """Top-1 of every variant of a sweep over seeds, and what it has more than the reference, paired by seed."""
    result = read(name)
    variants = list(dict.fromkeys(run["variant"] for run in result["runs"]))
    against = _values(result, f"top1_{view}", variant=reference or variants[0])
    lines = [table_head("variant", "seeds", f"{VIEWS[view]}, top-1 %", f"less {reference or variants[0]} [95 %]")]
    for variant in variants:
        values = _values(result, f"top1_{view}", variant=variant)
        more = "" if variant == (reference or variants[0]) else _interval(_paired(values, against))
        lines.append(table_row(variant, str(len(values)), _mean(values), more))
    return lines


def trials_table(name: str) -> list[str]:
    """Top-1 of both views for every run, with the run's command."""
    lines = [table_head("trial", "ordinary, %", "log-polar, %", "command")]
    for run in read(name)["runs"]:
        top1 = (f"{run[f'top1_{view}']:.1f}" for view in VIEWS)
        lines.append(table_row(run["variant"], *top1, f"`{run['command']}`"))
    return lines


def verdicts_table(name: str) -> list[str]:
    """Verdict, effect and reason for every claim."""
    lines = [table_head("claim", "effect", "verdict", "because")]
    for row in read(name)["findings"]:
        lines.append(table_row(row["sentence"], effect_text(row), row["verdict"], row["reason"]))
    return lines


def commands_table(*names: str) -> list[str]:
    """The command behind every file, with commit, machine and hours."""
    lines = [table_head("results", "command", "commit", "date", "machine hours")]
    for name in names:
        result = read(name)
        hours = sum(run["seconds"] or 0 for run in result["runs"]) / 3600
        link = f"[{name}](results/{name}.json)"
        lines.append(table_row(link, f"`{result['command']}`", result["commit"][:7], result["date"], f"{hours:.1f}"))
    return lines


KINDS: dict[str, Callable[..., list[str]]] = {
    "views": views_table,
    "ablation": ablation_table,
    "trials": trials_table,
    "verdicts": verdicts_table,
    "commands": commands_table,
}


def views_figure(*names: str) -> str:
    """Top-1 of both views, every seed, a row a sweep."""
    rows = {}
    for name in names:
        ordinary, log_polar = (_values(read(name), f"top1_{view}") for view in VIEWS)
        rows[name] = ordinary, log_polar
    return seeds_figure(rows, "top-1 on the validation split, %")


def ablation_figure(name: str, view: str = "log_polar", reference: str = "") -> str:
    """What every variant has more than the reference, paired by seed."""
    variants = list(dict.fromkeys(run["variant"] for run in read(name)["runs"]))
    reference = reference or variants[0]
    against = _values(read(name), f"top1_{view}", variant=reference)
    rows = {}
    for variant in variants:
        difference = _paired(_values(read(name), f"top1_{view}", variant=variant), against)
        if variant != reference and difference is not None:
            rows[variant] = difference
    return differences_figure(rows, f"top-1 less that of {reference}, points")


FIGURES: dict[str, tuple[Callable[..., str], str]] = {
    "views-figure": (views_figure, "Top-1 of both views: a dot a seed, equal seeds joined"),
    "ablation-figure": (
        ablation_figure,
        "What each variant has more than the reference: dots are seeds, bars 95 % intervals",
    ),
}
"""Figures by kind, each with the words that stand for the picture."""


def figure_path(kind: str, *arguments: str) -> Path:
    """Where a figure lies."""
    return REPOSITORY / "docs" / "images" / f"{'_'.join([kind.replace('-', '_'), *arguments])}.svg"


def figures_of(text: str) -> dict[Path, str]:
    """The figures of a document, drawn again."""
    words = (block[1].split() for block in BLOCK.finditer(text))
    return {figure_path(kind, *names): FIGURES[kind][0](*names) for kind, *names in words if kind in FIGURES}


def read(name: str) -> Result:
    """The committed results of a sweep."""
    return json.loads((RESULTS / f"{name}.json").read_text())


def with_tables(text: str) -> str:
    """Return a document with all its tables made again."""

    def made(block: re.Match[str]) -> str:
        kind, *arguments = block[1].split()
        if kind in FIGURES:
            picture = f"![{FIGURES[kind][1]}](images/{figure_path(kind, *arguments).name})"
            return f"<!-- results: {block[1]} -->\n{picture}\n<!-- end -->"
        return "\n".join([f"<!-- results: {block[1]} -->", *KINDS[kind](*arguments), "<!-- end -->"])

    return BLOCK.sub(made, text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action")
    collecting = actions.add_parser("collect")
    collecting.add_argument("sweep")
    collecting.add_argument("name")
    single = actions.add_parser("collect-runs")
    single.add_argument("name")
    single.add_argument("runs", nargs="+")
    options = parser.parse_args()
    if options.action:
        if options.action == "collect":
            sweep = Storage.at(options.sweep)
            result = collect(sweep, _command_words(sweep))
        else:
            result = collect_runs(list(map(_titled, options.runs)))
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{options.name}.json").write_text(_text(result))
    for name in DOCUMENTS:
        path = REPOSITORY / name
        if path.exists():
            text = with_tables(path.read_text())
            path.write_text(text)
            for picture, svg in figures_of(text).items():
                picture.write_text(svg)


def _titled(word: str) -> tuple[str, Storage]:
    """`zeros=runs/a` is the run in `runs/a`, titled `zeros`; `runs/a` is titled `a`."""
    title, equals, folder = word.partition("=")
    if not equals or "/" in title:
        title, folder = Path(word).name, word
    return title, Storage.at(folder)


def _text(result: Result) -> str:
    """JSON with one line for each member, and for each row of a list."""
    members = []
    for name, value in result.items():
        rows = value if isinstance(value, list) and value and isinstance(value[0], dict) else None
        shown = json.dumps(value) if rows is None else "[\n  " + ",\n  ".join(map(json.dumps, rows)) + "\n ]"
        members.append(f" {json.dumps(name)}: {shown}")
    return "{\n" + ",\n".join(members) + "\n}\n"


def _command_words(sweep: Storage) -> list[str]:
    """The words of `logpolar sweep` that its plan stands for, but for the settings that all runs share."""
    plan = SweepPlan.from_dict(sweep.read_json(SWEEP), SWEEP)
    words = ["logpolar", "sweep", "--recipe", plan.base.name, "--run", "S", "--seeds", ",".join(map(str, plan.seeds))]
    if len(plan.seeds) == 1:
        words[-1] += ","
    for name, values in plan.vary.items():
        words += ["--vary", f"{name}={','.join(map(shown_value, values))}"]
    return words + (["--controls", ",".join(plan.controls)] if plan.controls else [])


if __name__ == "__main__":
    main()
