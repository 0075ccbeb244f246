"""Whether Ray starts, runs a task and stops on this machine, tried in a process of its own, which cannot hang ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

from tasks.machine_checks import Line, without_names
from tasks.own_code import ROOT

LONGEST_SECONDS = 60.0
"""Source: our choice; two cores with a load of 8 took 33 s."""
_CODE = """
import sys
sys.path.insert(0, sys.argv[1])
from tasks.connection import connected
with connected() as cluster:
    import ray
    assert ray.get(ray.remote(lambda: 6 * 7).remote()) == 42
"""


class RayCheck:
    """Starts Ray at once; `line` waits for the outcome, so that other checks go on meanwhile."""

    def __init__(self, code: str = _CODE) -> None:
        self._start = time.monotonic()
        environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, str(ROOT)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, errors="replace", start_new_session=True, env=environment,
        )  # fmt: skip

    def line(self, longest: float = LONGEST_SECONDS) -> Line:
        """Return whether it worked, and how long it took."""
        try:
            _, errors = self._process.communicate(timeout=max(0.1, self._start + longest - time.monotonic()))
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):  # Ray's own processes end with the one that started them
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
            return Line(
                "Ray", f"did not start within {longest:.0f} s", "is the machine very busy? try again", works=False
            )
        if self._process.returncode:
            reason = next((line for line in reversed(errors.splitlines()) if line.strip()), "no message")
            return Line(
                "Ray", without_names(reason.strip()[:600]), "see docs/MACHINES.md, TMPDIR and CPUs", works=False
            )
        return Line("Ray", f"started, ran a task and stopped in {time.monotonic() - self._start:.0f} s")
