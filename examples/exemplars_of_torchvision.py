"""The nine images that excite channels of torchvision's VGG-16 most, and guided backpropagation, without Ray.

python examples/exemplars_of_torchvision.py [--weights FILE|IMAGENET1K_V1] [--photos FOLDER] [--layer conv4_3]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torchvision.models import vgg16

from lp_core import TopK, find_peaks, guided_backprop, load_weights, normalized, receptive_field
from lp_core.exemplars.crop import cut
from lp_core.images.crop import centre_crop, resize_crop
from lp_core.images.decode import decode_rgb
from lp_core.network.layers import conv_channels
from lp_core.toy.data_set import draw


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw three channels: above the patches of their nine images, below what excites the unit in each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", help="file, or torchvision's name, which it downloads; else random")
    parser.add_argument("--photos", type=Path, help="folder of JPEGs; unless given pictures of the built-in data set")
    parser.add_argument("--layer", default="conv4_3")
    parser.add_argument("--out", type=Path, default=Path("exemplars_of_torchvision.png"))
    options = parser.parse_args(arguments)
    print(f"weights: {options.weights or 'random, so the exemplars are those of an untrained network'}")
    network = load_weights(options.weights) if options.weights else vgg16(weights=None).eval()
    files = sorted(options.photos.rglob("*.[jJ][pP]*[gG]"))[:200] if options.photos else []
    photographs = [decode_rgb(file.read_bytes()) for file in files] or [draw(0, "train", row)[0] for row in range(12)]
    crops = [resize_crop(image, centre_crop(*image.shape[:2], 0.875), 224) for image in photographs]
    x_N3SR = normalized(np.stack(crops), torch.device("cpu"))

    top = TopK.empty(sum(conv_channels(1).values()))
    for row, x_3SR in enumerate(x_N3SR):
        top = top.push(find_peaks(network, x_3SR[None]), [row])
    of_layer = np.flatnonzero(np.repeat(list(conv_channels(1)), list(conv_channels(1).values())) == options.layer)
    axes = Figure(figsize=(12, 8.4), layout="constrained").subplots(6, 9)
    for number, channel in enumerate(np.argsort(-top.value_CK[of_layer, 0])[:3].tolist()):
        rows = top.row_CK[of_layer[channel]]
        units = [(channel, *position) for position in top.position_CK2[of_layer[channel]].tolist()]
        gradient_93LL, _ = guided_backprop(network, x_N3SR[rows], options.layer, units)
        for rank, (row, unit, gradient_3LL) in enumerate(zip(rows, units, gradient_93LL, strict=True)):
            patch, seen = cut(crops[row], receptive_field(options.layer).box(*unit[1:]))
            axes[2 * number, rank].imshow(np.dstack([patch, 255 * seen.astype(np.uint8)]))
            scaled = 0.5 + 0.5 * gradient_3LL / gradient_3LL.abs().max().clamp(min=1e-12)
            axes[2 * number + 1, rank].imshow(scaled.permute(1, 2, 0).numpy())
        axes[2 * number, 0].set_title(f"{options.layer}, channel {channel}", loc="left")
    for axis in axes.flat:
        axis.set_axis_off()
    axes[0, 0].figure.savefig(options.out, dpi=100)


if __name__ == "__main__":
    main()
