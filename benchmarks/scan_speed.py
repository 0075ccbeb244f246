"""Speed of a scan against the bare forward pass, one pass per layer, and zennit-crp, in one interleaved run.

    python -m benchmarks.scan_speed --side 64 --batch 32 --precision fp32 --repeats 7
    python -m benchmarks.scan_speed --peers /tmp/peers   # after: pip install --no-deps --target /tmp/peers \\
                                                         #   zennit==0.4.6 zennit-crp==0.6.0

Full-width VGG-16 with random weights on one thread (or a GPU). Ratios are medians over rounds in which every way
runs once, in changing order, because a shared machine drifts; times are CPU time of the process, except on a GPU.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import torch
from torch import nn

from benchmarks.machine import machine_line, peak_megabytes
from benchmarks.timing import in_turns, speed_ratio, wall_clock
from lp_core.exemplars.channel_statistics import ChannelStatistics
from lp_core.exemplars.peaks import find_peaks
from lp_core.exemplars.top_k import TopK
from lp_core.network.initialization import initialize
from lp_core.network.layers import conv_channels, conv_layers
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings

CHANNELS = conv_channels(1.0)


def ways(network: VGG16, x_N3SR: torch.Tensor, peers: bool) -> dict[str, Callable[[], object]]:
    """What is timed, each over one batch; the scans go on through ever new row numbers, as a long scan does."""
    scan = {"top_k": TopK.empty(sum(CHANNELS.values())), "next_row": 0}
    counts = ChannelStatistics.empty(CHANNELS, (x_N3SR.shape[2], x_N3SR.shape[3]))

    def bare() -> None:
        network.features[:-1](x_N3SR)

    def ours(with_statistics: bool = False) -> None:
        rows = range(scan["next_row"], scan["next_row"] + len(x_N3SR))
        peaks = find_peaks(network, x_N3SR, rows=rows)
        # Another scale for each batch lets images go on entering, at the rate of a scan of some thousand images.
        peaks.value_NC.mul_(random.uniform(0.5, 1))
        scan.update(top_k=scan["top_k"].push(peaks, rows), next_row=rows.stop)
        if with_statistics:
            counts.push(peaks, rows)

    def one_pass_per_layer() -> None:
        for index in conv_layers().values():
            network.features[: index + 2](x_N3SR).flatten(2).max(2)

    table = {"bare": bare, "ours": ours, "ours with statistics": lambda: ours(True), "per layer": one_pass_per_layer}
    return table | (crp_ways(network, x_N3SR) if peers else {})


def crp_ways(network: VGG16, x_N3SR: torch.Tensor) -> dict[str, Callable[[], object]]:
    """zennit-crp 0.6.0 in its exact mode: its activations alone (kinder than it can be used), and as it is used."""
    from crp.attribution import CondAttribution
    from crp.concepts import ChannelConcept
    from crp.maximization import Maximization
    from crp.visualization import FeatureVisualization

    features = copy.deepcopy(network.features[:-1]).to(memory_format=torch.contiguous_format)
    for module in features:
        if isinstance(module, nn.ReLU):
            module.inplace = False
    whole = nn.Sequential(*features, nn.AdaptiveMaxPool2d(1), nn.Flatten())
    x_N3SR = x_N3SR.contiguous()
    folder = tempfile.mkdtemp()
    maximization = Maximization("activation", "max", False, folder)
    rows = np.arange(len(x_N3SR))

    def activations_alone() -> None:
        y = x_N3SR
        for layer, (conv, *others) in blocks(features).items():
            y = conv(y)
            maximization.analyze_layer(y, ChannelConcept(), layer, rows, np.zeros(len(rows)))
            for module in others:
                y = module(y)

    names = {str(index): ChannelConcept() for index in conv_layers().values()}
    dataset = [(image, 0) for image in x_N3SR]
    visualization = FeatureVisualization(
        CondAttribution(whole), dataset, names, max_target="max", abs_norm=False, path=folder
    )

    def as_it_is_used() -> None:
        with torch.enable_grad():
            visualization.run_distributed(None, 0, len(dataset), len(dataset))

    return {"zennit-crp, activations alone": activations_alone, "zennit-crp": as_it_is_used}


def blocks(features: nn.Sequential) -> dict[str, list[nn.Module]]:
    """Each convolution with the modules up to the next."""
    indices = [*conv_layers().values(), len(features)]
    return {layer: list(features[a:b]) for layer, a, b in zip(conv_layers(), indices[:-1], indices[1:], strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--layout", choices=["channels_last", "contiguous"], default="channels_last")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--peers", help="folder with zennit and zennit-crp; measured in contiguous layout and fp32")
    options = parser.parse_args()
    if options.peers:
        sys.path.append(options.peers)
    torch.set_num_threads(1)
    random.seed(0)
    layout = torch.channels_last if options.layout == "channels_last" else torch.contiguous_format
    network = initialize(VGG16(10, NetworkSettings(pool=1)), "variance-preserving", 0).eval()
    network = network.to(options.device, memory_format=layout).requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    x_N3SR = torch.randn(options.batch, 3, options.side, options.side, generator=generator)
    x_N3SR = x_N3SR.to(options.device).contiguous(memory_format=layout)
    cast = torch.autocast(options.device, torch.bfloat16) if options.precision == "bf16" else nullcontext()
    clock = wall_clock(options.device) if options.device.startswith("cuda") else time.process_time

    with torch.no_grad(), cast:
        table = ways(network, x_N3SR, bool(options.peers))
        seconds = in_turns(table, options.repeats, warm_up=2, clock=clock, order=random.Random(0))
    memory = peak_megabytes()
    result = {
        "machine": machine_line(options.device),
        "options": vars(options) | {"peers": bool(options.peers)},
        "peak_memory_mb": round(memory),
        "ms_per_image": {
            name: round(1000 * statistics.median(taken.ravel().tolist()) / options.batch, 3)
            for name, taken in seconds.items()
        },
        "speed_as_share_of_bare": {
            name: round(speed_ratio(seconds["bare"], taken), 3) for name, taken in seconds.items()
        },
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
