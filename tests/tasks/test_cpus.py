"""`cpus` counts what this process may use: affinity, cgroup quotas, Slurm."""

import os
import subprocess
import sys

import pytest

from tasks.cpus import usable_cpus
from tests.workflows.commands import REPOSITORY


def machine(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(autouse=True)
def sixteen_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)


V2, V1 = "0::/system.slice/job.scope\n", "9:memory:/job\n4:cpu,cpuacct:/job\n0::/ignored\n"


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({}, 16),
        ({"proc/self/cgroup": V2}, 16),
        ({"proc/self/cgroup": V2, "sys/fs/cgroup/system.slice/job.scope/cpu.max": "max 100000\n"}, 16),
        ({"proc/self/cgroup": V2, "sys/fs/cgroup/system.slice/job.scope/cpu.max": "300000 100000\n"}, 3),
        ({"proc/self/cgroup": V2, "sys/fs/cgroup/system.slice/job.scope/cpu.max": "150000 100000\n"}, 2),
        ({"proc/self/cgroup": V2, "sys/fs/cgroup/system.slice/job.scope/cpu.max": "5000 100000\n"}, 1),
        ({"proc/self/cgroup": V2, "sys/fs/cgroup/system.slice/cpu.max": "400000 100000\n"}, 4),  # its parent's
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),  # in a container
        ({"proc/self/cgroup": "0::/../outside\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
        ({"proc/self/cgroup": V2, "sys/fs/cgroup/system.slice/job.scope/cpu.max": "damaged"}, 16),
        ({"proc/self/cgroup": "damaged\n"}, 16),
        (
            {
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "250000\n",
                "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "50000\n",
            },
            5,
        ),
        (
            {  # in a container the host's path does not exist, and the group is the mount itself
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "700000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            7,
        ),
        (
            {
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
            },
            16,
        ),
    ],
)
def test_a_control_groups_quota_limits(tmp_path, files, cpus):
    assert usable_cpus(machine(tmp_path, files), {}) == cpus


@pytest.mark.parametrize(
    ("environment", "cpus"),
    [
        ({"SLURM_CPUS_ON_NODE": "8"}, 8),
        ({"SLURM_CPUS_PER_TASK": "4", "SLURM_CPUS_ON_NODE": "8"}, 4),
        ({"SLURM_CPUS_ON_NODE": "64"}, 16),
        ({"SLURM_CPUS_ON_NODE": ""}, 16),
        ({"SLURM_CPUS_ON_NODE": "0"}, 1),
    ],
)
def test_slurms_allotment_limits(tmp_path, environment, cpus):
    assert usable_cpus(tmp_path, environment) == cpus


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="affinity is Linux's")
def test_affinity_limits(tmp_path):
    bind = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
    code = f"{bind}; from tasks.cpus import usable_cpus; print(usable_cpus())"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True).stdout == "1\n"


def test_nothing_asks_for_the_cores_of_the_machine():
    """They may be another's: what the helper returns is what this process may use."""
    sources = [
        path
        for folder in ("lp_core", "tasks", "workflows", "benchmarks")
        for path in (REPOSITORY / folder).rglob("*.py")
    ]
    asking = {path.name for path in sources if "cpu_count()" in path.read_text()}
    assert asking == {"cpus.py", "machine_checks.py"}  # `doctor` shows both numbers
