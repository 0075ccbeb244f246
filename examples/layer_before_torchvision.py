"""Put a log-polar layer in front of a torchvision network, and take gradients through both.

python examples/layer_before_torchvision.py [--photo FILE] [--weights DEFAULT] [--out layer_before_torchvision.png]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import nn
from torchvision.models import resnet18
from torchvision.transforms import v2

from lp_core import LogPolar, LogPolarMap
from lp_core.images.decode import decode_rgb
from lp_core.network.inputs import MEAN, STD
from lp_core.toy.data_set import draw


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the photograph, what the network sees, and where the photograph would change the winning class."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photo", type=Path, help="JPEG, PNG, ...; unless given a picture of the built-in data set")
    parser.add_argument("--weights", help="torchvision's name, such as DEFAULT, which it downloads; else random")
    parser.add_argument("--out", type=Path, default=Path("layer_before_torchvision.png"))
    options = parser.parse_args(arguments)
    if options.weights is None:
        print("random weights: the gradient shows where the layer samples, and no class")
    torch.manual_seed(0)
    photograph = decode_rgb(options.photo.read_bytes()) if options.photo else draw(0, "validation", 3, side=320)[0]
    image = v2.functional.to_image(photograph).float() / 255

    eye = LogPolar(LogPolarMap(size=photograph.shape[:2], sectors=224, rings=224, foveal_scale=4))
    network = nn.Sequential(eye, v2.Normalize(MEAN, STD), resnet18(weights=options.weights)).eval()
    x_13HW = image.as_subclass(torch.Tensor)[None].requires_grad_()
    logits_1L = network(x_13HW)
    logits_1L.max().backward()
    assert x_13HW.grad is not None
    strength_HW = x_13HW.grad[0].abs().sum(0)

    pictures = {
        "photograph": photograph,
        "what the network sees": eye(image).permute(1, 2, 0).numpy(),
        f"|gradient| of class {int(logits_1L.argmax())}, fourth root": (strength_HW**0.25).numpy(),
    }
    figure = Figure(figsize=(12, 4.4), layout="constrained")
    for axis, (title, picture) in zip(figure.subplots(1, 3), pictures.items(), strict=True):
        axis.imshow(picture, cmap="magma")
        axis.set_title(title)
        axis.set_axis_off()
    figure.savefig(options.out, dpi=100)


if __name__ == "__main__":
    main()
