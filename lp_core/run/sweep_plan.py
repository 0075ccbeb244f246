"""The plan of a sweep: many runs that differ in seed, in some settings, or in being a control."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from lp_core.errors import DataError, SettingError, check
from lp_core.setting_names import setting_kinds, setting_roles, setting_values, shown_value, with_settings
from lp_core.setting_text import parsed_value
from lp_core.settings import Recipe, recipe_from_dict, to_dict

Member = TypeVar("Member")
FORMAT = 1
"""Number that changes when an older version could misread the file of a plan."""
CONTROLS = ("untrained", "shuffled")
"""`untrained`: the first weights of every run are scanned too. `shuffled`: every run once more, with training labels
that are permuted."""
SHUFFLE = "data.shuffle-labels"
CHECKPOINTS = "scan.checkpoints"
MODULES = "network.modules"
LONGEST_NAME = 200
"""Characters of a variant's name: file systems allow 255 bytes, and a log adds its own. Our choice."""
MOST_SEEDS = 10_000
"""A larger number of seeds is a mistake: a seed where a number of seeds is meant. Our choice."""


@dataclass(frozen=True)
class Cell:
    """One run of a sweep.

    Args:
        variant: name of the varied values; `base` where nothing varies.
        control: `none` or `shuffled`.
        recipe: settings of the run.
        varied: value of every varied setting as text, by name.
    """

    variant: str
    control: str
    recipe: Recipe
    varied: dict[str, str]

    @property
    def run(self) -> str:
        """Folder of the run, relative to the sweep's."""
        return f"{self.variant}/{'shuffled-' * (self.control == 'shuffled')}seed-{self.recipe.seed}"


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep runs: all combinations of varied values, seeds and controls.

    Args:
        base: settings that all runs share; its seed has no meaning.
        seeds: of the runs.
        vary: values of every varied setting, by name.
        controls: among `CONTROLS`.
        first_weights: file or URI of the weights that every training begins with; empty for random ones.
        first_identity: changes when that file's content does; empty where there is none.
    """

    base: Recipe
    seeds: tuple[int, ...] = (0,)
    vary: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    controls: tuple[str, ...] = ()
    first_weights: str = ""
    first_identity: str = ""

    def __post_init__(self) -> None:
        check(
            not (self.first_weights and "untrained" in self.controls),
            f"the runs begin with the weights of {self.first_weights}, so epoch 0 is no control untrained; leave it "
            "out, or make a sweep of random first weights for it",
        )
        check(bool(self.seeds), "a sweep needs at least one seed")
        _check_distinct("seeds", self.seeds)
        _check_distinct("controls", self.controls)
        for control in self.controls:
            check(control in CONTROLS, f"unknown control '{control}'; {_nearest(control, CONTROLS)}")
        for name, values in self.vary.items():
            _check_varied(name, self.base)
            check(bool(values), f"{name} is varied without values; give at least one")
            _check_distinct(name, values)

    def cells(self) -> list[Cell]:
        """Every run, by seed first, so that an early look at a sweep compares all variants.

        Raises:
            SettingError: a combination of values is not allowed, or two have the same name.
        """
        cells = [
            self._cell(dict(zip(self.vary, values, strict=True)), seed, control)
            for seed in self.seeds
            for control in ("none", *(control for control in self.controls if control == "shuffled"))
            for values in itertools.product(*self.vary.values())
        ]
        names: dict[str, Cell] = {}
        for cell in cells:
            other = names.setdefault(cell.run, cell)
            check(other is cell, f"{other.varied} and {cell.varied} would both be named {cell.variant}; leave out one")
            check(
                len(cell.variant) <= LONGEST_NAME,
                f"the name of variant {cell.variant[:40]}... has {len(cell.variant)} characters; vary fewer settings",
            )
        return cells

    def _cell(self, values: dict[str, Any], seed: int, control: str) -> Cell:
        texts = {name: shown_value(value) for name, value in values.items()}
        variant = _variant_name(texts)
        changed = values | {"seed": seed}
        if control == "shuffled":
            changed[SHUFFLE] = True
        if "untrained" in self.controls:
            changed[CHECKPOINTS] = _with_first_epoch(self.base.scan.checkpoints)
        try:
            return Cell(variant, control, with_settings(self.base, changed), texts)
        except SettingError as error:
            raise SettingError(f"variant {variant}, seed {seed}: {error}") from None

    def joined(self, new: SweepPlan) -> SweepPlan:
        """The plan of a sweep that is asked for again: seeds, values and controls add up, the rest must be equal.

        Where and how often things happen, and which further files are made, may change: `new` decides.

        Args:
            new: what is asked for now.

        Raises:
            SettingError: the plans differ in another part; the message names it.
        """
        old_name, new_name = self.base.name, new.base.name
        check(old_name == new_name, f"recipe is {new_name}, but the folder holds a sweep of recipe {old_name}")
        old_vary, new_vary = (", ".join(plan.vary) or "nothing" for plan in (self, new))
        check(list(self.vary) == list(new.vary), f"{new_vary} is varied, but the folder's sweep varies {old_vary}")
        before, after, roles = setting_values(self.base), setting_values(new.base), setting_roles(new.base)
        decided = [name for name, role in roles.items() if role == "result" and name not in ("seed", *new.vary)]
        for name in decided:
            old, now = shown_value(before[name]), shown_value(after[name])
            check(before[name] == after[name], f"{name} is {now}, but the folder holds a sweep with {old}")
        old, now = (plan.first_weights or "random weights" for plan in (self, new))
        same = self.first_identity == new.first_identity
        check(same, f"the runs would begin with {now}, but those of the folder's sweep began with other ones, {old}")
        return replace(
            new,
            seeds=tuple(sorted({*self.seeds, *new.seeds})),
            vary={name: _union(values, new.vary[name]) for name, values in self.vary.items()},
            controls=_union(self.controls, new.controls),
        )

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain values, ready for JSON."""
        return {
            "format": FORMAT,
            "recipe": self.base.name,
            "seeds": list(self.seeds),
            "vary": {name: list(values) for name, values in self.vary.items()},
            "controls": list(self.controls),
            "settings": to_dict(self.base),
        } | ({"first_weights": [self.first_weights, self.first_identity]} if self.first_weights else {})

    @classmethod
    def from_dict(cls, content: Any, source: str) -> SweepPlan:
        """The plan that `to_dict`, also after a round through JSON, came from.

        Args:
            content: what `to_dict` returned.
            source: the file, for messages.

        Raises:
            DataError: the content is no plan, or a later version wrote it.
        """
        try:
            known = content.get("format")
            check(known == FORMAT, f"{source}: format {known!r}; this version reads format {FORMAT}", DataError)
            vary = {name: tuple(map(_with_tuple, values)) for name, values in content["vary"].items()}
            base = recipe_from_dict(content["settings"])
            first, identity = content.get("first_weights", ("", ""))
            return cls(base, tuple(content["seeds"]), vary, tuple(content["controls"]), first, identity)
        except (KeyError, TypeError, AttributeError, SettingError) as error:
            raise DataError(f"{source}: not the plan of a sweep ({error})") from None


def parsed_seeds(text: str) -> tuple[int, ...]:
    """The seeds that a text names: `8` is 0 to 7, `3,5,7` these three, and `3,` this one.

    Raises:
        SettingError: the text is neither a number of seeds nor a list of seeds.
    """
    parts = [part.strip() for part in text.split(",")]
    is_list = len(parts) > 1
    named = [part for part in parts if part]
    check(
        bool(named) and all(part.isdecimal() and part.isascii() for part in named),
        f"seeds is '{text}'; give a number of seeds, such as 8, or seeds, such as 3,5,7",
    )
    if is_list:
        return tuple(map(int, named))
    number = int(named[0])
    check(1 <= number <= MOST_SEEDS, f"seeds is {number}; give 1 to {MOST_SEEDS}, or one seed with a comma: {number},")
    return tuple(range(number))


def parsed_variation(text: str, base: Recipe) -> tuple[str, tuple[Any, ...]]:
    """The setting and the values of `view.law=monopole,opencv`.

    Values are separated by commas, the members of a value that has several by spaces. What spells no value of the
    setting's type stays text, which the settings of a cell refuse in their own words.

    Args:
        text: SETTING=VALUE,VALUE.
        base: any recipe.

    Raises:
        SettingError: the text has another form, or the setting cannot be varied.
    """
    name, equals, listed = text.partition("=")
    name = name.strip().replace("_", "-")
    check(bool(equals), f"'{text}' varies nothing; give SETTING=VALUE,VALUE, such as view.law=monopole,opencv")
    _check_varied(name, base)
    words = [word.strip() for word in listed.split(",")]
    check(all(words), f"{name} is varied with an empty value in '{listed}'; give VALUE,VALUE")
    kind = setting_kinds(base)[name]
    values = []
    for word in words:
        try:
            values.append(parsed_value(kind, word))
        except ValueError:
            values.append(word)
    return name, tuple(values)


def _check_varied(name: str, base: Recipe) -> None:
    """Refuse a setting that no sweep can vary."""
    roles = setting_roles(base)
    check(name != "seed", "seed is varied; list the seeds of the sweep instead")
    check(name != SHUFFLE, f"{SHUFFLE} is varied; ask for the control shuffled instead")
    check(name != MODULES, f"{name} is varied; a sweep trains one network of your own, so make a sweep of each")
    own = name.startswith("network.") and name != "network.initialization" and bool(base.network.modules)
    check(not own, f"{name} is varied, but has no meaning for a network of your own; leave it out")
    check(name in roles, f"unknown setting '{name}'; {_nearest(name, roles)}")
    check(
        roles[name] == "result",
        f"{name} is varied, but decides no result, so all its cells would be equal; give the setting one value",
    )


def _check_distinct(name: str, values: Sequence[Any]) -> None:
    for index, value in enumerate(values):
        check(value not in values[:index], f"{name} names {shown_value(value)} twice")


def _nearest(name: str, names: Iterable[str]) -> str:
    names = list(names)
    near = difflib.get_close_matches(name, names, 1) or [own for own in names if own.endswith(f".{name}")][:1]
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"


def _variant_name(texts: Mapping[str, str]) -> str:
    """`law=opencv,size=48`: short names where they are clear, and characters that are safe in paths and URIs."""
    shorts = [name.rpartition(".")[2] for name in texts]
    parts = [
        f"{short if shorts.count(short) == 1 else name}={re.sub(r'[^A-Za-z0-9._+-]', '_', text)}"
        for (name, text), short in zip(texts.items(), shorts, strict=True)
    ]
    return ",".join(parts) or "base"


def _with_first_epoch(checkpoints: str) -> str:
    """The epochs to scan, with epoch 0: the first weights."""
    if checkpoints == "all":
        return checkpoints
    epochs = set() if checkpoints == "none" else {int(part) for part in checkpoints.split(",")}
    return ",".join(map(str, sorted({0, *epochs})))


def _union(old: tuple[Member, ...], new: tuple[Member, ...]) -> tuple[Member, ...]:
    return (*old, *(value for value in new if value not in old))


def _with_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
