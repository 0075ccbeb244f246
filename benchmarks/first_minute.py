"""Where the processor time of `logpolar demo` goes: seconds of all its processes, Ray's included, by stage and by role.

    python -m benchmarks.first_minute [--run DIR] [--limit 600] [COMMAND ...]

A stage begins with a line that the command prints. What a process used after the last look at it is not seen. After
`--limit` seconds of the wall clock the command is interrupted, as by Ctrl-C, and the tables are of what it did
until then. Linux only: the times are those of /proc.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.machine import machine_line
from benchmarks.timing import Stopwatch, table_head, table_row

LOOK_SECONDS = 0.2
"""Between looks at the processes."""
LEAST_SECONDS = 0.5
"""Roles that took less are shown together."""
TICKS = os.sysconf("SC_CLK_TCK")

Key = tuple[int, str]
"""Number of a process and when it was started: numbers are used again."""


class ProcessTree:
    """Processor seconds of a process and all that descend from it, also of those that lost their parent."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._seconds: dict[Key, float] = {}

    def look(self) -> dict[str, float]:
        """Processor seconds since the last look, by role."""
        seen = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                words = (folder / "cmdline").read_text().replace("\0", " ").split()
            except OSError:  # ended meanwhile
                continue
            used = (int(fields[11]) + int(fields[12])) / TICKS
            seen[int(folder.name)] = int(fields[1]), fields[19], used, words
        mine = {self._root} | {pid for pid, (_, started, _, _) in seen.items() if (pid, started) in self._seconds}
        while more := {pid for pid, (parent, *_) in seen.items() if parent in mine} - mine:
            mine |= more
        spent = defaultdict[str, float](float)
        for pid in mine & set(seen):
            _, started, used, words = seen[pid]
            spent[role_of(words, pid == self._root)] += used - self._seconds.get((pid, started), 0.0)
            self._seconds[pid, started] = used
        return spent


def role_of(words: list[str], is_root: bool) -> str:
    """What a process does, from its command line: Ray names a worker by its task or actor."""
    if is_root:
        return "the command itself"
    if not words or words[0].startswith("ray::"):
        return " ".join(words) or "ended"
    scripts = [word for word in words[1:] if word.endswith(".py")]
    return Path((scripts or words)[0]).name


def stage_of(line: str) -> str:
    """What a line of output begins with, without folders and figures."""
    return " ".join(word for word in line.partition(":")[0].split() if "/" not in word)


def measure(command: list[str], limit: float) -> tuple[dict[tuple[str, str], float], dict[str, float], int]:
    """Processor seconds by stage and role, seconds of the wall clock by stage, and the exit status."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    stages, spent, passed = ["start"], defaultdict[tuple[str, str], float](float), defaultdict[str, float](float)
    output = process.stdout

    def read() -> None:
        for line in output:
            print(f"  {line.rstrip()}", file=sys.stderr, flush=True)
            if stage := stage_of(line):
                stages.append(stage)

    reader = threading.Thread(target=read)
    reader.start()
    tree = ProcessTree(process.pid)
    with Stopwatch() as watch:
        before, is_interrupted = 0.0, False
        while process.poll() is None:
            time.sleep(LOOK_SECONDS)
            for role, seconds in tree.look().items():
                spent[stages[-1], role] += seconds
            passed[stages[-1]] += watch.so_far - before
            before = watch.so_far
            if before > limit and not is_interrupted:
                process.send_signal(signal.SIGINT)
                is_interrupted = True
    reader.join()
    return spent, passed, process.returncode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="runs/first_minute", help="run folder of the demo, which must not exist yet")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds after which the command is interrupted")
    parser.add_argument("command", nargs="*", help="another command than the demo, after --")
    arguments = parser.parse_args()
    demo = [sys.executable, "-m", "workflows", "demo", "--run", arguments.run]
    spent, passed, status = measure(arguments.command or demo, arguments.limit)
    print(f"{machine_line()}; exit status {status}\n")
    print(table_head("begun by the line", "processor seconds", "seconds"))
    for stage, seconds in passed.items():
        print(table_row(stage, f"{sum(of for (name, _), of in spent.items() if name == stage):.1f}", f"{seconds:.1f}"))
    by_role = defaultdict[str, float](float)
    for (_, role), seconds in spent.items():
        by_role[role] += seconds
    print(f"\n{table_head('process', 'processor seconds')}")
    largest_first = sorted(by_role.items(), key=lambda item: -item[1])
    shown = {role: seconds for role, seconds in largest_first if seconds >= LEAST_SECONDS}
    for role, seconds in shown.items():
        print(table_row(role, f"{seconds:.1f}"))
    print(table_row("others", f"{sum(by_role.values()) - sum(shown.values()):.1f}"))


if __name__ == "__main__":
    main()
