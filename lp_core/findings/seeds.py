"""The runs of a sweep compared: seeds are the replicates, each variant is judged, shuffled labels are a null (N3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from lp_core.findings.values import SCHEMA as VALUE_SCHEMA
from lp_core.findings.values import Absence, Values, grouping_name
from lp_core.findings.verdict_rows import RunSize, findings
from lp_core.measures.comparison import paired_difference, yardstick
from lp_core.measures.intervals import hierarchical_interval
from lp_core.measures.popularity import learned
from lp_core.measures.rules import Rules
from lp_core.measures.statistics import cliffs_delta
from lp_core.settings import VIEW_NAMES

SHUFFLED = "shuffled"
SCHEMA = pa.schema(
    [("run", pa.string()), ("variant", pa.string()), ("seed", pa.int64()), ("control", pa.string()), *VALUE_SCHEMA]
)
RUN_NAMES = ("run", "variant", "seed", "control")
"""Columns that name a run of a sweep."""
DIFFERENCE_SCHEMA = pa.schema(
    [
        ("variant", pa.string()),
        ("layer", pa.string()),
        ("measure", pa.string()),
        ("n", pa.int64()),
        *((name, pa.float64()) for name in ("mean", "low", "high", "p", "smallest_p", "yardstick_ratio")),
        ("yardstick_exceeds", pa.bool_()),
    ]
)
CLIFFS_DELTA = "grouping.G.cliffs_delta"
CLIFF_SAMPLES = 500
"""Resamples of seeds and channels. Source: our choice; the ends of a 95 % interval rest on 12 values each."""


@dataclass(frozen=True)
class MeasuredRun:
    """One run of a sweep.

    Attributes:
        run, variant, seed, control: its row in the sweep's table; control is `none` or `shuffled`.
        values: `RUN/measures/values.parquet`.
        size: of the run.
        absences: measures that could not be made.
        grouping: G of the channels with nine images, by view and layer.
    """

    run: str
    variant: str
    seed: int
    control: str
    values: Values
    size: RunSize
    absences: tuple[Absence, ...] = ()
    grouping: Mapping[tuple[str, str], np.ndarray] = field(default_factory=dict)


def against_shuffled(runs: Sequence[MeasuredRun]) -> dict[str, Values]:
    """Return what the nines of each run group beyond those of networks trained on shuffled labels (N3), by run.

    Of equal seeds one by one, else less the mean of the shuffled ones: `grouping.G.delta.against_shuffled` and so on.
    Nothing for variants without shuffled runs.
    """
    beyond: dict[str, Values] = {}
    for variant in dict.fromkeys(run.variant for run in runs):
        mine = [run for run in runs if run.variant == variant]
        trained, shuffled = (
            sorted((run for run in mine if (run.control == SHUFFLED) == is_null), key=lambda run: run.seed)
            for is_null in (False, True)
        )
        paired = [run.seed for run in trained] == [run.seed for run in shuffled]
        for key in dict.fromkeys(key for run in trained for key in run.values):
            view, layer, name = key
            null = [run.values[key] for run in shuffled if key in run.values]
            having = [run for run in trained if key in run.values]
            if not null or name not in (grouping_name("G", "delta"), grouping_name("W", "delta")):
                continue
            same = paired and len(null) == len(having) == len(trained)
            delta_S = np.array([run.values[key] for run in having])
            value_S = learned(delta_S, np.array(null) if same else np.array([np.mean(null)]))
            for run, value in zip(having, value_S.tolist(), strict=True):
                beyond.setdefault(run.run, {})[view, layer, f"{name}.against_shuffled"] = value
    return beyond


def sweep_values(runs: Sequence[MeasuredRun]) -> pa.Table:
    """Return the values of all runs, `SCHEMA`, those of the shuffled ones too."""
    beyond = against_shuffled(runs)
    rows = [
        {"run": run.run, "variant": run.variant, "seed": run.seed, "control": run.control}
        | dict(zip(VALUE_SCHEMA.names, (*key, value), strict=True))
        for run in runs
        for key, value in (run.values | beyond.get(run.run, {})).items()
    ]
    return pa.Table.from_pylist(rows, SCHEMA)


def curve_table(tables: Sequence[tuple[Mapping[str, Any], pa.Table]]) -> pa.Table:
    """Return tables of single runs one below the other, with the columns that name a run in front.

    Args:
        tables: the run's row in the sweep's table, and its table; at least one.
    """
    parts = []
    for row, table in tables:
        for name in reversed(RUN_NAMES):
            table = table.add_column(0, name, pa.array([row[name]] * len(table), SCHEMA.field(name).type))
        parts.append(table)
    return pa.concat_tables(parts).combine_chunks()


def difference_table(runs: Sequence[MeasuredRun], layers: Sequence[str], rng: np.random.Generator) -> pa.Table:
    """Return what the log-polar view has more than the ordinary one, by variant, layer and measure.

    `mean`, `low` and `high` are over seeds; `p` is that of the sign-flip test, `smallest_p` what so few seeds can reach
    at best. The yardstick is the difference between every two seeds of the ordinary view: `yardstick_ratio` is the
    median difference between views over the median difference between seeds, and `yardstick_exceeds` says whether
    every difference between views is larger than every one between seeds. Null where it needs more seeds.

    Args:
        runs: of all variants; those with shuffled labels are left out.
        layers: for which Cliff's delta of the channels' G is computed (`CLIFFS_DELTA`); its interval resamples seeds
            and channels, and it has no p-value.
        rng: of the resamples.
    """
    rows = []
    for variant in dict.fromkeys(run.variant for run in runs):
        trained = [run for run in runs if run.variant == variant and run.control != SHUFFLED]
        names = dict.fromkeys((layer, name) for run in trained for _, layer, name in run.values)
        for layer, name in names:
            ordinary, other = (_paired(trained, view, layer, name) for view in VIEW_NAMES)
            if ordinary and len(ordinary) == len(other):
                rows.append({"variant": variant, "layer": layer, "measure": name} | _difference(other, ordinary))
        for layer in layers:
            if row := _cliffs_delta(trained, layer, rng):
                rows.append({"variant": variant, "layer": layer, "measure": CLIFFS_DELTA} | row)
    return pa.Table.from_pylist(rows, DIFFERENCE_SCHEMA)


def sweep_findings(runs: Sequence[MeasuredRun], rules: Rules) -> list[dict[str, Any]]:
    """Return the claims judged once per variant (`findings`), with a column `variant`; the seeds are the replicates."""
    rows: list[dict[str, Any]] = []
    for variant in dict.fromkeys(run.variant for run in runs if run.control != SHUFFLED):
        mine = [run for run in runs if run.variant == variant and run.control != SHUFFLED]
        absences = list(dict.fromkeys(absence for run in mine for absence in run.absences))
        judged = findings([run.values for run in mine], [run.size for run in mine], rules, absences)
        rows += [{"variant": variant} | row for row in judged]
    return rows


def _paired(runs: Sequence[MeasuredRun], view: str, layer: str, name: str) -> list[float]:
    """A measure of the seeds in which both views have it."""
    keys = [(each, layer, name) for each in VIEW_NAMES]
    return [run.values[view, layer, name] for run in runs if all(key in run.values for key in keys)]


def _difference(other_S: Sequence[float], ordinary_S: Sequence[float]) -> dict[str, Any]:
    paired = paired_difference(other_S, ordinary_S)
    row = {"n": paired.interval.n, "mean": paired.interval.estimate, "p": paired.p, "smallest_p": paired.smallest_p}
    if paired.interval.n < 2:
        return row
    scale = yardstick([np.array([v]) for v in ordinary_S], [np.array([v]) for v in other_S], _mean_difference)
    return row | {
        "low": paired.interval.low,
        "high": paired.interval.high,
        "yardstick_ratio": scale.ratio,
        "yardstick_exceeds": scale.exceeds,
    }


def _mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(a.mean() - b.mean())


def _cliffs_delta(runs: Sequence[MeasuredRun], layer: str, rng: np.random.Generator) -> dict[str, Any] | None:
    pairs = [tuple(run.grouping.get((view, layer), np.zeros(0)) for view in reversed(VIEW_NAMES)) for run in runs]
    pairs = [pair for pair in pairs if all(map(len, pair))]
    if not pairs:
        return None
    interval = hierarchical_interval(pairs, cliffs_delta, rng, samples=CLIFF_SAMPLES)
    row: dict[str, Any] = {"n": interval.n, "mean": interval.estimate}
    if len(pairs) < 2:
        return row
    scale = yardstick([pair[1] for pair in pairs], [pair[0] for pair in pairs], cliffs_delta)
    return row | {
        "low": interval.low,
        "high": interval.high,
        "yardstick_ratio": scale.ratio,
        "yardstick_exceeds": scale.exceeds,
    }
