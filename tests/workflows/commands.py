"""Commands as a user starts them, and a Ray head, each ended with everything that it started."""

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
RAY = Path(sys.executable).with_name("ray")

SETTINGS = [
    *("--recipe", "demo", "--view.size", "32", "--network.width", "0.0625", "--network.pool", "1"),
    *("--train.epochs", "2", "--train.batch-size", "24", "--train.precision", "fp32", "--train.deterministic"),
    *("--train.log-every-steps", "1", "--train.checkpoint-every-steps", "3", "--data.lanes", "4"),
    *("--scan.batch-size", "8", "--scan.piece-rows", "16"),
    *("--visualize.few", "1", "--visualize.channels", "random:2"),
]
"""A small run of seconds, the same bits every time; give it a data set."""


PATIENCE_SECONDS = 1800.0
"""For anything at all. Tests wait for events; this only ends those in which an event never comes."""


def start(verb: str, run: Path, *options: str) -> subprocess.Popen:
    """A command in a process group of its own, so that it can be killed with everything it started."""
    return subprocess.Popen(
        [sys.executable, "-m", "workflows", verb, "--run", str(run), *options],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen) -> str:
    try:
        output = process.communicate(timeout=PATIENCE_SECONDS)[0]
    finally:
        kill(process)
    assert process.returncode == 0, output
    return output


def kill(process: subprocess.Popen) -> None:
    """End a command without warning, with everything that it started: Ray's workers would finish a short training."""
    for pid in [*descendants(process.pid), process.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def descendants(pid: int) -> list[int]:
    return list(_titles_below(pid))


def _titles_below(pid: int) -> dict[int, str]:
    """The processes below another one, parents first, and what they are called now."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    children: dict[int, list[int]] = {}
    titles: dict[int, str] = {}
    for line in table.splitlines():
        child, parent, *title = line.split(maxsplit=2)
        children.setdefault(int(parent), []).append(int(child))
        titles[int(child)] = "".join(title)
    found = list(children.get(pid, []))
    for one in found:
        found += children.get(one, [])
    return {one: titles[one] for one in found}


def wait_for(condition: Callable[[], object], process: subprocess.Popen, every_seconds: float = 0.005) -> None:
    """Wait for what a command does."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(every_seconds)


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for what needs no command of its own."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def content(run: Path) -> dict[str, str]:
    """SHA-256 of every file of a run."""
    files = sorted(path for path in run.rglob("*") if path.is_file())
    return {str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@dataclass(frozen=True)
class Head:
    """A Ray head that runs."""

    address: str
    """HOST:PORT of the cluster."""
    dashboard: str | None
    """URL of its dashboard."""
    process: subprocess.Popen
    """`ray start`, above everything that runs on it."""


@contextmanager
def head(*options: str, cpus: int = 3, environment: dict[str, str] | None = None) -> Iterator[Head]:
    """A head started by hand, with the token of the environment, for the length of a `with` block."""
    temporary = tempfile.mkdtemp(prefix="lp", dir="/tmp")  # short: sockets' paths may have 107 characters
    memory = "--object-store-memory=300000000"
    process = subprocess.Popen(
        [
            RAY,
            "start",
            "--head",
            "--port=0",
            f"--num-cpus={cpus}",
            "--block",
            f"--temp-dir={temporary}",
            memory,
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # Jobs find `python` as a person who activated this environment does.
        env=os.environ | {"PATH": f"{RAY.parent}{os.pathsep}{os.environ['PATH']}"} | (environment or {}),
    )
    address = dashboard = None
    try:
        for line in process.stdout:
            if found := re.search(r"--address='([\d.]+:\d+)'", line):
                address = found.group(1)
            if found := re.search(r"(127\.0\.0\.1:\d+)", line):
                dashboard = dashboard or f"http://{found.group(1)}"
            if "--block" in line:
                break
        assert address, "the head did not start"
        yield Head(address, dashboard, process)
    finally:
        kill(process)
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def node(address: str, *options: str, before: tuple[str, ...] = ()) -> Iterator[subprocess.Popen]:
    """Another node of a cluster, on this machine, for the length of a `with` block or until it is killed.

    Args:
        address: of the cluster.
        options: of `ray start`.
        before: words of a command that starts it.
    """
    process = subprocess.Popen(
        [*before, RAY, "start", f"--address={address}", "--block", "--object-store-memory=200000000", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        told = []
        for line in process.stdout:
            told.append(line)
            if "--block" in line:
                break
        else:
            raise AssertionError("".join(told))
        yield process
    finally:
        kill(process)


def node_ids(address: str) -> set[str]:
    """Nodes of a cluster that are alive."""
    alive = "[node['NodeID'] for node in ray.nodes() if node['Alive']]"
    ask = f"import ray; ray.init({address!r}, logging_level='ERROR', log_to_driver=False); print(*{alive})"
    return set(subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.split())


def hidden_from(folder: str | Path) -> tuple[str, ...]:
    """Words before a command to which a folder is empty, as one is on a machine that does not share it; for root."""
    return ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs none "{folder}" && exec "$0" "$@"')


def working(root: subprocess.Popen, title: str) -> list[int]:
    """The processes below another one that have a title now, such as the name of a task that Ray's worker executes."""
    return [pid for pid, args in _titles_below(root.pid).items() if title in args]


_LOOK_SECONDS = 0.05
"""Between two looks at all processes, which take 10 ms of CPU time each: looking on and on would take a core from
what is waited for. Our choice."""


@contextmanager
def held(root: subprocess.Popen, title: str, command: subprocess.Popen, when: Callable[[], object]) -> Iterator[None]:
    """Stop the processes with a title, below another one, when a condition holds; they go on after the `with` block.

    What waits for them cannot be over meanwhile, however fast the machine is.

    Args:
        root: that started them.
        title: of the processes, as `working` finds them.
        command: that must not end before.
        when: the condition.
    """
    stopped: list[int] = []
    try:
        while not stopped:
            wait_for(lambda: working(root, title), command, _LOOK_SECONDS)
            found = working(root, title)
            wait_for(when, command)
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            stopped = [pid for pid in found if pid in working(root, title)]  # others had just done their task
            for pid in set(found) - set(stopped):
                _resume(pid)
        yield
    finally:
        for pid in stopped:
            _resume(pid)


def _resume(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
