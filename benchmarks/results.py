"""Committed results: what a sweep measured, as a small file, and the tables of the documents made from it.

    python -m benchmarks.results collect SWEEP NAME             # writes NAME.json in docs/results
    python -m benchmarks.results collect-runs NAME "zeros=RUN" ...  # the same of single runs, each with its title,
                                                        # or of one view of a run: "ordinary=RUN@cartesian"
    python -m benchmarks.results                        # writes all tables and figures again

Where tables and figures stand in the documents: `results_tables.py`. A test compares them with the files.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine_line
from benchmarks.results_files import REPOSITORY, RESULTS
from benchmarks.results_tables import DOCUMENTS, figures_of, with_tables
from lp_core.run.files import DIFFERENCES, FINDINGS, SWEEP, TOLERANCE_CURVES, VALUES
from lp_core.run.stage import Stage
from lp_core.run.sweep_plan import SweepPlan
from lp_core.run.sweep_table import measures_of, read_sweep_rows
from lp_core.setting_names import setting_roles, setting_values, shown_value, with_settings
from lp_core.settings import VIEW_NAMES, Recipe, ViewName, recipe_from_dict
from lp_core.storage import Storage
from workflows.config import FILE as CONFIG
from workflows.config import commit
from workflows.recipes import recipe
from workflows.repeat import options
from workflows.sweep_command import DATA_SET

LAYERS = ("conv5_2", "all")
KEPT = re.compile(r"lambda|foveal_index|lesion|share$|tolerance|evolution|pictures")
"""Measures whose differences between views are committed, of layer conv5_2 and of whole networks."""
BY_VIEW = re.compile(r"^(tolerance|evolution)\.")
"""Those whose means over seeds are committed of each view, too."""
BY_LAYER = re.compile(r"^tolerance\.(retention|equivariance)\.")
"""Those of which the means are committed for every layer."""
OF_CONTROLS = re.compile(
    r"^(grouping\.G\.(delta|lambda|significant_share)|firing\.foveal_index\.against_(untrained|scrambled)"
    r"|lesion\.fovea_less_equal_(cells|area))$"
)
"""Those that are committed of every network where some learned from shuffled labels, of the same layers as `KEPT`."""
CURVE = ("variant", "seed", "view", "transform")
CONDITION = ("measure", "outcome", "reason")
"""What is committed of a claim's conditions."""


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
        result["differences"] = [{name: _short(value) for name, value in row.items()} for row in table if _is_kept(row)]
        values = sweep.read_table(VALUES).to_pylist()
        result["values"] = values_by_view(values)
        if controls := values_by_control(values):
            result["controls"] = controls
    if sweep.exists(TOLERANCE_CURVES):
        result["curves"] = curves_of(sweep.read_table(TOLERANCE_CURVES).to_pylist())
    return result


def _is_kept(row: Mapping[str, Any]) -> bool:
    return row["layer"] in LAYERS and KEPT.search(row["measure"]) is not None


def values_by_view(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mean and SD over the seeds of what a sweep measured of each view, without its controls.

    Args:
        rows: of the sweep's `values.parquet`.
    """
    values: dict[tuple[str, ...], list[float]] = {}
    for row in rows:
        kept = (_is_kept(row) and BY_VIEW.match(row["measure"])) or BY_LAYER.match(row["measure"])
        if kept and row["control"] == "none" and " - " not in row["view"]:
            key = tuple(row[name] for name in ("variant", "view", "layer", "measure"))
            values.setdefault(key, []).append(row["value"])
    return [
        dict(zip(("variant", "view", "layer", "measure"), key, strict=True))
        | {"n": len(data), "mean": _short(float(np.mean(data))), "sd": _short(float(np.std(data, ddof=1)))}
        for key, data in values.items()
        if len(data) > 1
    ]


def values_by_control(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What was measured of each view by seed: of the networks that learned, and of those with shuffled labels.

    Args:
        rows: of the sweep's `values.parquet`. Nothing is returned where no labels were shuffled.
    """
    values: dict[tuple[str, ...], dict[int, Any]] = {}
    for row in rows:
        if row["layer"] in LAYERS and OF_CONTROLS.match(row["measure"]) and " - " not in row["view"]:
            key = tuple(row[name] for name in ("variant", "view", "layer", "measure", "control"))
            values.setdefault(key, {})[row["seed"]] = _short(row["value"])
    if all(control != "shuffled" for *_, control in values):
        return []
    return [
        dict(zip(("variant", "view", "layer", "measure", "control"), key, strict=True)) | {"by_seed": by_seed}
        for key, by_seed in values.items()
    ]


def curves_of(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Top-1 of every trained network under the tests of tolerance that are curves, not maps: a row a curve.

    Args:
        rows: of the sweep's `tolerance.parquet`.
    """
    curves: dict[tuple[Any, ...], dict[str, list[float]]] = {}
    for row in rows:
        if row["control"] == "none" and not row["transform"].startswith("fixation_"):
            key = tuple(row[name] for name in CURVE)
            points = curves.setdefault(key, {"value": [], "top1": []})
            points["value"].append(_short(row["value"]))
            points["top1"].append(_short(row["top1"]))
    return [dict(zip(CURVE, key, strict=True)) | points for key, points in curves.items()]


def collect_runs(titled: Sequence[tuple[str, Storage, ViewName | None]]) -> dict[str, Any]:
    """Return what is committed of single runs: of each its command, accuracies and seconds of training; all commits.

    Args:
        titled: title and folder of each, and the view that is taken of it, None for all; runs of one title are seeds of
            one variant.
    """
    rows = []
    for title, run, view in titled:
        made = recipe_from_dict(run.read_json(CONFIG)["recipe"])
        views = (view,) if view else made.views
        words = ["logpolar", "run", "--recipe", made.name, "--run", "R", "--until", "evaluate"]
        row = {
            "run": Path(run.uri).name,
            "variant": title,
            "command": _without_paths([*words, *options(_deciding(made), recipe(made.name))]),
            "seed": made.seed,
            "control": "none",
            "seconds": max(Stage(run / of, "train", {}).fact("seconds") for of in views),
        }
        rows.append(row | {name: _short(value) for name, value in measures_of(run, views).items()})
    return {
        "command": rows[0]["command"],
        "commit": " ".join(dict.fromkeys(run.read_json(CONFIG)["commit"] for _, run, _ in titled)),
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


def _titled(word: str) -> tuple[str, Storage, ViewName | None]:
    """`zeros=runs/a` is the run in `runs/a`, titled `zeros`; `runs/a` is titled `a`; of `runs/a@cartesian` one view."""
    view = next((name for name in VIEW_NAMES if word.endswith(f"@{name}")), None)
    word = word.removesuffix(f"@{view}")
    title, equals, folder = word.partition("=")
    if not equals or "/" in title:
        title, folder = Path(word).name, word
    return title, Storage.at(folder), view


def _text(result: Mapping[str, Any]) -> str:
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
