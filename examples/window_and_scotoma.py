"""How much of a network's answer is left when only a window is seen, or when a scotoma hides the centre?

python examples/window_and_scotoma.py [--weights FILE --classes 1000 --width 1] [--view log_polar]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from matplotlib.figure import Figure

from lp_core import NetworkSettings, load_weights, normalized
from lp_core.images.crop import centre_crop
from lp_core.images.look import Look
from lp_core.images.network_input import network_input
from lp_core.network.initialization import first_network
from lp_core.settings import ViewName, ViewSettings
from lp_core.toy.data_set import draw

RADII = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the correlation of logits with those of the whole image against the radius of the mask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", help="of a run, or any file of VGG-16; else random")
    parser.add_argument("--view", choices=get_args(ViewName), default="log_polar")
    parser.add_argument("--classes", type=int, default=12)
    parser.add_argument("--width", type=float, default=1 / 4)
    parser.add_argument("--out", type=Path, default=Path("window_and_scotoma.png"))
    options = parser.parse_args(arguments)
    settings, view = NetworkSettings(width=options.width, pool=7 if options.width == 1 else 1), ViewSettings(size=64)
    print(f"weights: {options.weights or 'random, so the curve shows the geometry of the view alone'}")
    loaded = options.weights and load_weights(options.weights, options.classes, settings, options.view)
    network = loaded or first_network(settings, options.view, options.classes, seed=0).eval()
    photographs = [draw(0, "validation", row)[0] for row in range(36)]

    @torch.no_grad()
    def logits(look: Look) -> np.ndarray:
        crops = [network_input(image, centre_crop(96, 96, 1), options.view, view, look) for image in photographs]
        return network(normalized(np.stack(crops), torch.device("cpu"))).numpy()

    whole_NL = logits(Look()) - logits(Look()).mean(0)
    axes = Figure(figsize=(7, 3.8), layout="constrained").subplots()
    for mask in ("window", "scotoma"):
        masked = [logits(Look(mask=mask, radius=radius)) for radius in RADII]
        left = [np.corrcoef(whole_NL.ravel(), (part_NL - part_NL.mean(0)).ravel())[0, 1] for part_NL in masked]
        print(mask, *(f"{radius:g}: {value:.2f}" for radius, value in zip(RADII, left, strict=True)))
        axes.plot(RADII, left, "o-", label={"window": "seen: inside", "scotoma": "seen: outside"}[mask])
    axes.set(xlabel="radius in halves of the image's side", ylabel="correlation of logits", title=options.view)
    axes.legend()
    axes.figure.savefig(options.out, dpi=100)


if __name__ == "__main__":
    main()
