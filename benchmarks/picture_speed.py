"""What a channel's pictures cost in the atlas: processor time a channel by view and layer, one thread.

    python -m benchmarks.picture_speed [--size 48] [--rounds 3] [--layers conv3_3]

The networks have random weights and the demo's settings; their exemplars are those of 120 photographs, of the built-in
data set. The views take turns, so that a busy machine slows both alike.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.machine import machine_line, single_threaded
from benchmarks.timing import in_turns, table_head, table_row
from lp_core.fingerprint import checksum
from lp_core.indexing.layouts import find
from lp_core.indexing.manifest import write_dataset_folder
from lp_core.network.initialization import initialize
from lp_core.network.vgg16 import VGG16
from lp_core.run.files import EXEMPLARS
from lp_core.run.weights import FILE, weights_bytes
from lp_core.settings import VIEW_NAMES, Recipe, ScanSettings, ViewName
from lp_core.storage import Storage
from lp_core.toy.data_set import write_toy
from tasks.networks import Trained
from tasks.pieces import InProcess
from tasks.visualizing import AtlasSheet, draw_sheet
from workflows import scan
from workflows.recipes import recipe as named_recipe
from workflows.session import Session
from workflows.stages import StageGraph

LAYERS = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_2")
CHANNELS = 8
"""Of a sheet; the demo's sheets have as many or fewer in all but one layer."""


def scanned(folder: Path, recipe: Recipe) -> dict[ViewName, Trained]:
    """Networks of both views with random weights, and their exemplars."""
    session = Session(recipe, Storage.at(folder / "run"), given_executor=InProcess())
    networks = {}
    for view in VIEW_NAMES:
        network = initialize(VGG16(12, recipe.network, view), "variance-preserving", 0)
        data = weights_bytes(network)
        (session.run / view).write_bytes(FILE, data)
        StageGraph(recipe, session.run).train(view).finish(1.0, weights=checksum(data))
        networks[view] = Trained(recipe, str(session.run), view, checksum(data))
    scan.scan(session)
    return networks


def sheet_of(trained: Trained, layer: str) -> AtlasSheet:
    """A sheet without panels."""
    exemplars = checksum(trained.folder.read_bytes(EXEMPLARS))
    return AtlasSheet(exemplars, layer, tuple(range(CHANNELS)), (), "guided", "png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=48, help="side of the network's input in px")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--layers", nargs="*", default=LAYERS)
    arguments = parser.parse_args()
    single_threaded()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data = Storage.at(folder / "data")
        write_toy(Path(data.uri), train=120, validation=120)
        write_dataset_folder(data, find(data))
        recipe = named_recipe("demo")
        recipe = replace(
            recipe,
            data=replace(recipe.data, path=data.uri),
            geometry=replace(recipe.geometry, size=arguments.size),
            scan=ScanSettings(),
        )
        networks = scanned(folder, recipe)
        print(f"{machine_line()}\n\n{table_head('layer', *VIEW_NAMES, 'log-polar, cartesian = 1')}")
        for layer in arguments.layers:
            ways = {view: partial(draw_sheet, trained, sheet_of(trained, layer)) for view, trained in networks.items()}
            seconds = {view: taken.min() / CHANNELS for view, taken in in_turns(ways, arguments.rounds).items()}
            ratio = seconds["log_polar"] / seconds["cartesian"]
            print(
                table_row(layer, *(f"{1e3 * seconds[view]:.1f} ms" for view in VIEW_NAMES), f"{ratio:.2f}"), flush=True
            )


if __name__ == "__main__":
    main()
