"""The command line that makes a run again, or redoes a part of it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

from lp_core.errors import SettingError
from lp_core.setting_names import setting_values
from lp_core.settings import Recipe, ViewName
from workflows.recipes import recipe as named_recipe


def options(recipe: Recipe, base: Recipe, always: tuple[str, ...] = ()) -> list[str]:
    """The options that turn one recipe into another: one for every setting that differs, the recipe's name apart.

    Args:
        recipe: what they lead to.
        base: what they start from.
        always: names of settings that are given even where they are equal.
    """
    before = setting_values(base)
    words: list[str] = []
    for name, value in setting_values(recipe).items():
        if name in always or (name != "recipe" and value != before[name]):
            words += _option(name, value)
    return words


def _option(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        section, _, own = name.rpartition(".")
        return [f"--{name}" if value else f"--{section}.no-{own}"]
    return [f"--{name}", *map(str, value if isinstance(value, tuple) else [value])]


def _base(recipe: Recipe) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe that a run started from, and the settings to print in any case: all where it cannot be imported."""
    try:
        return named_recipe(recipe.name), ()
    except SettingError:
        names = tuple(setting_values(recipe))
        return Recipe(name=recipe.name), tuple(name for name in names if name != "recipe")


def commands(
    recipe: Recipe,
    weights: dict[ViewName, str],
    first: dict[ViewName, str] | None = None,
    *,
    built_in_data: bool = False,
) -> str:
    """What a reader types to make a run again in a new folder, `RUN`: one command a line.

    Args:
        recipe: settings that the run was made with.
        weights: what `--weights` named, by view, of the views that were not trained.
        first: what `--init-weights` named, by view, of those whose training did not begin with random weights.
        built_in_data: the data set is the one that `logpolar demo` draws.
    """
    base, every = _base(recipe)
    if built_in_data:
        recipe = replace(recipe, data=replace(recipe.data, path=base.data.path))

    first = first or {}

    def line(verb: str, *views: ViewName, weights: str | None = None, first: str | None = None) -> str:
        named = [] if verb == "demo" else ["--recipe", recipe.name]
        given = [] if weights is None else ["--weights", weights]
        given += [] if first is None else ["--init-weights", first]
        # The first command leaves a run of one view, whose settings the next one would start from.
        chosen = options(replace(recipe, views=views), base, always=every or (("views",) if brought else ()))
        return shlex.join(["logpolar", verb, *named, "--run", "RUN", *chosen, *given])

    imported = [view for view in recipe.views if view in weights]
    brought = [view for view in recipe.views if view in weights or view in first]
    if imported == list(recipe.views) and len(imported) == 1:
        return line("run", imported[0], weights=weights[imported[0]])
    begun = [view for view in recipe.views if view in first]
    if begun == list(recipe.views) and len(set(first.values())) == 1:
        return line("run", *recipe.views, first=first[begun[0]])
    lines = [line("evaluate", view, weights=weights[view]) for view in imported]
    lines += [line("train", view, first=first[view]) for view in begun]
    return "\n".join([*lines, line("demo" if built_in_data else "run", *recipe.views)])
