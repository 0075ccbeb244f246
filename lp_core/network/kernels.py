"""Which kernels torch may choose: switches of the whole process, set where a process begins and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def use_deterministic_kernels(deterministic: bool) -> None:
    """Allow only kernels that give equal bits from run to run, or all kernels.

    Earlier releases of torch refuse matrix products on a GPU unless the environment bounds cuBLAS's workspace.
    """
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(deterministic)


@contextmanager
def deterministic_kernels() -> Iterator[None]:
    """Allow only deterministic kernels within a `with` block; afterwards the process is as it was."""
    before = torch.are_deterministic_algorithms_enabled()
    use_deterministic_kernels(True)
    try:
        yield
    finally:
        use_deterministic_kernels(before)


def forbid_tf32() -> None:
    """Compute fp32 as fp32: TensorFloat-32 rounds activations to 10 bits, which would reorder near ties."""
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
