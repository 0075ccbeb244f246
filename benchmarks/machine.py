"""What a figure was measured on: date, processor, versions, memory (1 MB is 1024 x 1024 bytes), photographs."""

from __future__ import annotations

import os
import threading
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tasks.cpus import usable_cpus

PHOTOGRAPHS = Path(__file__).parents[2] / "shared" / "data" / "imagenet-sample"
"""500 photographs of ImageNet's training split, 108 kB on average."""


def machine_line(device: str = "cpu") -> str:
    """Date, processor, cores, threads and versions: the head of every table.

    Call it last where memory is measured: torch is imported here.
    """
    import torch

    from lp_core.network.machine import machine

    libraries = ", ".join(f"{name} {_version(name)}" for name in ("numpy", "opencv-python-headless", "ray"))
    return f"{date.today()}, {machine(torch.device(device))}, {usable_cpus()} cores, {libraries}"


def _version(package: str) -> str:
    """`none` on a machine that measures without the package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def single_threaded() -> None:
    """Use one core, as every peer does."""
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def peak_megabytes(pid: int | str = "self") -> float:
    """Most memory that a process has used; `ru_maxrss` of a child would begin with that of its parent."""
    return _status(pid, "VmHWM") / 1024


def resident_megabytes(pid: int | str = "self") -> float:
    """Memory that a process uses now."""
    return _status(pid, "VmRSS") / 1024


def _status(pid: int | str, field: str) -> int:
    """A field of /proc/PID/status, in kB."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines[field].split()[0])


class FamilyMemory:
    """Largest memory of this process and its descendants while a `with` block runs, looked up four times a second."""

    def __enter__(self) -> FamilyMemory:
        self.megabytes, self._done = 0.0, threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while True:
            self.megabytes = max(self.megabytes, sum(map(_proportional_set_size, family(os.getpid()))) / 1024)
            if self._done.wait(0.25):
                return


def family(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    processes = [root]
    for pid in processes:
        processes += children.get(pid, [])
    return processes


def _proportional_set_size(pid: int) -> int:
    """kB; 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
