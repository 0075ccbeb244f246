"""`logpolar doctor`: what this machine has, and what will not work on it. Holds nothing secret: made to be posted."""

from __future__ import annotations

import sys

from lp_core import __version__
from lp_core.storage import Storage
from tasks.machine_checks import (
    Line,
    cpus_line,
    decoder_line,
    gpus_line,
    memory_line,
    shared_memory_line,
    versions_line,
    writing_line,
)
from tasks.ray_check import RayCheck
from workflows.config import commit, versions


def doctor(*, run: str | None = None) -> None:
    """Print a line for each part of this machine that a run uses, with advice; exit code 1 if something will not work.

    Ray is started and stopped once. No line holds a variable of the environment, a user's name, or the path of a home
    or run folder.

    Args:
        run: run folder (local path, s3:// or gs://) whose writing speed is measured.
    """
    folder = Storage.at(run) if run else None
    ray = RayCheck()
    found = {**versions(), "logpolar": __version__, "commit": (commit() or "none")[:9]}
    lines = [versions_line(found), cpus_line(), memory_line(), shared_memory_line(), gpus_line(), decoder_line()]
    lines += [writing_line(folder), ray.line()]
    print("\n".join(text for line in lines for text in shown(line)))
    failed = [line.part for line in lines if not line.works]
    print(f"will not work: {', '.join(failed)}" if failed else "all that a run needs is there")
    sys.exit(1 if failed else 0)


def shown(line: Line) -> list[str]:
    """Return the text of a part, and below it the advice."""
    mark = "fails" if not line.works else "note" if line.advice else "ok"
    text = [f"{mark:<6}{line.part:<12}{line.seen}"]
    return [*text, f"{'':<18}-> {line.advice}"] if line.advice else text
