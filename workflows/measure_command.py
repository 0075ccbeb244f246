"""Whether `logpolar measure` is about a run or about a sweep; the folder says so."""

from __future__ import annotations

from dataclasses import dataclass

import tyro

from lp_core.run.files import SWEEP_TABLE
from lp_core.storage import Storage
from workflows.cli import VERBS
from workflows.command_line import Command, Start, stage_command


@dataclass(frozen=True)
class SweepMeasurement:
    """What a command line asks for that names the folder of a sweep.

    Args:
        folder: of the sweep.
        others: all words but the folder; every run is measured with them.
    """

    folder: Storage
    others: tuple[str, ...]

    def command(self, run: Storage) -> Command:
        """The command that measures a run of the sweep."""
        return stage_command("measure", VERBS["measure"], ["--run", run.uri, *self.others])


def sweep_measurement(arguments: list[str]) -> SweepMeasurement | None:
    """Return what a command line asks for if its folder is that of a sweep; None if not, or where help is asked for.

    Args:
        arguments: what follows `measure`.
    """
    start, _ = tyro.cli(Start, args=arguments, return_unknown_args=True, add_help=False)
    named = start.run or (start.folder[0] if start.folder else None)
    if named is None or start.help or not Storage.at(named).exists(SWEEP_TABLE):
        return None
    others = list(arguments)
    at = others.index(named) if named in others else others.index(f"--run={named}")
    first = at - 1 if start.run and others[at] == named else at  # `--run FOLDER` is two words
    del others[first : at + 1]
    return SweepMeasurement(Storage.at(named), tuple(others))
