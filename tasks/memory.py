"""Memory that this machine has left, and that a container may use."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def available_and_allowed(root: Path = Path("/")) -> tuple[int | None, int | None]:
    """Return the bytes that are available, and those that the control group allows; None where Linux does not say.

    Args:
        root: the folder that holds `proc` and `sys`.
    """
    available = allowed = None
    with suppress(OSError, ValueError, IndexError, StopIteration):
        lines = (root / "proc/meminfo").read_text().splitlines()
        available = 1024 * int(next(line for line in lines if line.startswith("MemAvailable")).split()[1])
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # ValueError: "max"
            allowed = int((root / "sys/fs/cgroup" / name).read_text())
    return available, None if allowed is None or allowed > 2**50 else allowed  # version 1 says no limit so
