"""The warp alone, against the peers that people use: 224 px, RGB, one core, all in one run.

    python -m benchmarks.log_polar [--rounds 40]

The ways take turns on every photograph. A figure is processor time, the least of the rounds for each photograph, then
the mean over photographs: what else the machine does can only add. Peers of other laws sample as many pixels.
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
    facts = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    cpu = next((line.split(":")[1].strip() for line in facts if line.startswith("model name")), platform.processor())
    versions = f"OpenCV {cv2.__version__}, PyTorch {torch.__version__}, NumPy {np.__version__}"
    return f"{date.today()}, {cpu} ({platform.machine()}), one thread, {versions}"


def in_turns(ways: dict[str, Callable], inputs: list, rounds: int) -> dict[str, float]:
    """Processor seconds per input of every way: the least of the rounds, then the mean over inputs."""
    least = {name: [math.inf] * len(inputs) for name in ways}
    for way in ways.values():
        way(inputs[0])
    for _ in range(rounds):
        for at, item in enumerate(inputs):
            for name, way in ways.items():
                start = time.process_time()
                way(item)
                least[name][at] = min(least[name][at], time.process_time() - start)
    return {name: statistics.mean(values) for name, values in least.items()}


def table(seconds: dict[str, float], against: str) -> str:
    """Markdown: ms, and how many times as fast as one of the ways."""
    lines = [f"| way | ms | speed, {against} = 1 |", "|---|---|---|"]
    lines += [f"| {name} | {1e3 * value:.3f} | {seconds[against] / value:.2f} |" for name, value in seconds.items()]
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

    def by_skimage(image: np.ndarray) -> np.ndarray:
        return warp_polar(image, output_shape=(224, 224), radius=CORNER, scaling="log", channel_axis=-1)

    seconds = in_turns(ways, squares, rounds) | in_turns({"skimage.transform.warp_polar": by_skimage}, squares, 3)
    print(f"{machine()}\n\n{table(seconds, 'cv2.warpPolar')}")


if __name__ == "__main__":
    main()
