"""How much of a GPU each task gets where nobody says so: as many tasks share one as its memory and the cores allow."""

from __future__ import annotations

import math
import sys

from lp_core.network.compute import forward_bytes
from lp_core.settings import Recipe
from tasks.cluster import Cluster

PROCESS_BYTES = 700 * 2**20
"""What CUDA, cuDNN and cuBLAS take of a GPU in every process. Source: our choice; not measured here."""
KEPT_BYTES = 2**30
"""Most bytes of weights that a process keeps, beside the network it works with (`tasks/networks.py`); one network is
kept whatever its size. Source: our choice; at full width the convolutions of 18 networks, 59 MB each, which is what a
scan keeps."""
USABLE = 0.9
"""Share of a GPU's memory that tasks may fill. Source: our choice."""
FINEST = 10_000
"""Parts of a GPU that Ray tells apart. Source: docs.ray.io, "Fractional accelerators": up to 0.0001."""


def share_of_gpu(cluster: Cluster, memory: int, needed: int) -> float:
    """Return the share of a GPU for each task, 0 where there are no GPUs.

    A task decodes its images on the one core that it holds, so more tasks than cores for each GPU would wait.

    Args:
        cluster: its node of most GPUs decides.
        memory: bytes of a GPU; 0 where torch sees none.
        needed: bytes of it that a task needs.
    """
    if not cluster.node_gpus or not memory:
        return 0.0
    tasks = min(cluster.node_cpus // cluster.node_gpus, USABLE * memory // (needed + PROCESS_BYTES))
    # Rounded down, so that all of them fit.
    return math.floor(FINEST / max(1, int(tasks))) / FINEST


def automatic_share(recipe: Recipe, cluster: Cluster, classes: int) -> float:
    """Return what `scan.gpus-per-task auto` is on the connected cluster, for a run's network and batches.

    Args:
        recipe: settings of the run.
        cluster: as it is now; GPUs that an autoscaler may bring later do not count.
        classes: number of outputs.
    """
    if not cluster.node_gpus:
        return 0.0
    needed = forward_bytes(recipe.network, classes, recipe.geometry.size, recipe.scan.batch_size)
    return share_of_gpu(cluster, _memory_of_a_gpu(), needed + KEPT_BYTES)


def _memory_of_a_gpu() -> int:
    """Bytes of a GPU of the connected cluster, asked where it is."""
    import ray

    return ray.get(ray.remote(num_cpus=0, num_gpus=1 / FINEST)(gpu_memory).remote())


def gpu_memory() -> int:
    """Bytes of this process' GPU; 0 where torch can use none."""
    import torch

    return torch.cuda.get_device_properties(0).total_memory if torch.cuda.is_available() else 0


def holds_gpu() -> bool:
    """Whether Ray gave this task a GPU, or a share of one; it hides none of them from a task that was given none."""
    ray = sys.modules.get("ray")  # loaded in every task; elsewhere it would take seconds to say no
    if ray is None or not ray.is_initialized() or ray.get_runtime_context().get_task_id() is None:
        return False
    return bool(ray.get_gpu_ids())
