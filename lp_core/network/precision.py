"""The precision that a processor computes well in."""

from __future__ import annotations

import torch

from lp_core.errors import SettingError


def autocast_dtype(precision: str, device: str) -> torch.dtype | None:
    """The type that forward passes are cast to; None for plain fp32.

    Args:
        precision: `fp32`, `bf16`, or `auto`: bf16 where the processor has instructions for it.
        device: `cpu` or `cuda`.

    Raises:
        LogpolarError: bf16 is asked of a GPU that lacks it.
    """
    # By itself torch also says yes of GPUs before Ampere, which emulate bf16 and are slower with it than with fp32.
    has_it = torch.cuda.is_bf16_supported(including_emulation=False) if device == "cuda" else cpu_has_bf16()
    if precision == "bf16" and device == "cuda" and not has_it:
        raise SettingError("train.precision is bf16, which this GPU does not compute in; use fp32 or auto")
    return torch.bfloat16 if precision == "bf16" or (precision == "auto" and has_it) else None


def cpu_has_bf16() -> bool:
    """Whether the CPU multiplies bf16 matrices in hardware (AMX or AVX512-BF16); without, bf16 is slower than fp32."""
    probes = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(probe() for name in probes if (probe := getattr(torch.cpu, name, None)))
