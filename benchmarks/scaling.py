"""What a training on a cluster takes, computed from speeds and prices that you enter.

    python -m benchmarks.scaling --core-rate 390 --gpu-rate 1000 --gpu-price 1.0 --cpu-price 0.04

Measure the rates where you will run: `benchmarks.input_chain` gives images per second and core (1000 / ms of the chosen
way), `metrics.jsonl` of a short training images per second and GPU. Prices are per hour of one GPU machine and of one
core. One table, from 1 to 64 GPUs; speed-up is taken as linear, so it is a lower bound of the time.
"""

from __future__ import annotations

import argparse
import math

from benchmarks.machine import machine_line
from benchmarks.timing import Stopwatch, table_head, table_row

IMAGES, EPOCHS = 1_281_167, 100
"""ImageNet's training images; the paper's epochs."""
BYTES = 108_000
"""Mean size of its JPEGs. Source: Hugging Face's copy; 500 of them average the same."""
PARAMETERS = 138_357_544
"""VGG-16's. Source: torchvision."""


def row(gpus: int, args: argparse.Namespace) -> list[str]:
    """One line of the table."""
    rate = gpus * args.gpu_rate
    cores = math.ceil(rate / args.core_rate)
    hours = IMAGES * EPOCHS * args.views / rate / 3600
    machines = gpus / args.gpus_per_machine
    extra_cores = max(0.0, cores - machines * args.cores_per_machine)
    dollars = hours * (machines * args.gpu_price + extra_cores * args.cpu_price + args.head_price)
    return [
        f"{gpus}",
        f"{rate:,.0f}",
        f"{cores}",
        f"{extra_cores:.0f}",
        f"{rate * BYTES / 1e6:,.0f}",
        f"{hours:,.1f}",
        f"{dollars:,.0f}",
    ]


def checkpoint_seconds(uri: str) -> str:
    """What writing and reading a checkpoint of the full network takes; the files are removed."""
    from torch import zeros

    from lp_core.run.checkpoint import Checkpoint, newest_checkpoint, save_checkpoint
    from lp_core.storage import Storage

    folder = Storage.at(uri) / "checkpoint-benchmark"
    tensors = {name: zeros(PARAMETERS).uniform_() for name in ("weights", "momentum")}
    with Stopwatch() as writing:
        save_checkpoint(folder, Checkpoint(1, tensors, {"fingerprint": ""}), 1)
    with Stopwatch() as reading:
        checkpoint, _ = newest_checkpoint(folder, "")
    assert checkpoint is not None
    folder.remove_folder()
    seconds = f"written in {writing.seconds:.1f} s, read in {reading.seconds:.1f} s, checksums included"
    return f"Measured in {uri}: {seconds}. {machine_line()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--core-rate", type=float, required=True, help="images/s that a core decodes, crops and warps")
    parser.add_argument("--gpu-rate", type=float, required=True, help="images/s that a GPU trains on")
    parser.add_argument("--gpu-price", type=float, default=0.0, help="of a GPU machine, per hour")
    parser.add_argument("--cpu-price", type=float, default=0.0, help="of a core of a CPU machine, per hour")
    parser.add_argument("--head-price", type=float, default=0.0, help="of the head, per hour")
    parser.add_argument("--gpus-per-machine", type=int, default=1)
    parser.add_argument("--cores-per-machine", type=int, default=16, help="cores of a GPU machine, which read, too")
    parser.add_argument(
        "--checkpoint-folder", help="path or URI: write and read a checkpoint there, and say how long it takes"
    )
    parser.add_argument("--views", type=int, default=2, help="networks to train")
    args = parser.parse_args()
    columns = ("cores that feed them", "of these, on CPU machines", "MB/s from storage", "hours", "price")
    print(table_head("GPUs", "images/s", *columns))
    for gpus in (1, 2, 4, 8, 16, 32, 64):
        print(table_row(*row(gpus, args)))
    checkpoint = PARAMETERS * 4 * 2  # weights and momentum
    print(f"\nA checkpoint is {checkpoint / 1e9:.2f} GB: {checkpoint / 1e9 / 0.5:.0f} s at 0.5 GB/s.")
    if args.checkpoint_folder:
        print(checkpoint_seconds(args.checkpoint_folder))


if __name__ == "__main__":
    main()
