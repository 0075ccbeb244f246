"""How a process is set up before it computes: threads, and the kernels that torch may choose.

Nothing in `lp_core` changes its process: each task calls the function for its kind of work first. Calling it again has
no effect.
"""

from __future__ import annotations

import cv2

from lp_core.settings import TrainSettings


def prepare_reading() -> None:
    """Set up a process that decodes and warps photographs."""
    cv2.setNumThreads(0)  # as many processes as cores read images; threads of their own would compete


def prepare_measuring() -> None:
    """Set up a process that reads photographs and measures a trained network in fp32."""
    from lp_core.network.kernels import forbid_tf32

    prepare_reading()
    forbid_tf32()


def prepare_training(train: TrainSettings, threads: int | None) -> None:
    """Set up a process that trains.

    Args:
        train: whether kernels must be deterministic, and the precision.
        threads: that torch computes with on a CPU; None leaves torch's own choice.
    """
    import torch

    from lp_core.network.kernels import forbid_tf32, use_deterministic_kernels

    prepare_reading()
    use_deterministic_kernels(train.deterministic)
    if train.precision == "fp32":  # by itself torch convolves in TF32 on a GPU
        forbid_tf32()
    if threads is not None:
        torch.set_num_threads(threads)
