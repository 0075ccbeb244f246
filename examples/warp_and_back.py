"""Warp a photograph to its log-polar image at any fixation, and back.

python examples/warp_and_back.py [--photo FILE] [--fixation Y X] [--out warp_and_back.png]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from lp_core import LogPolarMap
from lp_core.images.decode import decode_rgb
from lp_core.toy.data_set import draw


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the photograph, its log-polar image, and the photograph that comes back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photo", type=Path, help="JPEG, PNG, ...; unless given a picture of the built-in data set")
    parser.add_argument("--fixation", type=float, nargs=2, metavar=("Y", "X"), help="in px; unless given the middle")
    parser.add_argument("--out", type=Path, default=Path("warp_and_back.png"))
    options = parser.parse_args(arguments)
    photograph = decode_rgb(options.photo.read_bytes()) if options.photo else draw(0, "validation", 0, side=320)[0]
    fixation_yx = tuple(options.fixation) if options.fixation else None

    eye = LogPolarMap(size=photograph.shape[:2], sectors=224, rings=224, fixation_yx=fixation_yx, foveal_scale=4)
    log_polar = eye.warp(photograph)  # [sectors, rings, 3]
    back, alpha = eye.unwarp(log_polar)  # alpha is 0 where no ring saw the photograph

    inner = alpha == 1
    error = np.abs(back[inner].astype(int) - photograph[inner]).mean()
    print(f"{photograph.size / log_polar.size:.2f} times fewer numbers; mean error {error:.1f} grey levels of 255")
    y, x = eye.centre_yx
    figure = Figure(figsize=(12, 4.4), layout="constrained")
    axes = figure.subplots(1, 3)
    axes[0].imshow(photograph)
    axes[0].plot(x, y, "+", color="white", markersize=14, markeredgewidth=2)
    axes[0].set_title(f"photograph, fixation at ({y:g}, {x:g}) px")
    axes[1].imshow(log_polar)
    axes[1].set(title="log-polar image", xlabel="ring (log radius)", ylabel="sector (angle)")
    axes[2].imshow(np.dstack([back, np.rint(255 * alpha).astype(np.uint8)]))
    axes[2].set_title("back again")
    for axis in (axes[0], axes[2]):
        axis.set_axis_off()
    figure.savefig(options.out, dpi=100)


if __name__ == "__main__":
    main()
