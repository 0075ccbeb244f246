"""The devices that a check runs on: a GPU, where marked, and in small form the CPU, so that every line is executed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch

NO_GPU = "torch sees no GPU on this machine"


def on_devices(check: Callable[..., Any]) -> Callable[..., Any]:
    """Give a check its argument `device`: `cpu`, and under the mark `gpu` `cuda`, skipped where there is none."""
    gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason=NO_GPU)
    devices = ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, gpu])]

    @functools.wraps(check)
    def checked(*arguments: Any, **named: Any) -> None:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        tf32 = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
        try:
            check(*arguments, **named)
        finally:
            torch.set_num_threads(threads)
            torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = tf32

    return pytest.mark.parametrize("device", devices)(checked)


def needs_gpus(number: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a check that has no form for a CPU: skipped, with the reason, where there are fewer GPUs."""
    there = torch.cuda.device_count()
    reason = f"{number} GPUs are needed, torch sees {there}" if there else NO_GPU

    def marked(check: Callable[..., Any]) -> Callable[..., Any]:
        return pytest.mark.gpu(pytest.mark.skipif(there < number, reason=reason)(check))

    return marked
