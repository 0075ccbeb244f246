"""How much arithmetic a network takes, and how much of it processors can do."""

from __future__ import annotations

import math
import re
from itertools import pairwise

from lp_core.network.layers import CONVOLUTION, architecture_of, hidden_units
from lp_core.network.network_text import parts_of
from lp_core.network.receptive_field import map_shape
from lp_core.settings import NetworkSettings

PEAK_BF16 = {
    "A100": 312e12,
    "A30": 165e12,
    "A10": 125e12,
    "L4": 121e12,
    "L40S": 362e12,
    "H100 PCIe": 756e12,
    "H100 HBM3": 989e12,
    "H100 NVL": 835e12,
    "H200": 989e12,
    "GH200": 989e12,
    "B200": 2250e12,
    "RTX 3090": 71e12,
    "RTX 4090": 165e12,
}
"""Dense bf16 operations per second, by words of the name that `torch.cuda.get_device_name` gives.

Source: NVIDIA's data sheets (figures "with sparsity" halved) and the GA102 and AD102 architecture papers; the RTX cards
with fp32 accumulation.
"""
LIVE_MAPS = 8
"""Maps of the largest layer that exist at once: a convolution's input, output and workspace, the same without gaps, and
the three that a scan compares them in. Source: read from `find_peaks` and `ring_tensors`; not measured on a GPU."""
_OTHER_CHIPS = {"Ti", "D", "SUPER", "Laptop", "MIG"}
"""Words that make another chip, or a part of one, of the name."""


def forward_operations(settings: NetworkSettings, classes: int, size: int) -> int:
    """Multiplications and additions of matrix products and convolutions for one image, forward.

    Args:
        settings: depth, width and pool of a VGG, or the modules of another network.
        classes: number of outputs.
        size: side of the network input in px.
    """
    if settings.modules:
        return 2 * sum(_products(settings.modules, size))
    convolutions = _convolutions(settings, size)
    hidden, features = hidden_units(settings.width), architecture_of(settings).layers[-1].channels * settings.pool**2
    linear = hidden * (features + hidden + classes)
    return 2 * (sum(convolutions) + linear)


def forward_bytes(settings: NetworkSettings, classes: int, size: int, batch: int) -> int:
    """Bytes that a forward pass in fp32 needs at most, with what a scan computes of a layer's maps.

    Args:
        settings: depth, width and pool.
        classes: number of outputs.
        size: side of the network input in px.
        batch: images.
    """
    architecture = architecture_of(settings)
    maps = [
        channels * math.prod(map_shape(layer, (size, size), architecture))
        for layer, channels in architecture.channels.items()
    ]
    inputs, weights = [3, *architecture.channels.values()], 0
    for read, written in pairwise(inputs):
        weights += read * written * CONVOLUTION.size**2
    hidden, features = hidden_units(settings.width), inputs[-1] * settings.pool**2
    weights += hidden * (features + hidden + classes)
    return 4 * (weights + LIVE_MAPS * batch * max(maps))


def training_operations(settings: NetworkSettings, classes: int, size: int) -> int:
    """The same for a training step: forward, and backward to weights and to the input of every layer but the first.

    92.65e9 for the standard network, 1,000 classes and 224 px. Model operations: what is computed twice or for padding
    does not count.
    """
    first = _products(settings.modules, size)[0] if settings.modules else _convolutions(settings, size)[0]
    return 3 * forward_operations(settings, classes, size) - 2 * first


def peak_operations(device_name: str) -> float | None:
    """Dense bf16 operations per second of a GPU; None where it is not in the table."""
    words = set(re.split(r"[\s-]+", device_name))
    if words & _OTHER_CHIPS:
        return None
    for name, peak in PEAK_BF16.items():
        if set(name.split()) <= words:
            return peak
    return None


def _products(text: str, size: int) -> list[int]:
    """Multiplications of each convolution and fully connected layer of a network of the user's own, for one image."""
    counts, side = [], size
    for part in parts_of(text):
        side = part.kernel.outputs(side) if part.kernel else side
        if part.kind == "Conv2d":
            inputs, outputs, kernel, *_, groups = part.numbers
            counts.append(side**2 * outputs * inputs // groups * kernel**2)
        elif part.kind == "Linear":
            counts.append(part.numbers[0] * part.numbers[1])
    return counts


def _convolutions(settings: NetworkSettings, size: int) -> list[int]:
    """Multiplications of each convolution for one image."""
    counts = []
    inputs = 3
    architecture = architecture_of(settings)
    for layer, outputs in architecture.channels.items():
        rows, columns = map_shape(layer, (size, size), architecture)
        counts.append(rows * columns * outputs * inputs * CONVOLUTION.size**2)
        inputs = outputs
    return counts
