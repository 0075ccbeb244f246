"""A command that was told of a pipe ends when nobody holds its other end; any other one does not."""

import os
import signal
import subprocess
import sys

from tests.workflows.commands import REPOSITORY, wait_until
from workflows.parent import PIPE

WAITING = "import time; from workflows.parent import end_with_parent; end_with_parent(); print('up', flush=True); "
PARENT = f"""
import os, subprocess, sys, time
reader, writer = os.pipe()
child = subprocess.Popen([sys.executable, "-c", {WAITING!r} + "time.sleep(600)"], pass_fds=[reader],
                         start_new_session=True, stdout=subprocess.PIPE, env=os.environ | {{{PIPE!r}: str(reader)}})
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_ends_when_its_parent_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert is_there(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not is_there(child))


def test_a_command_of_a_persons_own_goes_on():
    environment = {name: value for name, value in os.environ.items() if name != PIPE}
    done = subprocess.run(
        [sys.executable, "-c", WAITING + "time.sleep(0.3); print('end')"],
        cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["up", "end"]
