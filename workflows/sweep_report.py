"""`logpolar report SWEEP`: one static page about all runs of a sweep."""

from __future__ import annotations

import posixpath

import tyro

from lp_core.errors import SettingError, check
from lp_core.run.files import REPORT, SWEEP, SWEEP_TABLE
from lp_core.run.sweep_table import read_sweep_rows
from lp_core.storage import Storage
from tasks.progress import say
from workflows.command_line import Start


def named_sweep(arguments: list[str]) -> Storage | None:
    """Return the folder that a command line names if it is that of a sweep; None if not, or where help is asked for.

    Raises:
        SettingError: the command line says more than the folder.
    """
    start, others = tyro.cli(Start, args=arguments, return_unknown_args=True, add_help=False)
    named = start.run or (start.folder[0] if start.folder else None)
    if named is None or start.help or not Storage.at(named).exists(SWEEP_TABLE):
        return None
    check(not others and not start.recipe, f"report takes the folder of a sweep alone, not {' '.join(arguments)}")
    return Storage.at(named)


def sweep_report(folder: Storage) -> None:
    """Write `report/index.html` of a sweep, from its table and, where it was measured, its findings.

    Args:
        folder: of the sweep.

    Raises:
        LogpolarError: the folder holds no sweep.
    """
    from lp_core.report.measured import read_measured
    from lp_core.report.sweep_page import SweepData, write_sweep_report

    check(folder.exists(SWEEP_TABLE), f"{folder} holds no sweep: {SWEEP_TABLE} is missing", SettingError)
    rows = read_sweep_rows(folder)
    page = f"{REPORT}/index.html"
    data = SweepData(
        title=f"Logpolar: {posixpath.basename(folder.path())}",
        plan=folder.read_json(SWEEP) if folder.exists(SWEEP) else {},
        runs=rows,
        reported=frozenset(row["run"] for row in rows if (folder / row["run"]).exists(page)),
        measured=read_measured(folder),
    )
    for name, content in write_sweep_report(data).items():
        folder.write_bytes(f"{REPORT}/{name}", content)
    say(f"report: {folder.path(page)}")
