"""Photograph -> network input, against the chain that the original authors ran: one core, all in one run.

    python -m benchmarks.input_chain [--photographs 100] [--rounds 7]

The original chain is PIL decode, torchvision RandomResizedCrop + flip, `cv2.warpPolar`, ToTensor, Normalize. Ours ends
with the uint8 that travels to the device, where it is normalised once per batch; `+ normalize` does that on the core.
All draw the same number of random crops. The second table times decoders alone, the third counts reduced-size decodes.
"""

from __future__ import annotations

import argparse
import functools
import io
import statistics
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torchvision.io import ImageReadMode, decode_jpeg

from benchmarks.log_polar import table
from benchmarks.machine import PHOTOGRAPHS, machine_line, single_threaded
from benchmarks.original_chain import MEAN, RATIO, SCALE, SPREAD, OriginalChain
from benchmarks.timing import in_turns
from lp_core.images.crop import Crop, random_crop
from lp_core.images.decode import decode_rgb, image_size
from lp_core.images.decode_crop import decode_crop
from lp_core.images.network_input import network_input
from lp_core.settings import ViewSettings


def original() -> Callable[[bytes], torch.Tensor]:
    """The chain of 2018, with today's name of the warp."""
    chain = OriginalChain()
    return lambda data: chain(Image.open(io.BytesIO(data)))


def ours(
    settings: ViewSettings, view: str = "log_polar", normalize: bool = False, whole: bool = False
) -> Callable[[bytes], object]:
    """Decode what the crop shows (or all of it), and sample with our code."""
    rng = np.random.default_rng(0)
    mean = torch.tensor(MEAN)[:, None, None] * 255
    spread = torch.tensor(SPREAD)[:, None, None] * 255

    def choose(height: int, width: int) -> Crop:
        return random_crop(height, width, SCALE, RATIO, 0.5, rng)

    def run(data: bytes) -> object:
        if whole:
            image = decode_rgb(data)
            crop = choose(*image.shape[:2])
        else:
            image, crop = decode_crop(data, choose)
        result = network_input(image, crop, view, settings)
        return (torch.from_numpy(result).permute(2, 0, 1) - mean) / spread if normalize else result

    return run


def decoders() -> dict[str, Callable[[bytes], object]]:
    """Those that are installed."""
    rgb = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    installed: dict[str, Callable[[bytes], object]] = {
        "PIL": lambda data: np.asarray(Image.open(io.BytesIO(data)).convert("RGB")),
        "ours (cv2, size checked first)": decode_rgb,
        "cv2": lambda data: cv2.imdecode(np.frombuffer(data, np.uint8), rgb),
        "torchvision": lambda data: decode_jpeg(
            torch.frombuffer(bytearray(data), dtype=torch.uint8), ImageReadMode.RGB
        ),
        "ours, half size": functools.partial(decode_rgb, reduce=2),
    }
    try:
        import simplejpeg
    except ImportError:
        return installed
    installed["simplejpeg"] = simplejpeg.decode_jpeg
    installed["simplejpeg, fast upsampling (other pixels)"] = functools.partial(
        simplejpeg.decode_jpeg, fastupsample=True, fastdct=True
    )
    return installed


def reducible(files: list[bytes]) -> float:
    """Share of training crops at least 448 px wide and high, where half-size decoding loses no detail."""
    rng = np.random.default_rng(0)
    crops = [random_crop(*image_size(data), SCALE, RATIO, 0.5, rng) for data in files for _ in range(20)]
    return statistics.mean(min(crop.height, crop.width) >= 448 for crop in crops)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photographs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=PHOTOGRAPHS)
    args = parser.parse_args()
    single_threaded()
    torch.manual_seed(0)
    paths = sorted(args.folder.iterdir())
    files = [path.read_bytes() for path in paths[:: max(1, len(paths) // args.photographs)]]
    ways: dict[str, Callable] = {
        "original chain": original(),
        "ours, composed": ours(ViewSettings(prefilter=False)),
        "ours, composed, prefiltered (default)": ours(ViewSettings()),
        "the same, whole photograph decoded": ours(ViewSettings(), whole=True),
        "ours, composed, prefiltered + normalize": ours(ViewSettings(), normalize=True),
        "ours, two-step, opencv law": ours(ViewSettings(sampling="two-step", law="opencv", prefilter=False)),
        "ours, cartesian": ours(ViewSettings(), view="cartesian"),
        "ours, decode only": decode_rgb,
    }
    inputs = [(data,) for data in files]
    print(f"{machine_line()}, {len(files)} photographs\n")
    print(table(in_turns(ways, args.rounds, inputs=inputs), "original chain"), end="\n\n")
    print(table(in_turns(decoders(), args.rounds, inputs=inputs), "PIL"), end="\n\n")
    print(f"Crops of 448 px and more, which half-size decoding could serve: {100 * reducible(files):.1f} %")


if __name__ == "__main__":
    main()
