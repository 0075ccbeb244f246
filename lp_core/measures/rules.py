"""The rules of verdicts, read from `measure.toml`, and from files of further claims that a run may ask for."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

CORE, TOLERANCE, PICTURES, EVOLUTION = "measure", "tolerance", "pictures", "evolution"
"""Sets of claims, each in a file of its name: findings without a further set keep the fingerprint of their rules."""
RULES_OF_SET = {"tolerance": TOLERANCE, "sanity": PICTURES, "evolution": EVOLUTION}
"""The claims of each further set of measures, which is a setting of `measure` and has stages of its own."""
SETS = tuple(RULES_OF_SET)
SIZES = ("input_px", "classes", "images", "seeds")
ALL_LAYERS = "all"
"""What stands for a layer where a measure is about the whole network."""


@dataclass(frozen=True)
class Condition:
    """What must be so for a claim to hold.

    Attributes:
        measure: name of the measure, one value per seed.
        side: `above` or `below` the bound.
        bound: in the measure's unit.
        decided_by: `interval` over seeds, or their `mean`.
        margin: effects up to this size are none; with `margin_of` a share of that measure's mean.
        margin_of: name of a measure.
        refutes: the claim is refuted if this fails.
    """

    measure: str
    side: str
    bound: float
    decided_by: str = "interval"
    margin: float | None = None
    margin_of: str | None = None
    refutes: bool = False

    @property
    def text(self) -> str:
        """The condition in words."""
        margin = "" if self.margin is None else f", none within {self.margin:g}"
        share = "" if self.margin_of is None else f" of {self.margin_of}"
        return f"{self.measure} {self.side} {self.bound:g} by its {self.decided_by}{margin}{share}"


@dataclass(frozen=True)
class Claim:
    """A sentence and when it is supported.

    Attributes:
        name: of the row in findings.json.
        sentence: the claim in words.
        view: which view, or difference of views, it is about.
        layer: its layer.
        null: what it is compared with, in words.
        at_least: smallest `input_px`, `classes`, `images` and `seeds`.
        conditions: what must be so.
    """

    name: str
    sentence: str
    view: str
    layer: str
    null: str
    at_least: Mapping[str, int]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Rules:
    """All claims, and what they share.

    Attributes:
        confidence: of intervals over seeds.
        level: of equivalence tests.
        claims: in the order of the file.
        fingerprint: sixteen hexadecimal digits of the file.
    """

    confidence: float
    level: float
    claims: tuple[Claim, ...]
    fingerprint: str


def committed_rules(claims: str = CORE) -> str:
    """Return the text of the rules of a set of claims that comes with the program."""
    return resources.files("lp_core.measures").joinpath(f"{claims}.toml").read_text("utf-8")


def read_rules(text: str) -> Rules:
    """Return the rules in the text of a `measure.toml`.

    Raises:
        ValueError: the text is no TOML, a key is unknown or missing, or a value is out of range; the message names it.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"measure.toml: {error}") from None
    _check_keys(table, {"confidence", "level", "claim"}, "measure.toml")
    for name in ("confidence", "level"):
        if not 0 < table[name] < 1:
            raise ValueError(f"measure.toml: {name} is {table[name]}; give a number between 0 and 1")
    claims = tuple(_claim(item) for item in table["claim"])
    names = [claim.name for claim in claims]
    if len(set(names)) < len(names):
        raise ValueError(f"measure.toml: two claims have one name; there are {', '.join(names)}")
    return Rules(table["confidence"], table["level"], claims, hashlib.sha256(text.encode()).hexdigest()[:16])


def _claim(item: dict[str, Any]) -> Claim:
    where = f"measure.toml, claim {item.get('name', '?')}"
    _check_keys(item, {"name", "sentence", "view", "layer", "null", "at_least", "condition"}, where)
    _check_keys(item["at_least"], set(SIZES), f"{where}, at_least")
    conditions = tuple(_condition(part, where) for part in item["condition"])
    if not any(condition.refutes for condition in conditions):
        raise ValueError(f"{where}: no condition has refutes = true, so nothing could refute the claim")
    texts = {name: item[name] for name in ("name", "sentence", "view", "layer", "null")}
    return Claim(**texts, at_least=dict(item["at_least"]), conditions=conditions)


def _condition(part: dict[str, Any], where: str) -> Condition:
    optional = {"decided_by", "margin", "margin_of", "refutes"}
    _check_keys(part, {"measure", "side", "bound"}, f"{where}, condition {part.get('measure', '?')}", optional)
    condition = Condition(**part)
    for name, allowed in (("side", ("above", "below")), ("decided_by", ("interval", "mean"))):
        if getattr(condition, name) not in allowed:
            raise ValueError(
                f"{where}, condition {condition.measure}: {name} is '{getattr(condition, name)}'; give "
                f"{' or '.join(allowed)}"
            )
    if condition.margin is not None and not condition.margin > 0:
        raise ValueError(f"{where}, condition {condition.measure}: margin is {condition.margin}; give more than 0")
    if condition.margin_of is not None and condition.margin is None:
        raise ValueError(f"{where}, condition {condition.measure}: margin_of needs a margin")
    return condition


def _check_keys(table: Mapping[str, Any], needed: set[str], where: str, optional: set[str] | None = None) -> None:
    missing, unknown = needed - set(table), set(table) - needed - (optional or set())
    if missing:
        raise ValueError(f"{where}: {', '.join(sorted(missing))} is missing")
    if unknown:
        known = ", ".join(sorted(needed | (optional or set())))
        raise ValueError(f"{where}: '{', '.join(sorted(unknown))}' is unknown; there are {known}")
