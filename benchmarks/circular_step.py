"""What circular angles cost a training step: zeros, maps copied before every convolution, rows wrapped by ReLU.

    python -m benchmarks.circular_step [--width 0.25] [--size 64] [--batch 32] [--precision fp32] [--device cpu]

Forward and backward of the log-polar network on random images, in channels_last; on a CPU processor time of one thread.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.machine import machine_line, single_threaded
from benchmarks.timing import in_turns, least, speed_ratio, table_head, table_row, wall_clock
from lp_core.network.initialization import initialize
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings

CLASSES = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    single_threaded()
    generator = torch.Generator().manual_seed(0)
    x_N3SR = torch.randn(options.batch, 3, options.size, options.size, generator=generator).to(options.device)
    x_N3SR = x_N3SR.contiguous(memory_format=torch.channels_last)
    label_N = torch.randint(CLASSES, (options.batch,), generator=generator).to(options.device)
    zeros, circular = (_network(padding, options) for padding in ("zeros", "circular"))

    def copied(x: Tensor) -> Tensor:
        return circular.classifier(circular.avgpool(circular.features(x)).flatten(1))

    def step(network: VGG16, forward: Callable[[Tensor], Tensor]) -> None:
        kind = torch.device(options.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=options.precision == "bf16"):
            logits = forward(x_N3SR)
        network.zero_grad()
        F.cross_entropy(logits.float(), label_N).backward()

    ways = {
        "zeros": lambda: step(zeros, zeros),
        "maps copied": lambda: step(circular, copied),
        "rows wrapped by ReLU": lambda: step(circular, circular),
    }
    clock = {} if options.device == "cpu" else {"clock": wall_clock(options.device)}
    seconds = in_turns(ways, options.repeats, warm_up=3, **clock)
    print(machine_line(), *(f"{name} {value}" for name, value in vars(options).items()), sep=", ")
    print(table_head("way", "ms a step", "speed, zeros = 1"))
    for name, taken in seconds.items():
        print(table_row(name, f"{least(taken) * 1000:.1f}", f"{speed_ratio(seconds['zeros'], taken):.2f}"))


def _network(padding: str, options: argparse.Namespace) -> VGG16:
    settings = NetworkSettings(width=options.width, pool=2, dropout=0.0, angle_padding=padding)
    network = initialize(VGG16(CLASSES, settings, "log_polar"), "variance-preserving", 0)
    return network.to(options.device, memory_format=torch.channels_last)


if __name__ == "__main__":
    main()
