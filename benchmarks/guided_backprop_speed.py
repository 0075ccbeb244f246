"""Guided backpropagation: targets per second by layer, against captum one at a time, captum batched, and whole images.

    python -m benchmarks.guided_backprop_speed --layers conv2_2 conv3_3 conv4_3 conv5_1 conv5_2 conv5_3 --repeats 3

Full-width VGG-16 at 224 px, random weights, fp32, one thread (or a GPU). The ways take turns within one run, and each
layer's ratio is against the fastest of the others; the largest difference from captum is given beside it.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import warnings
from collections.abc import Callable

import torch
from captum.attr import NeuronGuidedBackprop
from torch import Tensor, nn

from benchmarks.machine import machine_line
from benchmarks.timing import in_turns, speed_ratio, wall_clock
from lp_core.exemplars.guided_backprop import guided_backprop, whole_image
from lp_core.network.initialization import initialize
from lp_core.network.layers import conv_channels, conv_layers
from lp_core.network.receptive_field import map_shape, receptive_field
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings

SIDE = 224


def units_of(layer: str, count: int, generator: torch.Generator) -> list[tuple[int, int, int]]:
    """Random channels and places."""
    limits = (conv_channels(1.0)[layer], *map_shape(layer, (SIDE, SIDE)))
    drawn = torch.stack([torch.randint(limit, (count,), generator=generator) for limit in limits], 1)
    return [tuple(unit) for unit in drawn.tolist()]


def captum_network(network: VGG16, last: int | None) -> nn.Module:
    """A copy without in-place ReLUs, whole or up to a layer."""
    part = copy.deepcopy(network if last is None else network.features[: last + 1])
    for module in part.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return part


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--layers", nargs="+", default=["conv2_2", "conv3_3", "conv4_3", "conv5_1", "conv5_2", "conv5_3"]
    )
    parser.add_argument("--batch", type=int, default=8, help="targets at a time of the batched peers")
    parser.add_argument("--ours", type=int, default=32, help="targets at a time of ours")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--channels-last", action="store_true", help="ours and the whole image in channels_last")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="Setting backward hooks")
    print(json.dumps({"machine": machine_line(options.device)}), flush=True)
    clock = wall_clock(options.device)
    generator = torch.Generator().manual_seed(0)
    network = initialize(VGG16(1000, NetworkSettings()), "variance-preserving", 0).eval().to(options.device)
    x_N3SR = torch.randn(options.ours, 3, SIDE, SIDE, generator=generator).to(options.device)
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    formatted, x_formatted_N3SR = (
        copy.deepcopy(network).to(memory_format=layout),
        x_N3SR.contiguous(memory_format=layout),
    )
    whole_network = captum_network(network, None)

    for layer in options.layers:
        units = units_of(layer, options.ours, generator)
        relu = conv_layers()[layer] + 1
        cut_network = captum_network(network, relu)
        single = NeuronGuidedBackprop(whole_network, whole_network.features[relu])
        batched = NeuronGuidedBackprop(cut_network, cut_network[relu])
        some = units[: options.batch]

        def selected(y: Tensor, some=some) -> Tensor:
            return torch.stack([y[n][unit] for n, unit in enumerate(some)])

        def captum_batched(batched=batched, selected=selected) -> Tensor:
            return batched.attribute(x_N3SR[: options.batch].clone().requires_grad_(), selected)

        ways: dict[str, tuple[int, Callable[[], object]]] = {
            "ours": (
                len(units),
                lambda layer=layer, units=units: guided_backprop(formatted, x_formatted_N3SR, layer, units),
            ),
            "whole image": (
                len(some),
                lambda layer=layer, some=some: whole_image(formatted, x_formatted_N3SR[: len(some)], layer, some),
            ),
            "captum, one at a time": (
                1,
                lambda single=single, units=units: single.attribute(x_N3SR[:1].clone().requires_grad_(), units[0]),
            ),
            "captum, batched": (len(some), captum_batched),
        }
        seconds = in_turns({name: way for name, (_, way) in ways.items()}, options.repeats, clock=clock)
        ms = {name: 1000 * seconds[name] / targets for name, (targets, _) in ways.items()}
        median = {name: statistics.median(taken.ravel()) for name, taken in ms.items()}
        fastest = min((name for name in ways if name.startswith("captum")), key=median.__getitem__)
        crop_N3LL, _ = guided_backprop(network, x_N3SR[: len(some)], layer, some)
        expected_N3SR = captum_batched()
        differences = []
        for crop_3LL, expected_3SR, (_, row, col) in zip(crop_N3LL, expected_N3SR, some, strict=True):
            box = receptive_field(layer).box(row, col)
            inner = crop_3LL[
                :,
                max(-box.top, 0) : SIDE - box.top if box.bottom > SIDE else None,
                max(-box.left, 0) : SIDE - box.left if box.right > SIDE else None,
            ]
            there = expected_3SR[:, max(box.top, 0) : box.bottom, max(box.left, 0) : box.right]
            if there.any():
                differences.append(float((inner - there).abs().max() / there.abs().max()))
        line = {
            "layer": layer,
            "ms_per_target": {name: round(float(value), 2) for name, value in median.items()},
            "times_faster_than": {name: round(speed_ratio(ms[name], ms["ours"]), 2) for name in ways if name != "ours"},
            "times_faster_than_the_faster_captum": round(speed_ratio(ms[fastest], ms["ours"]), 2),
            "largest_relative_difference_from_captum": max(differences, default=0.0),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
