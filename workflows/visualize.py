"""`logpolar visualize`: a panel for every channel asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import numpy as np

from lp_core.config import Recipe, SettingError, ViewName, check, to_dict
from lp_core.network.vgg16 import conv_channels
from lp_core.run_folder import Stage, stage_run
from tasks.networks import Trained
from tasks.pieces import run_pieces
from tasks.progress import Progress, say
from tasks.visualizing import draw_panels
from workflows.scan import scan_stage
from workflows.session import Session

CHANNELS_PER_TASK = 8


def visualize_stage(session: Session, view: ViewName) -> Stage:
    """The panels of a view, as a stage of the run.

    Raises:
        SettingError: the view is not scanned.
    """
    scan = scan_stage(session, view)
    check(scan.is_finished(), f"{session.run} holds no finished scan of view {view}; run `logpolar scan` first")
    manifest = scan.manifest()
    assert manifest is not None
    inputs = {"exemplars": manifest["exemplars"], "scan": scan.fingerprint, "seed": session.recipe.seed}
    return Stage(session.run / view, "visualize", inputs | {"visualize": to_dict(session.recipe.visualize)})


def visualize(session: Session) -> None:
    """Draw the panels of every view; the same channels in each.

    Raises:
        SettingError: a layer or channel does not exist, or a recorded activation was not found again.
    """
    recipe = session.recipe
    wanted = chosen_channels(recipe)
    for view in recipe.views:
        stage = visualize_stage(session, view)
        if stage.is_finished():
            say(f"visualize {view}: finished before")
            continue
        trained = Trained(
            recipe, session.run.uri, view, scan_stage(session, view).inputs["weights"], recipe.scan.gpus_per_task > 0
        )
        pieces = [(trained, stage.inputs["exemplars"], layer, part) for layer, part in _parts(wanted)]
        total = sum(len(channels) for channels in wanted.values())
        complaints: list[str] = []
        cluster = session.cluster
        with stage_run(stage) as watch, Progress(f"visualize {view}", len(pieces), "pieces") as progress:
            for found in run_pieces(draw_panels, pieces, cluster, recipe.scan.gpus_per_task):
                complaints += found
                progress.advance(1)
        check(not complaints, f"{len(complaints)} activations were not found again, such as {(complaints or [''])[0]}")
        stage.finish(watch.seconds, panels=total)


def chosen_channels(recipe: Recipe) -> dict[str, list[int]]:
    """Channels to draw, ascending, by layer: those asked for, and a few random ones of every other layer.

    Raises:
        SettingError: a layer or channel does not exist.
    """
    settings = recipe.visualize
    channels = conv_channels(recipe.network.width)
    for layer in settings.layers:
        if layer not in channels:
            near = difflib.get_close_matches(layer, channels, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(channels)}"
            raise SettingError(f"visualize.layers: no layer '{layer}'{hint}")
    chosen = {}
    for index, (layer, count) in enumerate(channels.items()):
        shuffled = np.random.default_rng([recipe.seed, index]).permutation(count).tolist()
        if layer not in settings.layers:
            chosen[layer] = sorted(shuffled[: settings.few])
        elif settings.channels == "all":
            chosen[layer] = list(range(count))
        elif settings.channels.startswith("random:"):
            chosen[layer] = sorted(shuffled[: int(settings.channels.removeprefix("random:"))])
        else:
            numbers = sorted({int(part) for part in settings.channels.split(",")})
            check(
                numbers[-1] < count,
                f"visualize.channels: {layer} has channels 0 to {count - 1}, {numbers[-1]} was asked for",
            )
            chosen[layer] = numbers
    return {layer: numbers for layer, numbers in chosen.items() if numbers}


def _parts(wanted: dict[str, list[int]]) -> Iterator[tuple[str, tuple[int, ...]]]:
    for layer, channels in wanted.items():
        for start in range(0, len(channels), CHANNELS_PER_TASK):
            yield layer, tuple(channels[start : start + CHANNELS_PER_TASK])
