"""What the command line of a stage may say: its options as types, and the settings that they lead to.

A command line is parsed twice, because the settings that an option overrides are those of the run or the recipe that
other options name: `Start` reads these, then the verb's own type reads everything.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, make_dataclass, replace
from typing import Annotated, Any, TypeVar, get_type_hints

import tyro
from tyro.conf import Positional, UseAppendAction, arg
from tyro.constructors import PrimitiveConstructorSpec

from lp_core.errors import SettingError, check
from lp_core.run.files import SWEEP
from lp_core.settings import VIEW_NAMES, MeasureSettings, Recipe, ViewName, ViewSettings, VisualizeSettings
from lp_core.settings.fields import setting_name
from lp_core.storage import Storage
from workflows.config import FILE as CONFIG
from workflows.config import stored_recipe
from workflows.recipes import RECIPES
from workflows.recipes import recipe as named_recipe
from workflows.until import Until


@dataclass(frozen=True, kw_only=True)
class Start:
    """Options that say which settings a command starts from."""

    folder: Annotated[Positional[tuple[str, ...]], arg(metavar="RUN")] = ()
    run: str | None = None
    recipe: str | None = None
    weights: str | None = None
    help: Annotated[bool, arg(aliases=("-h",))] = False


def _without_commas(words: list[str]) -> list[str]:
    """Words of a list that may be separated by spaces or by commas."""
    return [part for word in words for part in word.split(",")]


def _views(words: list[str]) -> tuple[ViewName, ...]:
    if words == ["both"]:
        return VIEW_NAMES
    named = {str(name): name for name in VIEW_NAMES}
    for word in _without_commas(words):
        if word not in named:
            raise ValueError(f"'{word}' is no view; views are {', '.join(named)} or both")
    return tuple(named[word] for word in _without_commas(words))


VIEWS = PrimitiveConstructorSpec(
    nargs="*",
    metavar=f"{{{','.join(VIEW_NAMES)},both}} ...",
    instance_from_str=_views,
    is_instance=lambda value: isinstance(value, tuple),
    str_from_instance=list,
)
"""`cartesian log_polar`, `cartesian,log_polar` or `both`."""

LAYERS = PrimitiveConstructorSpec(
    nargs="*",
    metavar="LAYER ...",
    instance_from_str=lambda words: tuple(_without_commas(words)),
    is_instance=lambda value: isinstance(value, tuple),
    str_from_instance=list,
)
"""`conv3_3 conv5_2` or `conv3_3,conv5_2`."""

WORDS = replace(LAYERS, metavar="{untrained,shuffled} ...")
"""The same for controls."""


@dataclass(frozen=True, kw_only=True)
class VisualizeOptions(VisualizeSettings):
    """Which channels are drawn, and how; `logpolar visualize` also takes these without prefix: `--layers conv3_3`."""

    layers: Annotated[tuple[str, ...], LAYERS] = VisualizeSettings.layers
    """Layers that get a panel of each of `channels`; `all` is every layer."""


ShortVisualizeOptions: Any = make_dataclass(
    "ShortVisualizeOptions",
    [
        (name, Annotated[kind, arg(aliases=(f"--{name}",))], getattr(VisualizeOptions, name))
        for name, kind in get_type_hints(VisualizeOptions, include_extras=True).items()
    ],
    bases=(VisualizeOptions,),
    frozen=True,
    kw_only=True,
)
"""The same, each also without its prefix: `--layers` besides `--visualize.layers`."""


@dataclass(frozen=True, kw_only=True)
class StageOptions(Recipe):
    """Every setting of a recipe, and where a stage works."""

    name: Annotated[str, arg(name="recipe")]
    """Recipe that this run started from: a name, or MODULE:FUNCTION of your own."""
    views: Annotated[tuple[ViewName, ...], VIEWS] = VIEW_NAMES
    """Networks to train: `cartesian`, `log_polar` or both."""
    geometry: Annotated[ViewSettings, arg(name="view")] = field(default_factory=ViewSettings)
    visualize: VisualizeOptions = field(default_factory=VisualizeOptions)
    run: str
    """Run folder (local path, s3:// or gs://)."""
    address: str | None = None
    """Ray cluster to use (auto, HOST:PORT); unless given, RAY_ADDRESS, else a new one on this machine."""


@dataclass(frozen=True, kw_only=True)
class PlaceOptions(StageOptions):
    """The same, for `logpolar verify RUN`, `measure RUN` and `report RUN`, which take the folder by its place."""

    folder: Annotated[Positional[tuple[str, ...]], arg(metavar="[RUN]")] = ()
    """Run folder, instead of --run."""


ShortMeasureOptions: Any = make_dataclass(
    "ShortMeasureOptions",
    [
        (
            field.name,
            Annotated[get_type_hints(MeasureSettings)[field.name], arg(aliases=(f"--{setting_name(field.name)}",))],
            field.default,
        )
        for field in fields(MeasureSettings)
        if field.metadata.get("role") == "selection"
    ],
    bases=(MeasureSettings,),
    frozen=True,
    kw_only=True,
)
"""What is measured, further sets also without prefix: `--tolerance` besides `--measure.tolerance`."""


@dataclass(frozen=True, kw_only=True)
class MeasureOptions(PlaceOptions):
    """The same, for `logpolar measure [RUN]`."""

    measure: ShortMeasureOptions = field(default_factory=ShortMeasureOptions)


@dataclass(frozen=True, kw_only=True)
class WeighedOptions(StageOptions):
    """The same, for stages that can work with weights from elsewhere."""

    weights: str | None = None
    """Weights instead of trained ones, for one of --views, in a run of their own, which keeps them: safetensors, a
    PyTorch file that holds a state dict (FILE#NAME: the one of several that has this name), or torchvision's name,
    such as IMAGENET1K_V1."""
    own_network: str | None = None
    """MODULE:FUNCTION of your own, which returns a sequential network with its classifier (docs/NETWORKS.md), instead
    of a VGG: with the weights of --weights, or those that it has. The run keeps it; later commands need no code."""


@dataclass(frozen=True, kw_only=True)
class TrainOptions(StageOptions):
    """The same, for `logpolar train`."""

    init_weights: str | None = None
    """Weights that the training begins with, instead of random ones: a file or name as --weights of `logpolar run`
    takes. A last layer for other classes starts anew (docs/NETWORKS.md). The run keeps them."""
    own_network: str | None = None
    """MODULE:FUNCTION of your own, which returns the network that is trained instead of a VGG (docs/NETWORKS.md), from
    the weights of --init-weights or from random ones."""


@dataclass(frozen=True, kw_only=True)
class RunOptions(WeighedOptions):
    """The same, for `logpolar run`."""

    init_weights: str | None = None
    """Weights that the training begins with, instead of random ones: a file or name as of --weights, also for both
    views. A last layer for other classes starts anew (docs/NETWORKS.md). With --own-network: trains it from them."""
    until: Until = "report"
    """Last stage that this command makes: `evaluate` where accuracies are all that is wanted."""


@dataclass(frozen=True, kw_only=True)
class FigureOptions(WeighedOptions):
    """The same, for `logpolar visualize [FIGURE]`."""

    figure: Annotated[Positional[tuple[str, ...]], arg(metavar="[FIGURE]")] = ()
    """figure-1, figure-2 or figure-3: one of the paper's figures, for print, instead of panels."""
    visualize: ShortVisualizeOptions = field(default_factory=ShortVisualizeOptions)


@dataclass(frozen=True, kw_only=True)
class SweepOptions(StageOptions):
    """The same for all runs of `logpolar sweep`, and in what they differ."""

    seeds: str | None = None
    """Number of seeds, such as 8 for 0 to 7, or the seeds: `3,5,7` (`3,` is one). They add up with those of an earlier
    start; a new sweep has seed 0 unless given."""
    vary: Annotated[tuple[str, ...], UseAppendAction] = ()
    """SETTING=VALUE,VALUE, such as view.law=monopole,opencv; each --vary multiplies the runs. Members of one value are
    separated by spaces."""
    controls: Annotated[tuple[str, ...], WORDS] = ()
    """`untrained` scans the first weights of every run; `shuffled` makes every run once more with shuffled labels."""
    init_weights: str | None = None
    """Weights that every training begins with, instead of random ones: a file or name as --weights of `logpolar run`
    takes (docs/NETWORKS.md)."""
    own_network: str | None = None
    """MODULE:FUNCTION of your own, which returns the network that all runs train instead of a VGG."""
    at_once: int | None = None
    """Runs at the same time; as many as the cluster has room for unless given."""
    until: Until = "report"
    """Last stage of every run that this command makes: `evaluate` where accuracies are all that is wanted."""


Options = TypeVar("Options", bound=StageOptions)

BY_PLACE = ("measure", "report", "verify")
"""Verbs that take the run folder without `--run`."""
BEGINNING = ("demo", "run", "train")
"""Verbs that make a run where there is none."""
OPTIONS: dict[str, type[StageOptions]] = {
    **dict.fromkeys(BY_PLACE, PlaceOptions),
    "measure": MeasureOptions,
    "visualize": FigureOptions,
    "run": RunOptions,
    "train": TrainOptions,
    **dict.fromkeys(("evaluate", "scan"), WeighedOptions),
}
"""What verbs take that are not content with `StageOptions`."""


@dataclass(frozen=True)
class Command:
    """What a command line asks for."""

    recipe: Recipe
    run: Storage
    address: str | None
    weights: str | None
    own_network: str | None
    init_weights: str | None
    figure: str | None
    until: Until


def stage_command(verb: str, about: str, arguments: list[str]) -> Command:
    """The command of a stage.

    Args:
        verb: name of the stage's verb.
        about: what it does, for the help.
        arguments: what follows the verb.

    Raises:
        SettingError: a value is out of range, or no recipe is named, or another one than the run was started from.
        SystemExit: help was asked for (0), or an option is unknown or malformed (2).
    """
    start, _ = tyro.cli(Start, args=arguments, return_unknown_args=True, add_help=False)
    folder = start.folder[0] if verb in BY_PLACE and start.folder else None
    check(not (folder and start.run), f"{verb} takes one run, not {folder} and --run {start.run}")
    run = start.run or folder or ("runs/demo" if verb == "demo" else None)
    default = as_options(OPTIONS.get(verb, StageOptions), _settings_before(verb, run, start), run)
    chosen = tyro.cli(type(default), prog=f"logpolar {verb}", description=f"{about}.", default=default, args=arguments)
    recipe = recipe_of(chosen)
    if recipe.data.path:  # workers on other nodes have other working directories
        recipe = replace(recipe, data=replace(recipe.data, path=Storage.at(recipe.data.path).uri))
    folders: tuple[str, ...] = getattr(chosen, "folder", ())
    check(len(folders) <= 1, f"{verb} takes one run, not {' '.join(folders)}")
    figures: tuple[str, ...] = getattr(chosen, "figure", ())
    check(len(figures) <= 1, f"visualize draws one figure at a time, not {' '.join(figures)}")
    check_brought(chosen)
    weights: str | None = getattr(chosen, "weights", None)
    own_network: str | None = getattr(chosen, "own_network", None)
    init_weights: str | None = getattr(chosen, "init_weights", None)
    check(
        not (weights and init_weights),
        "--weights takes a network as it is, --init-weights trains it from there; give one of them",
    )
    check(
        not weights or len(recipe.views) == 1,
        "--weights is for one view; add --views cartesian or --views log_polar",
    )
    figure = figures[0] if figures else None
    until: Until = getattr(chosen, "until", "report")
    brought = weights, own_network, init_weights
    return Command(recipe, Storage.at(chosen.run), chosen.address, *brought, figure, until)


def as_options(kind: type[Options], recipe: Recipe, run: str | None) -> Options:
    """A recipe as the default values of a verb's options."""
    values = {setting.name: getattr(recipe, setting.name) for setting in fields(Recipe)}
    for name in ("visualize", "measure"):  # sections whose options some verbs take without prefix
        section = values[name]
        values[name] = get_type_hints(kind)[name](
            **{part.name: getattr(section, part.name) for part in fields(section)}
        )
    return kind(**values, run=tyro.MISSING if run is None else run)


def with_recipe(options: Options, recipe: Recipe) -> Options:
    """Return the same options with the settings of a recipe."""
    others = {own.name: getattr(options, own.name) for own in fields(options)}
    usual = as_options(type(options), recipe, options.run)
    return type(options)(**others | {setting.name: getattr(usual, setting.name) for setting in fields(Recipe)})


def check_brought(options: StageOptions) -> None:
    """Refuse an empty network or file of weights: that of an unset shell variable would train or show another one.

    Raises:
        SettingError: an option is empty; the message names it.
    """
    for name in ("weights", "own_network", "init_weights"):
        check(getattr(options, name, None) != "", f"--{name.replace('_', '-')} is empty; give a value or leave it out")


def recipe_of(options: StageOptions) -> Recipe:
    """The recipe that options add up to."""
    values = {setting.name: getattr(options, setting.name) for setting in fields(Recipe)}
    if getattr(options, "own_network", None):  # takes the place of these settings, and wraps no rows
        values["network"] = replace(values["network"], angle_padding="zeros")
    for name, plain in (("visualize", VisualizeSettings), ("measure", MeasureSettings)):
        values[name] = plain(**{part.name: getattr(values[name], part.name) for part in fields(plain)})
    return Recipe(**values)


def _settings_before(verb: str, run: str | None, start: Start) -> Recipe:
    """Settings before the command line's: the run's own if it was started before, else the recipe's.

    Raises:
        SettingError: no recipe is named, or another one than the run was started from.
    """
    chosen = named_recipe(start.recipe) if start.recipe else None
    stored = stored_recipe(Storage.at(run)) if run else None
    if stored is None:
        needs_run = verb in BY_PLACE or (verb not in BEGINNING and chosen is None and not start.weights)
        if needs_run and not start.help:
            raise SettingError(_no_run(verb, run))
        if chosen is None and verb != "demo" and not start.help:
            seen, earlier = (f": {run} holds no run", ", or the folder of an earlier run") if run else ("", "")
            raise SettingError(
                f"--recipe is missing{seen}; give one of {', '.join(RECIPES)}, MODULE:FUNCTION of your own{earlier}"
            )
        return chosen or named_recipe("demo" if verb == "demo" else "imagenet")
    if chosen and chosen.name != stored.name:
        raise SettingError(
            f"{run} was started from recipe {stored.name}, not {chosen.name}; give another --run, or leave out --recipe"
        )
    return stored


def _no_run(verb: str, run: str | None) -> str:
    """What to say where a verb needs a run, and what was named is none."""
    by_place = "" if verb in BY_PLACE else "--run "
    if run is None:
        return f"no run is named; give its folder: logpolar {verb} {by_place}RUN"
    folder = Storage.at(run)
    if folder.exists(SWEEP):
        return f"{run} is the folder of a sweep; name one of its runs, such as {run.rstrip('/')}/base/seed-0"
    what = f"{run} is no run folder: {CONFIG} is missing" if folder.exists() else f"{run} does not exist"
    return f"{what}; name the folder of a run; `logpolar run --recipe RECIPE --run FOLDER` makes one"
