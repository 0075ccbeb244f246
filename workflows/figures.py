"""`logpolar visualize figure-1`, `figure-2`, `figure-3`: the paper's figures from a run, for print."""

from __future__ import annotations

import difflib
from dataclasses import replace

from lp_core.errors import DataError, check
from lp_core.report.channel_choice import chosen_channels
from lp_core.run.files import REPORT
from lp_core.settings import ViewName
from tasks.progress import say
from tasks.visualizing import exemplar_tiles
from tasks.worker_process import prepare_measuring
from workflows.session import Session

FIGURES: dict[str, tuple[ViewName, slice]] = {
    "figure-1": ("cartesian", slice(0, 10)),
    "figure-2": ("log_polar", slice(0, 5)),
    "figure-3": ("log_polar", slice(5, 10)),
}
"""View, and which of the ten channels: those of the log-polar view take twice the space."""


def checked_name(name: str) -> str:
    """The name of a figure.

    Raises:
        SettingError: no figure has that name; the message names the nearest.
    """
    near = difflib.get_close_matches(name, FIGURES, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    check(name in FIGURES, f"no figure '{name}'; {hint}There are {', '.join(FIGURES)}")
    return name


def draw_figure(session: Session, name: str) -> None:
    """Write `report/figures/<name>.png` and `.pdf`, in this process.

    The channels are those of `--layers` (one layer) and `--channels`: by default ten random ones of conv5_2.

    Raises:
        DataError: the view is not scanned with the present settings, a channel does not exist, or a recorded
            activation was not found again.
    """
    from lp_core.report.figure import figure

    recipe, (view, part) = session.recipe, FIGURES[name]
    settings = recipe.visualize
    check(view in recipe.views, f"{name} shows the view {view}, which is not among --views {' '.join(recipe.views)}")
    check(len(settings.layers) == 1, f"{name} shows one layer; --layers names {' '.join(settings.layers) or 'none'}")
    (layer,) = settings.layers
    channels = chosen_channels(recipe).get(layer, [])[part]
    check(
        len(channels) > 0, f"{name} shows the channels {part.start + 1} to {part.stop} of --channels; there are fewer"
    )
    stage = session.stages.visualize(view)
    session.stages.require(*stage.before)
    trained = replace(session.trained(view), use_gpu=False)
    session.lock()
    say(f"{name}: {layer}, channels {', '.join(map(str, channels))}")
    prepare_measuring()
    tiles, complaints = exemplar_tiles(trained, stage.inputs["exemplars"], layer, tuple(channels), settings.rule)
    if complaints:
        raise DataError(f"{len(complaints)} activations were not found again, such as {complaints[0]}")
    drawn = figure(tiles, view, layer=layer, number=int(name[-1]), rule=settings.rule)
    for kind, content in drawn.items():
        file = f"{REPORT}/figures/{name}.{kind}"
        session.run.write_bytes(file, content)
        say(session.run.path(file))
