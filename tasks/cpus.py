"""How many CPUs this process may use, which can be far fewer than the machine has."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

_SLURM = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE")
"""CPUs of a task where --cpus-per-task was given, and of the job on this node. Source: sbatch(1), output variables.
Affinity says the same only where Slurm is set up to bind tasks to cores."""


def usable_cpus(root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> int:
    """Return the least of the CPUs that affinity, control groups and Slurm leave this process; at least 1.

    `os.process_cpu_count` knows affinity alone, from Python 3.13.

    Args:
        root: the folder that holds `proc` and `sys`.
        environment: the variables that Slurm sets.
    """
    counts = [os.cpu_count() or 1]
    if hasattr(os, "sched_getaffinity"):  # Linux
        counts.append(len(os.sched_getaffinity(0)))
    # A quota of 1.5 CPUs is used up by two processes, not by one; loky and joblib round so, too.
    counts += [math.ceil(quota) for quota in _quotas(root)]
    counts += [int(environment[name]) for name in _SLURM if environment.get(name, "").isdecimal()]
    return max(1, min(counts))


def _quotas(root: Path) -> Iterator[float]:
    """CPUs that each control group above this process allows. Source: cgroup-v2.rst and sched-bwc.rst of Linux."""
    try:
        memberships = (root / "proc/self/cgroup").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return
    for membership in memberships:
        _, controllers, path = [*membership.split(":", 2), "", ""][:3]
        if not controllers:
            mounts = [root / "sys/fs/cgroup"]
        elif "cpu" in controllers.split(","):
            mounts = [root / "sys/fs/cgroup" / controllers, root / "sys/fs/cgroup/cpu"]
        else:
            continue
        inside = Path(path.lstrip("/"))
        # A container sees its own group as the mount, whatever its path; elsewhere every parent limits, too.
        for folder in {mount / group for mount in mounts for group in (inside, *inside.parents)}:
            with suppress(OSError, ValueError, ZeroDivisionError):
                if controllers:
                    quota, period = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
                else:
                    limit, period_text = (folder / "cpu.max").read_text().split()
                    quota, period = (-1 if limit == "max" else int(limit)), int(period_text)
                if quota > 0:
                    yield quota / period
