"""What the activation by ring costs: a forward pass alone, with the peaks of a scan, and with peaks and rings.

    python -m benchmarks.scan_rings [--width 1.0] [--size 224] [--batch 4] [--repeats 7] [--view log_polar]

One thread, channels_last, random images. Milliseconds of an image, and the part of the bare pass that is added.
"""

from __future__ import annotations

import argparse
import statistics

import numpy as np
import torch

from benchmarks.machine import machine_line, single_threaded
from benchmarks.timing import in_turns, table_head, table_row
from lp_core.exemplars.map_regions import map_regions
from lp_core.exemplars.peaks import find_peaks
from lp_core.exemplars.ring_activity import RingActivity
from lp_core.exemplars.ring_sums import ring_sums
from lp_core.network.initialization import initialize
from lp_core.network.layers import conv_channels
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings, ViewSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--view", choices=["cartesian", "log_polar"], default="log_polar")
    options = parser.parse_args()
    single_threaded()
    network = initialize(VGG16(10, NetworkSettings(width=options.width, pool=1)), "variance-preserving", 0).eval()
    network = network.to(memory_format=torch.channels_last).requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    x_N3SR = torch.randn(options.batch, 3, options.size, options.size, generator=generator)
    x_N3SR = x_N3SR.contiguous(memory_format=torch.channels_last)
    channels, geometry = conv_channels(options.width), ViewSettings(size=options.size)
    activity = RingActivity.empty(np.ones(sum(channels.values())))

    def with_rings() -> None:
        first = 0

        def watch(layer: str, a_NCSR: torch.Tensor) -> None:
            nonlocal first
            threshold_C = torch.ones(channels[layer])
            activity.push(first, ring_sums(a_NCSR, map_regions(options.view, geometry, layer), threshold_C))
            first += channels[layer]

        find_peaks(network, x_N3SR, watch=watch)

    ways = {
        "forward pass": lambda: network.features[:-1](x_N3SR),
        "with peaks": lambda: find_peaks(network, x_N3SR),
        "with peaks and rings": with_rings,
    }
    with torch.no_grad():
        seconds = in_turns(ways, options.repeats)
    print(f"{machine_line()}\n\n{table_head('way', 'ms an image', 'added')}")
    for name, taken in seconds.items():
        ms = 1000 * statistics.median(taken.ravel().tolist()) / options.batch
        added = statistics.median((taken / seconds["forward pass"] - 1).ravel().tolist())
        print(table_row(name, f"{ms:.2f}", f"{added:.1%}"))


if __name__ == "__main__":
    main()
