"""`logpolar sweep`: many runs, each a run folder of its own, on one Ray cluster; finished ones are skipped."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import LogpolarError
from lp_core.measures.sanity_channels import asked_layers
from lp_core.report.channel_choice import chosen_channels
from lp_core.run.files import FIRST_WEIGHTS, SWEEP, SWEEP_TABLE
from lp_core.run.sweep_plan import Cell
from lp_core.run.sweep_table import Outcome, measures_of, sweep_table
from lp_core.setting_names import setting_values
from lp_core.settings import NetworkSettings, Recipe
from lp_core.storage import Storage
from lp_core.toy.data_set import CLASSES
from tasks.pieces import RECOUNT_SECONDS
from tasks.progress import Progress, say
from workflows.cell_process import CellProcess, stop
from workflows.config import commit, versions
from workflows.first_weights import read_first_weights
from workflows.own_network import check_network
from workflows.recipes import recipe as named_recipe
from workflows.run import make_toy
from workflows.scan import check_places, check_split
from workflows.session import Session
from workflows.stages import StageGraph
from workflows.sweep_cluster import SweepCluster, sweep_cluster
from workflows.sweep_command import DATA_SET, SweepCommand, stored_plan
from workflows.sweep_report import sweep_report
from workflows.until import Until, is_finished

LOOK_SECONDS = 0.2
"""Between looks whether a run has ended. Our choice."""
LINE_SECONDS = 60.0
"""Between lines about the runs that are on their way. Our choice: they write their own every ten seconds."""


def sweep(command: SweepCommand) -> None:
    """Run every cell of a sweep that is not finished.

    Raises:
        LogpolarError: nothing could be started, or some runs failed; the others are finished then.
    """
    plan, folder = command.plan, command.folder
    cells = plan.cells()
    for cell in cells:
        chosen_channels(cell.recipe)  # refuses now rather than after a training
        if command.until != "evaluate":
            check_places(cell.recipe)  # likewise
        if cell.recipe.measure.sanity:
            asked_layers(cell.recipe)  # likewise
    if not command.draws_data:
        check_split(Session(plan.base, folder))
    first = first_weights_file(command)
    write_plan(command)
    if first:
        folder.write_bytes(FIRST_WEIGHTS, first)
    if command.draws_data:
        make_toy(folder / DATA_SET)
        check_split(Session(plan.base, folder))
    table = Table(folder, cells, command.until)
    unfinished = table.unfinished()
    earlier = f"; {command.earlier} are of earlier commands" if command.earlier else ""
    say(f"sweep: {len(cells)} runs, {len(cells) - len(unfinished)} of them finished before{earlier}")
    if unfinished:
        with sweep_cluster(command) as cluster, Progress("sweep", len(cells), "runs") as progress:
            progress.already(len(cells) - len(unfinished))
            _run(unfinished, cluster, table, progress)
    sweep_report(folder)
    _say_failures(table)


def first_weights_file(command: SweepCommand) -> bytes | None:
    """Return what the trainings of all runs begin with; None for random weights, or where the folder has the file.

    Networks of the user's own are checked on the way, so that nothing starts that could not be trained.

    Raises:
        LogpolarError: the weights do not fit the network of a run, or that cannot be trained.
    """
    plan = command.plan
    networks: dict[tuple[NetworkSettings, int], Recipe] = {}
    for cell in plan.cells():
        networks.setdefault((cell.recipe.network, cell.recipe.geometry.size), cell.recipe)
    classes = len(CLASSES) if command.draws_data else len(DatasetFolder.open(plan.base.data.path).class_names)
    for recipe in networks.values():
        if recipe.network.modules:
            check_network(recipe, classes)
    if not plan.first_weights or command.folder.exists(FIRST_WEIGHTS):
        return None
    from lp_core.run.first_weights import first_weights_bytes

    first = command.first
    for recipe in networks.values() if first is None else ():
        first = read_first_weights(recipe, classes, plan.first_weights)
    assert first is not None
    say(f"first weights of all runs: from {plan.first_weights}: {first.words()}")
    return first_weights_bytes(first.tensors)


class Table:
    """sweep.parquet, and what it says of every run; written whenever that changes.

    Args:
        folder: of the sweep.
        cells: its runs.
        until: last stage that a finished run has.
    """

    def __init__(self, folder: Storage, cells: Sequence[Cell], until: Until) -> None:
        self._folder, self._cells, self._until = folder, cells, until
        before = folder.read_table(SWEEP_TABLE).to_pylist() if folder.exists(SWEEP_TABLE) else []
        seconds = {row["run"]: row["seconds"] for row in before}
        self.outcomes = {cell.run: Outcome(seconds=seconds.get(cell.run)) for cell in cells}
        for cell in cells:
            self._look(cell)
        self._write()

    def unfinished(self) -> list[Cell]:
        """Runs that are not finished with the present settings."""
        return [cell for cell in self._cells if self.outcomes[cell.run].state != "finished"]

    def failures(self) -> dict[str, str]:
        """The error of every run that failed."""
        return {run: outcome.error or "" for run, outcome in self.outcomes.items() if outcome.state == "failed"}

    def note(self, process: CellProcess) -> Outcome:
        """Take up what became of a run whose process has ended."""
        run = process.cell.run
        seconds = round((self.outcomes[run].seconds or 0.0) + process.seconds, 1)
        error = process.error()
        self.outcomes[run] = Outcome("failed" if error else "waiting", error, seconds)
        if not error:
            self._look(process.cell)
        self._write()
        return self.outcomes[run]

    def _look(self, cell: Cell) -> None:
        """Take up the measures of a run whose last stage is finished."""
        run = self._folder / cell.run
        if is_finished(StageGraph(cell.recipe, run), self._until):
            measures = measures_of(run, cell.recipe.views)
            self.outcomes[cell.run] = replace(self.outcomes[cell.run], state="finished", measures=measures)

    def _write(self) -> None:
        views = self._cells[0].recipe.views
        self._folder.write_table(SWEEP_TABLE, sweep_table(self._cells, self.outcomes, views))


def _run(cells: Sequence[Cell], cluster: SweepCluster, table: Table, progress: Progress) -> None:
    """Run cells, as many at the same time as the cluster has room for; all are ended if this process is."""
    waiting, running = deque(cells), list[CellProcess]()
    counted, room, said = 0.0, 1, time.monotonic()
    try:
        while waiting or running:
            if time.monotonic() - counted > RECOUNT_SECONDS:
                counted, room = time.monotonic(), cluster.room()
            while waiting and len(running) < room:
                running.append(cluster.start(waiting.popleft(), room))
                say(f"sweep: {running[-1].cell.run} started, log in {running[-1].log}")
            time.sleep(LOOK_SECONDS)
            for process in [process for process in running if process.has_ended()]:
                running.remove(process)
                _say_end(process, table.note(process))
                progress.advance(1)
            if time.monotonic() - said > LINE_SECONDS:
                said = time.monotonic()
                for process in running:
                    say(f"sweep: {process.cell.run} at {process.last_line()}")
    finally:
        stop(running)


def _say_end(process: CellProcess, outcome: Outcome) -> None:
    run, seconds = process.cell.run, process.seconds
    if outcome.state == "failed":
        say(f"sweep: {run} failed after {seconds:.0f} s: {outcome.error}")
        return
    top1 = ", ".join(
        f"{name.removeprefix('top1_')} {value:.1f} %"
        for name, value in outcome.measures.items()
        if name.startswith("top1_")
    )
    say(f"sweep: {run} finished in {seconds:.0f} s, top-1 {top1}")


def _say_failures(table: Table) -> None:
    failures = table.failures()
    if failures:
        for run, error in failures.items():
            say(f"sweep: {run} failed: {error}")
        raise LogpolarError(
            f"{len(failures)} of {len(table.outcomes)} runs failed; their logs are in the sweep's folder logs, and the "
            "same command repeats them"
        )


def write_plan(command: SweepCommand) -> None:
    """Write sweep.json; an unchanged plan changes no byte."""
    plan, folder = command.plan, command.folder
    if stored_plan(folder) == plan:
        return
    usual = setting_values(named_recipe(plan.base.name))
    overrides = {name: value for name, value in setting_values(plan.base).items() if value != usual[name]}
    folder.write_json(SWEEP, plan.to_dict() | {"overrides": overrides, "versions": versions(), "commit": commit()})
