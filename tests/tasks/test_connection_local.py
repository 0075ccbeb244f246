"""The cluster that a command starts for itself: who could reach it, and how both end."""

import subprocess
import sys

import pytest

from tests.workflows.commands import REPOSITORY

pytestmark = pytest.mark.ray

SCRIPT = """
import ipaddress, os, re
from contextlib import suppress
from pathlib import Path
from tasks.connection import connected
from tests.workflows.commands import descendants

def address(text):
    words = [bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8)]
    found = ipaddress.ip_address(b"".join(words))
    return getattr(found, "ipv4_mapped", None) or found

def listening(pids):
    sockets = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, state, inode = line.split()[1], line.split()[3], line.split()[9]
            if state == "0A":
                sockets[inode] = address(local.partition(":")[0])
    for pid in pids:
        with suppress(FileNotFoundError):  # those that have ended
            for link in Path(f"/proc/{pid}/fd").iterdir():
                inode = re.fullmatch(r"socket:\\[(\\d+)\\]", os.readlink(link))
                if inode and inode[1] in sockets:
                    yield sockets[inode[1]]

with connected():
    import ray
    ray.get(ray.remote(lambda: 1).remote())
    found = list(listening([os.getpid(), *descendants(os.getpid())]))
print(len(found), *{str(one) for one in found if not one.is_loopback})
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sockets are looked up in /proc")
def test_nothing_listens_to_other_machines():
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=REPOSITORY, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    count, *others = done.stdout.splitlines()[-1].split()
    assert int(count) > 5
    assert others == []


TOLD_TO_END = """
import os, signal, sys, time
from tasks.connection import connected
from tasks.pieces import RayTasks
from workflows import cli

def end_the_command(pid, number):
    os.kill(pid, number)
    time.sleep(600)

def dispatch(verb, words):
    with connected() as cluster:
        list(RayTasks(cluster).run(end_the_command, [(os.getpid(), int(sys.argv[1]))]))

cli._dispatch = dispatch
cli.main(["measure"])
"""


@pytest.mark.parametrize(("number", "code", "word"), [(2, 130, "interrupted"), (15, 143, "terminated")])
def test_a_command_that_waits_for_tasks_ends_with_one_line(number, code, word):
    done = subprocess.run(
        [sys.executable, "-c", TOLD_TO_END, str(number)], cwd=REPOSITORY, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == code
    assert done.stderr == f"logpolar: {word}; run the same command again to resume\n"
