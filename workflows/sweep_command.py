"""What a command line of `logpolar sweep` asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import tyro

from lp_core.errors import SettingError, check
from lp_core.run.files import SWEEP
from lp_core.run.sweep_plan import SHUFFLE, SweepPlan, parsed_seeds, parsed_variation
from lp_core.settings import Recipe
from lp_core.storage import Storage
from workflows.command_line import Start, SweepOptions, as_options, check_brought, recipe_of, with_recipe
from workflows.config import FILE as CONFIG
from workflows.first_weights import identity_of
from workflows.named_files import check_named
from workflows.own_network import say_what_is_drawn, trained_network
from workflows.recipes import RECIPES
from workflows.recipes import recipe as named_recipe
from workflows.until import Until
from workflows.weights import absolute

if TYPE_CHECKING:
    from lp_core.run.first_weights import FirstWeights

DATA_SET = "dataset"
"""Folder of the built-in data set, which all runs of a sweep share."""


@dataclass(frozen=True)
class SweepCommand:
    """What a command line asks for, joined with the plan of an earlier start.

    Args:
        plan: of the sweep.
        folder: of the sweep.
        address: of a running cluster, or None for one of this machine's own.
        at_once: runs at the same time; None for as many as there is room for.
        until: last stage of every run that is made now.
        earlier: runs of the plan that earlier commands asked for, and this one did not.
        first: what `--own-network` takes of `--init-weights`; None for a VGG, and for random weights.
    """

    plan: SweepPlan
    folder: Storage
    address: str | None
    at_once: int | None
    until: Until = "report"
    earlier: int = 0
    first: FirstWeights | None = None

    @property
    def draws_data(self) -> bool:
        """Whether the data set is the built-in one."""
        return self.plan.base.name == "demo" and self.plan.base.data.path == (self.folder / DATA_SET).uri


def sweep_command(about: str, arguments: list[str]) -> SweepCommand:
    """The sweep that a command line asks for; refused before anything is written or started.

    Args:
        about: what the verb does, for the help.
        arguments: what follows the verb.

    Raises:
        SettingError: see `SweepPlan`; or the folder holds a run, or a sweep with another plan.
        SystemExit: help was asked for (0), or an option is unknown or malformed (2).
    """
    start, _ = tyro.cli(Start, args=arguments, return_unknown_args=True, add_help=False)
    folder = None if start.run is None else Storage.at(start.run)
    stored = None if folder is None else stored_plan(folder)
    if folder is not None and stored is None and folder.exists(CONFIG):
        raise SettingError(f"{folder} holds a single run; give another --run")
    default = as_options(SweepOptions, _settings_before(start, stored), start.run)
    text = f"{about}."
    options = tyro.cli(SweepOptions, prog="logpolar sweep", description=text, default=default, args=arguments)
    check_brought(options)
    folder = Storage.at(options.run)
    check_named(None, init_weights=options.init_weights)
    first = None
    if options.own_network:
        given = recipe_of(options)
        recipe, first = trained_network(given, options.own_network, options.init_weights)
        say_what_is_drawn(given, recipe)
        options = with_recipe(options, recipe)
    plan = _plan(options, stored, _given(arguments))
    plan = replace(plan, base=_with_data(plan.base, folder))
    asked = {cell.run for cell in plan.cells()}  # refused here where a combination is not allowed
    plan = stored.joined(plan) if stored else plan
    check(options.at_once is None or options.at_once >= 1, f"at-once is {options.at_once}; give at least 1")
    earlier = sum(cell.run not in asked for cell in plan.cells())
    return SweepCommand(plan, folder, options.address, options.at_once, options.until, earlier, first)


def stored_plan(folder: Storage) -> SweepPlan | None:
    """The plan of the sweep that a folder holds; None if it holds none.

    Raises:
        DataError: sweep.json is not one of ours, or a later version wrote it.
    """
    return SweepPlan.from_dict(folder.read_json(SWEEP), folder.path(SWEEP)) if folder.exists(SWEEP) else None


def _settings_before(start: Start, stored: SweepPlan | None) -> Recipe:
    """Settings before the command line's: those of the earlier start, else the recipe's."""
    if start.recipe is None:
        if stored is None and not start.help:
            raise SettingError(f"--recipe is missing; give one of {', '.join(RECIPES)}, or MODULE:FUNCTION of your own")
        return stored.base if stored else named_recipe("demo")
    chosen = named_recipe(start.recipe)
    return stored.base if stored and stored.base.name == chosen.name else chosen


def _plan(options: SweepOptions, stored: SweepPlan | None, given: set[str]) -> SweepPlan:
    """The plan that the options describe; what they leave out is that of the earlier start."""
    base = recipe_of(options)
    check("seed" not in given, "--seed is given; a sweep takes --seeds")
    check(SHUFFLE not in given, f"--{SHUFFLE} is given; a sweep takes --controls shuffled")
    vary: dict[str, tuple[object, ...]] = {}
    for text in options.vary:
        name, values = parsed_variation(text, base)
        check(name not in vary, f"--vary names {name} twice; give all its values at once")
        vary[name] = values
    before = stored or SweepPlan(base)
    vary = vary or before.vary
    for name in vary:
        check(name not in given, f"{name} is varied and also given as --{name}; leave out one")
    seeds = parsed_seeds(options.seeds) if options.seeds is not None else before.seeds
    first = before.first_weights, before.first_identity
    if options.init_weights:
        first = absolute(options.init_weights), identity_of(options.init_weights)
    return SweepPlan(base, seeds, vary, options.controls or before.controls, *first)


def _given(arguments: Iterable[str]) -> set[str]:
    """Names of the settings that a command line gives: `--view.no-prefilter` is `view.prefilter`."""
    options = {word[2:].partition("=")[0].replace("_", "-") for word in arguments if word.startswith("--")}
    return {name.replace(".no-", ".") for name in options}


def _with_data(base: Recipe, folder: Storage) -> Recipe:
    """The settings with the full name of the data set: that of the command line, or the built-in one's."""
    path = base.data.path
    if not path and base.name == "demo":
        path = (folder / DATA_SET).uri
    elif path:  # workers on other nodes have other working directories
        path = Storage.at(path).uri
    return replace(base, data=replace(base.data, path=path))
