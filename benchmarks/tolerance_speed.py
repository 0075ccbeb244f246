"""The tolerance test's conditions, made from decoded photographs and evaluated, against the bare forward pass.

    python -m benchmarks.tolerance_speed [--width 1.0] [--size 224] [--batch 4] [--every 10] [--repeats 3]

One thread, processor time, random weights. Images/s count a photograph under one condition. The goal is a fraction of
0.85. On a GPU, where the forward pass takes no processor time, the inputs decide: the table has their milliseconds.
"""

from __future__ import annotations

import argparse
import statistics

import numpy as np
import torch

from benchmarks.machine import PHOTOGRAPHS, machine_line, single_threaded
from benchmarks.timing import in_turns, table_head, table_row
from lp_core.images.decode import decode_rgb
from lp_core.measures.tolerance_conditions import conditions
from lp_core.network.initialization import initialize
from lp_core.network.inputs import normalized
from lp_core.network.vgg16 import VGG16
from lp_core.settings import VIEW_NAMES, NetworkSettings, Recipe, ViewSettings
from tasks.tolerance import looked_at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--every", type=int, default=10, help="take every n-th condition")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    single_threaded()
    recipe = Recipe(name="any", geometry=ViewSettings(size=options.size))
    settings = NetworkSettings(width=options.width, pool=1)
    network = initialize(VGG16(1000, settings), "variance-preserving", 0).eval()
    network = network.to(memory_format=torch.channels_last).requires_grad_(False)
    device = torch.device("cpu")
    files = sorted(path for path in PHOTOGRAPHS.rglob("*") if path.suffix.lower() in (".jpeg", ".jpg"))
    encoded = [path.read_bytes() for path in files[: options.batch]]
    looks = list(dict.fromkeys(condition.seen for condition in conditions()))[:: options.every]
    black_NSRC = np.zeros((len(encoded), options.size, options.size, 3), np.uint8)

    def inputs(view: str) -> None:
        photographs = [decode_rgb(data) for data in encoded]
        for seen in looks:
            looked_at(photographs, view, recipe, *seen, photographs[::-1])

    def forward() -> None:
        for _ in looks:
            network(normalized(black_NSRC, device))

    ways = {"forward pass": forward} | {f"inputs, {view}": lambda view=view: inputs(view) for view in VIEW_NAMES}
    with torch.inference_mode():
        seconds = in_turns(ways, options.repeats)
    images = len(looks) * len(encoded)
    print(f"{machine_line()}\n\n{table_head('way', 'ms an image', 'images/s with the forward pass', 'fraction of it')}")
    bare = seconds["forward pass"]
    for name, taken in seconds.items():
        whole = bare if name == "forward pass" else bare + taken
        ms, per_second = (statistics.median(part.ravel().tolist()) for part in (1000 * taken / images, images / whole))
        fraction = statistics.median((bare / whole).ravel().tolist())
        print(table_row(name, f"{ms:.2f}", f"{per_second:.1f}", f"{fraction:.2f}"))


if __name__ == "__main__":
    main()
