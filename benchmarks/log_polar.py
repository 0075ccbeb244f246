"""The warp alone, against the peers that people use: 224 px, RGB, one core, all in one run.

    python -m benchmarks.log_polar [--rounds 40]

The ways take turns on every photograph. A figure is processor time, the least of the rounds for each photograph, then
the mean over photographs: what else the machine does can only add. Peers of other laws sample as many pixels.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

import numpy as np
import torch
from skimage.transform import warp_polar as skimage_warp_polar

from benchmarks.machine import PHOTOGRAPHS, machine_line, single_threaded
from benchmarks.original_chain import warp_polar
from benchmarks.timing import in_turns, least, table_head, table_row
from lp_core.images.crop import centre_crop, resize_crop
from lp_core.images.decode import decode_rgb
from lp_core.images.log_polar import LogPolarMap
from lp_core.images.tensor import LogPolar


def table(seconds: Mapping[str, np.ndarray], against: str) -> str:
    """ms of every way, and how many times as fast as one of them."""
    ms = {name: 1e3 * least(taken) for name, taken in seconds.items()}
    rows = [table_row(name, f"{value:.3f}", f"{ms[against] / value:.2f}") for name, value in ms.items()]
    return "\n".join([table_head("way", "ms", f"speed, {against} = 1"), *rows])


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
        "cv2.warpPolar": warp_polar,
        "ours, opencv law (equal pixels)": opencv.warp,
        "ours, monopole": plain.warp,
        "ours, monopole, prefiltered": full.warp,
        "ours, tensor module": by_tensor,
        "ours, tensor module, float32": lambda image: by_tensor(image.astype(np.float32)),
        "torch grid_sample, given the grid": by_grid_sample,
    }

    def by_skimage(image: np.ndarray) -> np.ndarray:
        return skimage_warp_polar(image, output_shape=(224, 224), radius=112 * 2**0.5, scaling="log", channel_axis=-1)

    inputs = [(image,) for image in squares]
    seconds = in_turns(ways, rounds, inputs=inputs)
    seconds |= in_turns({"skimage.transform.warp_polar": by_skimage}, min(3, rounds), inputs=inputs)
    print(f"{machine_line()}\n\n{table(seconds, 'cv2.warpPolar')}")


if __name__ == "__main__":
    main()
