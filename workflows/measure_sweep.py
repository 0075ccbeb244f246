"""`logpolar measure SWEEP`: every finished run of a sweep measured, then judged with the seeds as replicates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from lp_core.errors import SettingError, check
from lp_core.findings.pictures import channels_tested
from lp_core.findings.seeds import MeasuredRun, curve_table, difference_table, sweep_findings, sweep_values
from lp_core.findings.values import Absence, values_of
from lp_core.findings.verdict_rows import RunSize, finding_line, findings_document
from lp_core.fingerprint import fingerprint
from lp_core.measures.rules import Rules
from lp_core.run import files
from lp_core.run.stage import Stage
from lp_core.run.sweep_table import read_sweep_rows
from lp_core.settings import VIEW_NAMES
from lp_core.settings.scan import Automatic
from lp_core.storage import Storage
from tasks.pieces import Executor, Result
from tasks.progress import say
from tasks.twins import NO_MAXIMA, TwinNetwork, twins_of
from workflows.clarity import clarity_values
from workflows.command_line import Command
from workflows.measure import measure_run, rule_sets
from workflows.session import Session
from workflows.sweep_report import sweep_report

Row = dict[str, Any]
"""A row of sweep.parquet."""


@dataclass(frozen=True)
class _SharedExecutor:
    """Runs pieces where another session does: one connection to Ray for all runs, made when the first one needs it."""

    session: Session

    def run(
        self, function: Callable[..., Result], pieces: Iterable[tuple[Any, ...]], gpus: float | Automatic = 0.0
    ) -> Iterator[Result]:
        """`Executor.run`."""
        return self.session.executor.run(function, pieces, gpus)


def measure_sweep(
    folder: Storage, command_of: Callable[[Storage], Command], given_executor: Executor | None = None
) -> None:
    """Measure every finished run, then write the sweep's tables and findings.

    Args:
        folder: of the sweep.
        command_of: the command that measures a run, given its folder.
        given_executor: runs pieces of work instead of Ray tasks.

    Raises:
        LogpolarError: no run is finished, or a run cannot be measured.
    """
    rows = finished_runs(folder)
    commands = [command_of(folder / row["run"]) for row in rows]
    runs = []
    with Session(commands[0].recipe, commands[0].run, commands[0].address, given_executor) as shared:
        executor = _SharedExecutor(shared)
        sessions = [Session(command.recipe, command.run, given_executor=executor) for command in commands]
        for row, session in zip(rows, sessions, strict=True):
            say(f"run {row['run']}")
            with session:
                runs.append(measured_run(row, session.run, measure_run(session)))
        twins = _twins(folder, rows, sessions)
        runs = [
            replace(run, values=run.values | clarity_values(folder, session, others))
            for run, session, others in zip(runs, sessions, _other_seeds(rows, sessions), strict=True)
        ]
    _write(folder, runs, twins, rule_sets(commands[0].recipe.measure), _curves(folder, rows, commands[0]))


def finished_runs(folder: Storage) -> list[Row]:
    """The rows of finished runs; says how many others there are.

    Raises:
        SettingError: no run is finished.
    """
    every = read_sweep_rows(folder)
    rows = [row for row in every if row["state"] == "finished"]
    check(bool(rows), f"{folder}: none of the {len(every)} runs of the sweep is finished", SettingError)
    for row in every:
        if row["state"] != "finished":
            say(f"run {row['run']} is left out: {row['state']}")
    return rows


def measured_run(row: Row, run: Storage, stage: Stage) -> MeasuredRun:
    """What a finished measure stage left of a run."""
    channels: dict[tuple[str, str], list[float]] = {}
    for channel in run.read_table(files.CHANNEL_MEASURES).to_pylist():
        if channel["complete"]:
            channels.setdefault((channel["view"], channel["layer"]), []).append(channel["G"])
    counts = {key: len(values) for key, values in channels.items()}
    return MeasuredRun(
        run=row["run"],
        variant=row["variant"],
        seed=row["seed"],
        control=row["control"],
        values=values_of(run.read_table(files.VALUES)),
        size=RunSize(
            stage.fact("input_px"),
            stage.fact("classes"),
            stage.fact("images"),
            counts,
            stage.fact("tolerance_images"),
            channels_tested(run.read_table(files.PICTURES)) if run.exists(files.PICTURES) else None,
        ),
        absences=tuple(Absence(**absence) for absence in stage.fact("absences")),
        grouping={key: np.array(values) for key, values in channels.items()},
    )


def _other_seeds(rows: list[Row], sessions: list[Session]) -> Iterator[Session | None]:
    """For each run, that of the next seed of its variant, whose networks embed its images; None where there is none.

    Of another seed also for shuffled labels: a run of equal seed began with the same weights.
    """
    for own in rows:
        others = {
            row["seed"]: session
            for row, session in zip(rows, sessions, strict=True)
            if (row["variant"], row["control"]) == (own["variant"], "none") and row["seed"] != own["seed"]
        }
        later = [seed for seed in others if seed > own["seed"]]
        yield others[min(later or others)] if others else None


def _twins(folder: Storage, rows: list[Row], sessions: list[Session]) -> pa.Table | None:
    """Twins of every two neighbouring seeds of the ordinary view: what seeds alone differ by."""
    ordinary, tables = VIEW_NAMES[0], []
    for variant in dict.fromkeys(row["variant"] for row in rows):
        mine = [
            (row, session)
            for row, session in zip(rows, sessions, strict=True)
            if row["variant"] == variant and row["control"] == "none" and ordinary in session.recipe.views
        ]
        for (row_a, a), (row_b, b) in pairwise(mine):
            scans = [session.stages.scan(ordinary) for session in (a, b)]
            name = f"{files.MEASURES}/twins/{fingerprint([scan.fact('files') for scan in scans])}.parquet"
            if not folder.exists(name):
                names = [f"{ordinary} seed-{row['seed']}" for row in (row_a, row_b)]
                networks = [TwinNetwork(each, scan.folder.uri) for each, scan in zip(names, scans, strict=True)]
                made = twins_of(networks[0], networks[1], a.recipe, a.executor)
                if made is None:
                    say(f"twins of {names[0]} and {names[1]} are left out: {NO_MAXIMA}")
                    continue
                folder.write_table(name, made)
            table = folder.read_table(name)
            tables.append(table.add_column(0, "variant", pa.array([variant] * len(table))))
    return pa.concat_tables(tables).combine_chunks() if tables else None


def _curves(folder: Storage, rows: list[Row], command: Command) -> pa.Table | None:
    """The curves of the tolerance tests of all runs, for the page; None where they were not asked for."""
    if not command.recipe.measure.tolerance:
        return None
    tables = {row["run"]: (folder / row["run"]).read_table(files.TOLERANCE_CURVES) for row in rows}
    return curve_table([(row, tables[row["run"]]) for row in rows])


def _write(
    folder: Storage, runs: list[MeasuredRun], twins: pa.Table | None, sets: list[Rules], curves: pa.Table | None
) -> None:
    layers = list(dict.fromkeys(claim.layer for rules in sets for claim in rules.claims))
    folder.write_table(files.VALUES, sweep_values(runs))
    folder.write_table(files.DIFFERENCES, difference_table(runs, layers, np.random.default_rng(0)))
    for name, table in {files.TWINS: twins, files.TOLERANCE_CURVES: curves}.items():
        if table is not None:
            folder.write_table(name, table)
        else:
            folder.remove(name)  # which other settings left
    rows = [row for rules in sets for row in sweep_findings(runs, rules)]
    folder.write_json(files.FINDINGS, findings_document(rows, sets[0]))
    for row in rows:
        say(f"{row['variant']}: {finding_line(row)}")
    sweep_report(folder)
