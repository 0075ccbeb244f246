"""The peaks of one layer's maps by three kernels: why `lp_core/exemplars/peaks.py` pools adaptively on a CPU.

    python -m benchmarks.scan_peaks [--channels 256] [--side 56] [--batch 32] [--repeats 7]

Random maps in channels_last on one thread. Milliseconds of a batch, and speed as a multiple of `max` with indices.
"""

from __future__ import annotations

import argparse
import statistics

import torch
from torch.nn import functional as F

from benchmarks.machine import machine_line, single_threaded
from benchmarks.timing import in_turns, speed_ratio, table_head, table_row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=256)
    parser.add_argument("--side", type=int, default=56)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    single_threaded()
    generator = torch.Generator().manual_seed(0)
    a_NCSR = torch.randn(options.batch, options.channels, options.side, options.side, generator=generator)
    a_NCSR = a_NCSR.relu().contiguous(memory_format=torch.channels_last)
    ways = {
        "`max` with indices": lambda: a_NCSR.flatten(2).max(2),
        "adaptive_max_pool2d with indices (ours)": lambda: F.adaptive_max_pool2d(a_NCSR, 1, return_indices=True),
        "amax, without positions": lambda: a_NCSR.amax((2, 3)),
    }
    with torch.no_grad():
        seconds = in_turns(ways, options.repeats)
    print(f"{machine_line()}\n\n{table_head('way', 'ms', 'speed, max = 1')}")
    for name, taken in seconds.items():
        ms = 1000 * statistics.median(taken.ravel().tolist())
        print(table_row(name, f"{ms:.2f}", f"{speed_ratio(seconds['`max` with indices'], taken):.2f}"))


if __name__ == "__main__":
    main()
