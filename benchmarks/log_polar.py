"""The warp alone, against the peers that people use: 224 px, RGB, one core, all in one run.

    python -m benchmarks.log_polar [--rounds 40]

The ways take turns; each one's figure is its median over the rounds, and the ratio is the median of the rounds' ratios,
so that a busy machine slows all of them alike. Peers without sectors and rings of our law sample as many pixels.
"""

from __future__ import annotations

import argparse
import math
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import torch
from skimage.transform import warp_polar

from lp_core.images.crop import centre_crop, resize_crop
from lp_core.images.decode import decode_rgb
from lp_core.images.log_polar import LogPolarMap
from lp_core.images.tensor import LogPolar

PHOTOGRAPHS = Path(__file__).parents[1] / ".." / "shared" / "data" / "imagenet-sample"
CORNER = math.hypot(112, 112)
FLAGS = cv2.INTER_LINEAR | cv2.WARP_FILL_OUTLIERS | cv2.WARP_POLAR_LOG


def machine() -> str:
    """Date, processor and versions, for the head of a table."""
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    versions = f"OpenCV {cv2.__version__}, PyTorch {torch.__version__}, NumPy {np.__version__}"
    return f"{date.today()}, {cpu} ({platform.machine()}), one thread, {versions}"


def in_turns(ways: dict[str, Callable], inputs: list, rounds: int) -> dict[str, list[float]]:
    """Seconds per input of every way in every round; every round is all ways on all inputs."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way(inputs[0])
    for _ in range(rounds):
        total = dict.fromkeys(ways, 0.0)
        for item in inputs:
            for name, way in ways.items():
                start = time.perf_counter()
                way(item)
                total[name] += time.perf_counter() - start
        for name in ways:
            seconds[name].append(total[name] / len(inputs))
    return seconds


def table(seconds: dict[str, list[float]], against: str) -> str:
    """Markdown: median ms, and the median ratio to one of the ways."""
    lines = [f"| way | ms | speed, {against} = 1 |", "|---|---|---|"]
    for name, values in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(seconds[against], values, strict=True))
        lines.append(f"| {name} | {1e3 * statistics.median(values):.3f} | {ratio:.2f} |")
    return "\n".join(lines)


def single_threaded() -> None:
    """One core for everybody."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    single_threaded()
    photographs = [decode_rgb(file.read_bytes()) for file in sorted(PHOTOGRAPHS.iterdir())[::100]]
    squares = [resize_crop(image, centre_crop(*image.shape[:2], 0.875), 224) for image in photographs]
    opencv = LogPolarMap(size=(224, 224), law="opencv", prefilter=False)
    plain = LogPolarMap(size=(224, 224), prefilter=False)
    full = LogPolarMap(size=(224, 224))
    module = LogPolar(plain)

    def by_tensor(image: np.ndarray) -> torch.Tensor:
        return module(torch.from_numpy(image).permute(2, 0, 1))

    grid = torch.rand(1, 224, 224, 2) * 2 - 1

    def by_grid_sample(image: np.ndarray) -> torch.Tensor:
        image_NCHW = torch.from_numpy(image).permute(2, 0, 1)[None].float()
        return torch.nn.functional.grid_sample(image_NCHW, grid, align_corners=False)

    ways: dict[str, Callable] = {
        "cv2.warpPolar": lambda image: cv2.warpPolar(image, (224, 224), (112, 112), CORNER, FLAGS),
        "ours, opencv law (equal pixels)": opencv.warp,
        "ours, monopole": plain.warp,
        "ours, monopole, prefiltered": full.warp,
        "ours, tensor module": by_tensor,
        "torch grid_sample, given the grid": by_grid_sample,
    }
    seconds = in_turns(ways, squares, rounds)

    def by_skimage(image: np.ndarray) -> np.ndarray:
        return warp_polar(image, output_shape=(224, 224), radius=CORNER, scaling="log", channel_axis=-1)

    few = in_turns({"cv2.warpPolar": ways["cv2.warpPolar"], "skimage.transform.warp_polar": by_skimage}, squares, 3)
    slower = statistics.median(few["skimage.transform.warp_polar"]) / statistics.median(few["cv2.warpPolar"])
    print(f"{machine()}\n\n{table(seconds, 'cv2.warpPolar')}")
    print(f"| skimage.transform.warp_polar | | {1 / slower:.3f} |")


if __name__ == "__main__":
    main()
