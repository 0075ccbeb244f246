"""What if no photograph were upright? A copy of a folder with every photograph turned by quarter turns of its own.

python examples/turned_photographs.py --photos FOLDER --to TURNED, then logpolar index TURNED DATA
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure

from lp_core.images.crop import centre_crop
from lp_core.images.decode import decode_rgb
from lp_core.images.network_input import network_input
from lp_core.settings import VIEW_NAMES, ViewSettings
from lp_core.toy.data_set import draw

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def turned_copy(photos: Path, to: Path, seed: int) -> int:
    """Copy a tree of photographs as JPEG of quality 95, turned by 0 to 3 quarter turns each; return how many."""
    paths = sorted(path for path in photos.rglob("*") if path.suffix.lower() in SUFFIXES)
    quarters = np.random.default_rng(seed).integers(0, 4, len(paths))
    for path, quarter in zip(paths, quarters, strict=True):
        copy = to / path.relative_to(photos).with_suffix(".jpg")
        copy.parent.mkdir(parents=True, exist_ok=True)
        turned_HWC = np.rot90(decode_rgb(path.read_bytes()), quarter)
        jpeg = cv2.imencode(".jpg", np.ascontiguousarray(turned_HWC[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
        with copy.open("xb") as file:  # a.png beside a.jpg is an error, not one photograph less
            file.write(jpeg)
    return len(paths)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw what both views see of a turned photograph, and write the copy of a folder if one is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="folder of photographs, in folders of classes")
    parser.add_argument("--to", type=Path, help="folder of the copy")
    parser.add_argument("--seed", type=int, default=0, help="of the turns")
    parser.add_argument("--out", type=Path, default=Path("turned_photographs.png"))
    options = parser.parse_args(arguments)
    if options.photos:
        if not options.to or options.to.exists():
            parser.error(f"--to is {options.to}; give a folder that does not exist yet")
        print(f"{turned_copy(options.photos, options.to, options.seed)} photographs turned, in {options.to}")
    axes = Figure(figsize=(8, 4.2), layout="constrained").subplots(2, 4)
    for quarter in range(4):
        image_HWC = np.rot90(draw(0, "validation", 5)[0], quarter)
        for axis, view in zip(axes[:, quarter], VIEW_NAMES, strict=True):
            axis.imshow(network_input(image_HWC, centre_crop(96, 96, 1), view, ViewSettings(size=64, foveal_scale=4.0)))
            axis.set(title=f"{view}, {90 * quarter}°", xticks=[], yticks=[])
    axes[0, 0].figure.savefig(options.out, dpi=100)


if __name__ == "__main__":
    main()
