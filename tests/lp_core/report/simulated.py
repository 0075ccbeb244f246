"""What was measured of simulated runs and sweeps, by the functions that `measure` uses."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import PurePath

import numpy as np
import pyarrow as pa

from lp_core.findings.grouping import Likeness, channel_effects, grouping_table, measure_grouping
from lp_core.findings.run_tables import MeasuredChannels, MeasuredNetwork, RunTables, run_tables
from lp_core.findings.seeds import MeasuredRun, difference_table, sweep_findings, sweep_values
from lp_core.findings.verdict_rows import RunSize, findings
from lp_core.measures.rules import committed_rules, read_rules
from lp_core.report.measured import Measured
from lp_core.settings import VIEW_NAMES
from tests.lp_core.findings.simulated import GEOMETRY, LAYER, simulated_activity, simulated_nines

CHANNELS, CLASSES, IMAGES = 16, 100, 5_000
RULES = read_rules(committed_rules())


@cache
def run_of(seed: int, planted: int = 10, with_activity: bool = True) -> RunTables:
    """The tables of a run whose trained networks have so many grouped channels."""
    rng = np.random.default_rng(seed)
    label_N = np.arange(IMAGES) % CLASSES
    networks, channels = [], {}
    for view in VIEW_NAMES:
        for network, groups in (("trained", planted), ("untrained", 0)):
            nines = simulated_nines(label_N, rng, channels=CHANNELS, planted=groups)
            effects = measure_grouping(nines, Likeness(), 19, rng)
            channels.setdefault(view, MeasuredChannels(nines, channel_effects(nines, effects)))
            activity = simulated_activity(view, rng, channels=CHANNELS, side=0.3) if with_activity else {}
            networks.append(MeasuredNetwork(view, network, grouping_table(nines, effects, view, network), activity))
    return run_tables(networks, channels, GEOMETRY)


def measured_run(seed: int = 0, *, with_activity: bool = True) -> Measured:
    """What a report reads of one such run."""
    made = run_of(seed, with_activity=with_activity)
    rows = findings([made.values], [_size(made)], RULES)
    return Measured(findings=rows, rules=RULES.fingerprint, tables=_rows(made.tables))


def measured_sweep(seeds: Sequence[int] = (0, 1, 2), variants: Sequence[str] = ("base",)) -> Measured:
    """What a report reads of a sweep over such runs, with networks of shuffled labels."""
    runs = []
    for number, variant in enumerate(variants):
        for seed in seeds:
            for control, planted in (("none", 10), ("shuffled", 2)):
                made = run_of(seed + 10 * number, planted, with_activity=False)
                name = f"{variant}/{'shuffled-' * (control == 'shuffled')}seed-{seed}"
                runs.append(MeasuredRun(name, variant, seed, control, made.values, _size(made)))
    tables = {"values": sweep_values(runs), "differences": difference_table(runs, [LAYER], np.random.default_rng(0))}
    return Measured(findings=sweep_findings(runs, RULES), rules=RULES.fingerprint, tables=_rows(tables))


def in_layer(measured: Measured, layer: str) -> Measured:
    """The same as if its layer, conv5_2, had another name."""
    tables = {
        name: [row | {"layer": layer} if row.get("layer") == LAYER else row for row in rows]
        for name, rows in measured.tables.items()
    }
    return replace(measured, tables=tables)


def sweep_rows(seeds: Sequence[int] = (0, 1, 2), variants: Sequence[str] = ("base",)) -> list[dict[str, object]]:
    """Rows of sweep.parquet of the same sweep."""
    return [
        {
            "run": f"{variant}/{'shuffled-' * (control == 'shuffled')}seed-{seed}",
            "variant": variant,
            "seed": seed,
            "control": control,
            "state": "finished",
            "error": None,
            "seconds": 90.0 + seed,
            **{f"top1_{view}": (80.0 if control == "none" else 1.0) + seed for view in VIEW_NAMES},
        }
        for variant in variants
        for seed in seeds
        for control in ("none", "shuffled")
    ]


def _size(made: RunTables) -> RunSize:
    return RunSize(GEOMETRY.size, CLASSES, IMAGES, made.complete_channels())


def _rows(tables: dict[str, pa.Table]) -> dict[str, list[dict[str, object]]]:
    return {PurePath(name).stem: table.to_pylist() for name, table in tables.items()}
