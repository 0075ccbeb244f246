"""Speed of a scan of AlexNet and of VGGs as a fraction of their bare forward pass, interleaved.

    python -m benchmarks.scan_speed_networks --batch 4 --repeats 7

torchvision's networks with random weights at full width on one thread, fp32. Ratios are medians over rounds in which
every way runs once, in changing order; times are CPU time of the process.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable

import torch
import torchvision
from torch import nn

from benchmarks.machine import machine_line
from benchmarks.timing import in_turns, speed_ratio
from lp_core.exemplars.channel_statistics import ChannelStatistics
from lp_core.exemplars.peaks import find_peaks
from lp_core.exemplars.top_k import TopK
from lp_core.network.stack import Stack


def ways(network: nn.Module, x_N3SR: torch.Tensor) -> dict[str, Callable[[], object]]:
    """What is timed, each over one batch; the scans go on through ever new row numbers, as a long scan does."""
    stack = Stack.of(network)
    channels = stack.architecture.channels
    counts = ChannelStatistics.empty(channels, (x_N3SR.shape[2], x_N3SR.shape[3]), stack.architecture)
    scan = {"top_k": TopK.empty(sum(channels.values())), "next_row": 0}

    def ours(with_statistics: bool = False) -> None:
        rows = range(scan["next_row"], scan["next_row"] + len(x_N3SR))
        peaks = find_peaks(network, x_N3SR, rows=rows)
        # Another scale for each batch lets images go on entering, at the rate of a scan of some thousand images.
        peaks.value_NC.mul_(random.uniform(0.5, 1))
        scan.update(top_k=scan["top_k"].push(peaks, rows), next_row=rows.stop)
        if with_statistics:
            counts.push(peaks, rows)

    bare = network.features[:-1]  # without the pool behind the last layer
    return {"bare": lambda: bare(x_N3SR), "ours": ours, "ours with statistics": lambda: ours(True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=["alexnet", "vgg11", "vgg19"])
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(0)
    x_N3SR = torch.randn(options.batch, 3, options.side, options.side, generator=torch.Generator().manual_seed(0))
    x_N3SR = x_N3SR.contiguous(memory_format=torch.channels_last)
    for name in options.networks:
        torch.manual_seed(0)
        network = torchvision.models.get_model(name).eval().requires_grad_(False)
        network.to(memory_format=torch.channels_last)
        with torch.no_grad():
            table = ways(network, x_N3SR)
            seconds = in_turns(table, options.repeats, warm_up=1, clock=time.process_time, order=random.Random(0))
        per_image = 1000 * statistics.median(seconds["bare"].ravel().tolist()) / options.batch
        shares = {way: round(speed_ratio(seconds["bare"], taken), 3) for way, taken in seconds.items()}
        print(
            json.dumps({"network": name, "bare_ms_per_image": round(per_image, 1), "share_of_bare": shares}), flush=True
        )
    print(json.dumps({"machine": machine_line("cpu"), "options": vars(options)}))


if __name__ == "__main__":
    main()
