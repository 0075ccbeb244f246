"""Which arithmetic computed something: where two descriptions agree, equal batches give equal bits."""

from __future__ import annotations

import platform
from pathlib import Path

import torch


def machine(device: torch.device) -> str:
    """Processor with its instructions, torch, and what else decides how kernels round; one line for people.

    Source: what was seen to change last bits, docs/EXEMPLARS.md.
    """
    if device.type == "cuda":
        libraries = f"CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
        return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}, {libraries}"
    threads = torch.get_num_threads()
    instructions = torch.backends.cpu.get_cpu_capability()
    return f"{_processor()} ({instructions}), torch {torch.__version__}, {threads} thread{'s' * (threads > 1)}"


def _processor() -> str:
    """The processor's name; Python's own is empty on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
