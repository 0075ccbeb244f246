"""What makes an installation slow, read from the installation itself."""

from __future__ import annotations

import platform
from dataclasses import dataclass

VECTORS = {"x86_64": ("AVX2", "AVX512"), "AMD64": ("AVX2", "AVX512")}
"""Instructions that torch's kernels for a processor should use; source: torch's names of its CPU capabilities."""


@dataclass(frozen=True)
class Installation:
    """What decides the speed of the libraries.

    Args:
        processor: as `platform.machine` calls its kind.
        cores: CPUs that may be used.
        torch_threads: threads that torch computes with.
        torch_instructions: the best that torch's kernels use here, such as AVX2.
        opencv_is_optimized: whether OpenCV uses instructions beyond its baseline.
        opencv_instructions: that OpenCV's kernels have, and the processor.
        opencv_jpeg: what OpenCV decodes JPEG with.
        decodes_crops: whether nvImageCodec is there.
    """

    processor: str
    cores: int
    torch_threads: int
    torch_instructions: str
    opencv_is_optimized: bool
    opencv_instructions: frozenset[str]
    opencv_jpeg: str
    decodes_crops: bool

    @classmethod
    def here(cls, cores: int) -> Installation:
        """Return this process's.

        Args:
            cores: CPUs that may be used.
        """
        import cv2
        import torch

        from lp_core.images.region_decoder import region_decoder

        words = cv2.getCPUFeaturesLine().split()
        return cls(
            processor=platform.machine(),
            cores=cores,
            torch_threads=torch.get_num_threads(),
            torch_instructions=torch.backends.cpu.get_cpu_capability(),
            opencv_is_optimized=cv2.useOptimized(),
            # `*` marks what is chosen at run time, `?` what this processor lacks.
            opencv_instructions=frozenset(word.lstrip("*") for word in words if not word.endswith("?")),
            opencv_jpeg=_jpeg_library(cv2.getBuildInformation()),
            decodes_crops=region_decoder() is not None,
        )


def advice(installation: Installation, slow: set[str]) -> list[str]:
    """Return what to do about an installation, a line for each cause.

    Args:
        installation: of this machine.
        slow: names of the parts that were slow.
    """
    lines = []
    if installation.torch_threads == 1 < installation.cores:
        lines.append(
            f"torch computes with one thread of {installation.cores} CPUs: OMP_NUM_THREADS, MKL_NUM_THREADS or the "
            "affinity say so; workers of a run choose their own number"
        )
    wanted = VECTORS.get(installation.processor)
    if wanted and installation.torch_instructions not in wanted:
        lines.append(
            f"torch uses {installation.torch_instructions} kernels, not AVX2 or AVX512: unset ATEN_CPU_CAPABILITY; "
            "on a virtual machine let the guest see the host's processor"
        )
    if not installation.opencv_is_optimized:
        lines.append("OpenCV's fast code is switched off: unset OPENCV_CPU_DISABLE")
    elif wanted and "AVX2" not in installation.opencv_instructions and installation.torch_instructions in wanted:
        lines.append("OpenCV is built without AVX2: install opencv-python-headless from PyPI")
    if "decode" in slow and "turbo" not in installation.opencv_jpeg:
        lines.append(
            f"OpenCV decodes JPEG with {installation.opencv_jpeg or 'an unknown library'}, perhaps not libjpeg-turbo: "
            "install opencv-python-headless from PyPI"
        )
    if slow & {"decode", "chain"} and not installation.decodes_crops:
        lines.append('nvImageCodec decodes only what a crop shows: pip install "logpolar[decode]"')
    if slow and not lines:
        lines.append(
            "nothing in the installation explains it: look for other programs, a limit of processor time, a processor "
            "that saves power, or an older one"
        )
    return lines


def _jpeg_library(build: str) -> str:
    """What OpenCV's build information says of JPEG."""
    lines = [line.split(":", 1)[1].strip() for line in build.splitlines() if line.strip().startswith("JPEG:")]
    return lines[0] if lines else ""
