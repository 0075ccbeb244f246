"""What a run spends its time on, each beside a peer: decoding, the way to a network's input, training, scan, pictures.

Networks have a quarter of VGG-16's width and random weights; inputs of the networks are random. Shapes: N images, S R
sectors and rings.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from lp_core.exemplars.guided_backprop import guided_backprop
from lp_core.exemplars.peaks import find_peaks
from lp_core.exemplars.top_k import TopK
from lp_core.images.crop import Crop, random_crop
from lp_core.images.decode import decode_rgb
from lp_core.images.decode_crop import decode_crop
from lp_core.images.network_input import network_input
from lp_core.network.initialization import initialize
from lp_core.network.inputs import normalized
from lp_core.network.layers import conv_layers
from lp_core.network.learner import Learner
from lp_core.network.receptive_field import map_shape
from lp_core.network.stack import Stack
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings, TrainSettings, ViewName, ViewSettings
from lp_core.speed.timing import Work
from lp_core.toy.data_set import draw

DRAWN, HEIGHT, WIDTH = 8, 375, 500
"""Photographs that are drawn, and their size in px: ImageNet's median."""
QUALITY = 98
"""Of their JPEGs, which then have 75 to 105 kB; ImageNet's photographs have 108 kB on average."""
CROP_SCALE, CROP_RATIO = (0.08, 1.0), (3 / 4, 4 / 3)
"""Of random crops. Source: torchvision's RandomResizedCrop."""
NETWORK = NetworkSettings(width=0.25, pool=2, dropout=0.0, angle_padding="circular", initialization="looks-linear")
CLASSES, SIDE, BATCH = 10, 64, 32
"""Of the networks that are trained and scanned, as in the `imagenette` recipe."""
UNIT_SIDE, UNIT_LAYER, UNITS = 128, "conv3_3", 9
"""Input in px, layer and number of the units that guided backpropagation starts from: a channel's exemplars."""


@dataclass(frozen=True)
class Part:
    """Something that is timed, and its peer.

    Args:
        name: of the part.
        unit: of its items.
        peer: what it is compared with in the same run.
        items: of one call, of either.
        ours: the call.
        theirs: the peer's.
    """

    name: str
    unit: str
    peer: str
    items: int
    ours: Work
    theirs: Work


def drawn_photographs() -> list[bytes]:
    """Return JPEGs of the built-in data set's drawings, as large as ImageNet's photographs."""
    top, files = (WIDTH - HEIGHT) // 2, []
    for row in range(DRAWN):
        drawing_HWC = draw(0, "validation", row, side=WIDTH)[0][top : top + HEIGHT]
        files.append(cv2.imencode(".jpg", drawing_HWC[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
    return files


def parts(photographs: Sequence[bytes]) -> Iterator[Part]:
    """Yield what is measured, each made when it is asked for.

    Args:
        photographs: files that `decode_rgb` can decode.
    """
    yield _decoding(photographs)
    yield _chain(photographs)
    yield training_step()
    yield _scan()
    yield _guided_backprop()


def _decoding(photographs: Sequence[bytes]) -> Part:
    def ours() -> None:
        for data in photographs:
            decode_rgb(data)

    def pillow() -> None:
        for data in photographs:
            np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    return Part("decode", "photographs/s", "Pillow", len(photographs), ours, pillow)


def _chain(photographs: Sequence[bytes]) -> Part:
    settings, rng = ViewSettings(), np.random.default_rng(0)

    def choose(height: int, width: int) -> Crop:
        return random_crop(height, width, CROP_SCALE, CROP_RATIO, 0.5, rng)

    def ours() -> None:
        for data in photographs:
            image_HWC, crop = decode_crop(data, choose)
            network_input(image_HWC, crop, "log_polar", settings)

    def decode_alone() -> None:
        for data in photographs:
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)

    return Part("chain", "photographs/s", "cv2.imdecode alone", len(photographs), ours, decode_alone)


def training_step() -> Part:
    """Return a step of training on log-polar images, beside plain torch: an ordinary VGG-16 as large."""
    train = TrainSettings(optimizer="adamw", learning_rate=1e-4, batch_size=BATCH)
    learner = Learner(_network("log_polar"), train, 0, (SIDE, SIDE), 1000)
    twin = _network("cartesian").to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(twin.parameters(), 1e-4, fused=True)
    images_NSRC, labels_N = _images(BATCH, SIDE), np.arange(BATCH) % CLASSES
    x_N3SR, y_N = normalized(images_NSRC, torch.device("cpu")), torch.from_numpy(labels_N)

    def ours() -> None:
        learner.learn(images_NSRC, labels_N, BATCH)

    def plain() -> None:
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(twin(x_N3SR), y_N).backward()
        optimizer.step()

    return Part("training step", "images/s", "plain torch", BATCH, ours, plain)


def _scan() -> Part:
    network = _network("log_polar").to(memory_format=torch.channels_last).eval().requires_grad_(False)
    stack = Stack.of(network)
    x_N3SR = normalized(_images(BATCH, SIDE), torch.device("cpu"))
    top_k = TopK.empty(sum(stack.convolution(layer).out_channels for layer in stack.layers))
    batches = itertools.count()

    @torch.no_grad()
    def ours() -> None:
        nonlocal top_k
        first = BATCH * next(batches)
        rows = range(first, first + BATCH)
        top_k = top_k.push(find_peaks(network, x_N3SR, rows=rows), rows)

    @torch.no_grad()
    def bare() -> None:
        network.features[:-1](x_N3SR)

    return Part("scan", "images/s", "bare forward pass", BATCH, ours, bare)


def _guided_backprop() -> Part:
    network = _network("log_polar").to(memory_format=torch.channels_last).eval().requires_grad_(False)
    stack, front = Stack.of(network), network.features[: conv_layers()[UNIT_LAYER] + 2]
    x_N3SR = normalized(_images(UNITS, UNIT_SIDE), torch.device("cpu"))
    rows, cols = map_shape(UNIT_LAYER, (UNIT_SIDE, UNIT_SIDE))
    units = [(channel, rows // 2, cols // 2) for channel in range(UNITS)]

    def ours() -> None:
        guided_backprop(stack, x_N3SR, UNIT_LAYER, units)

    def plain() -> None:
        x = x_N3SR.clone().requires_grad_()
        y = front(x)
        torch.autograd.grad(torch.stack([y[n][unit] for n, unit in enumerate(units)]).sum(), x)

    return Part("guided backprop", "units/s", "torch's gradient by the whole image", UNITS, ours, plain)


def _network(view: ViewName) -> VGG16:
    return initialize(VGG16(CLASSES, NETWORK, view), NETWORK.initialization, 0)


def _images(count: int, side: int) -> np.ndarray:
    """Random pixels, uint8 [count, side, side, 3]."""
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
