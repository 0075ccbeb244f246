"""What `logpolar look` may say: photographs, the networks that look at them, and what is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated

import tyro
from tyro.conf import Positional, arg

from lp_core.errors import check
from lp_core.measures.likelihood_map import GRID
from lp_core.settings import VIEW_NAMES, NetworkSettings, Recipe, ViewName, ViewSettings
from lp_core.storage import Storage
from workflows.command_line import VIEWS, Start
from workflows.config import stored_recipe
from workflows.recipes import recipe as named_recipe


@dataclass(frozen=True, kw_only=True)
class LookDataOptions:
    """The data set of the networks; its photographs are not read."""

    path: str = ""
    """Data set folder, which names the classes; that of the run unless given. Weights need none if they tell
    ImageNet's 1,000 classes apart; otherwise classes have numbers without it."""
    eval_crop: float = 0.875
    """Share of the photograph's shorter side that the network sees; fixations lie within it."""


@dataclass(frozen=True, kw_only=True)
class LookOptions:
    """Options of `logpolar look`."""

    photographs: Annotated[Positional[tuple[str, ...]], arg(metavar="PHOTO ...")] = ()
    """Pictures, or folders of pictures with all folders in them."""
    run: str | None = None
    """Run whose trained networks look; both views side by side."""
    weights: str | None = None
    """Weights of one view instead, as of `logpolar evaluate`: safetensors, a PyTorch file, or torchvision's name, such
    as IMAGENET1K_V1. Depth, width, pool and classes are those of the file."""
    recipe: str | None = None
    """With --weights: recipe whose settings of view, network and crop hold unless given; imagenet by default."""
    views: Annotated[tuple[ViewName, ...], VIEWS] = VIEW_NAMES
    """`cartesian`, `log_polar` or both."""
    named: Annotated[str | None, arg(name="class", metavar="NAME")] = None
    """Class whose likelihood is drawn: a name or a wnid. By default the photograph's own, where its folder, its name or
    its boxes tell it; else the most likely one at the centre."""
    grid: int = GRID
    """Fixations along either side, odd."""
    crop_moves: bool = False
    """Move the crop in the log-polar view, too, instead of the gaze within it: both views then see the same part of the
    photograph. With --data.eval-crop 0.5 no fixation shows anything beyond the photograph's shorter side."""
    out: str | None = None
    """Folder for the pictures, or for one photograph a file that ends in .png; beside the photograph unless given."""
    boxes: str | None = None
    """Folder of annotations in Pascal VOC's XML, such as ImageNet's: FOLDER/NAME.xml or FOLDER/CLASS/NAME.xml. Prints
    how often the most likely fixation lies inside a box of the class."""
    data: LookDataOptions = field(default_factory=LookDataOptions)
    geometry: Annotated[ViewSettings, arg(name="view")] = field(default_factory=ViewSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)


@dataclass(frozen=True)
class LookCommand:
    """What a command line asks for.

    Args:
        options: all of it.
        recipe: settings of the run, or those that the options add up to.
    """

    options: LookOptions
    recipe: Recipe


def look_command(about: str, arguments: list[str]) -> LookCommand:
    """Return the command of `logpolar look`.

    Args:
        about: what it does, for the help.
        arguments: what follows `look`.

    Raises:
        SettingError: no photograph, no network or two are named, or the run holds none.
        SystemExit: help was asked for (0), or an option is unknown or malformed (2).
    """
    start, _ = tyro.cli(Start, args=arguments, return_unknown_args=True, add_help=False)
    base = stored_recipe(Storage.at(start.run)) if start.run else None
    if base is None:
        base = replace(named_recipe(start.recipe or "imagenet"), views=VIEW_NAMES)
    data = LookDataOptions(path=base.data.path, eval_crop=base.data.eval_crop)
    default = LookOptions(views=base.views, data=data, geometry=base.geometry, network=base.network)
    options = tyro.cli(LookOptions, prog="logpolar look", description=f"{about}.", default=default, args=arguments)
    check(bool(options.photographs), "look needs a photograph: logpolar look PHOTO --run RUN")
    check(
        bool(options.run) != bool(options.weights),
        "look needs networks: give either --run RUN or --weights FILE with one of --views",
    )
    if options.run:
        check(options.recipe in (None, base.name), f"--recipe goes with --weights; {options.run} has its own settings")
        check(stored_recipe(Storage.at(options.run)) is not None, f"--run {options.run} holds no run; train one first")
    else:
        check(len(options.views) == 1, "--weights is for one view; add --views cartesian or --views log_polar")
    path = Storage.at(options.data.path).uri if options.data.path else ""
    data_settings = replace(base.data, path=path, eval_crop=options.data.eval_crop)
    recipe = replace(base, views=options.views, data=data_settings, geometry=options.geometry, network=options.network)
    return LookCommand(options, recipe)
