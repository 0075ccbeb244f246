"""Every field of every section refuses what it cannot mean, in one line that names the setting."""

import dataclasses
import math
import typing
from dataclasses import replace
from typing import Any, Literal, get_args, get_origin

import pytest

from lp_core.errors import SettingError
from lp_core.images.laws import Law, NamedRadius
from lp_core.settings import Recipe
from lp_core.settings.fields import Range, option_of, setting_name

RECIPE = Recipe(name="any")
SECTIONS = {
    option_of(field): getattr(RECIPE, field.name)
    for field in dataclasses.fields(RECIPE)
    if dataclasses.is_dataclass(getattr(RECIPE, field.name))
}
FIELDS = {
    setting_name(name, field.name): (section, field)
    for name, section in SECTIONS.items()
    for field in dataclasses.fields(section)
} | {"seed": (RECIPE, next(field for field in dataclasses.fields(RECIPE) if field.name == "seed"))}


def types_of(name: str) -> tuple[Any, ...]:
    """What a field's annotation is made of: `int | None` is int and None."""
    settings, field = FIELDS[name]
    kind = typing.get_type_hints(type(settings))[field.name]
    return get_args(kind) if get_origin(kind) in (tuple, typing.Union, type(int | None)) else (kind,)


NUMBERS = [name for name in FIELDS if {int, float} & set(types_of(name))]
WORDS = [name for name in FIELDS if any(get_origin(kind) is Literal for kind in types_of(name))]


def refused(name: str, value: Any) -> str:
    """The message about a value; a field of two numbers gets the value twice."""
    settings, field = FIELDS[name]
    value = (value, value) if isinstance(getattr(settings, field.name), tuple) and not isinstance(value, str) else value
    with pytest.raises(SettingError) as error:
        replace(settings, **{field.name: value})
    message = str(error.value)
    assert message.startswith(f"{name} is ")
    assert "give " in message
    assert "\n" not in message
    return message


def test_every_number_has_a_range():
    assert len(NUMBERS) > 30
    assert [name for name in NUMBERS if not isinstance(FIELDS[name][1].metadata.get("allowed"), Range)] == []


@pytest.mark.parametrize("value", [-1, -0.5, math.nan, math.inf, -math.inf, True, "much"])
@pytest.mark.parametrize("name", NUMBERS)
def test_no_number_is_negative_infinite_or_no_number(name, value):
    refused(name, value)


@pytest.mark.parametrize("name", NUMBERS)
def test_the_ends_of_a_range_are_what_its_words_say(name):
    _, field = FIELDS[name]
    allowed, step = field.metadata["allowed"], 1 if int in types_of(name) else 1e-6
    outside = [allowed.low if allowed.above else allowed.low - step]
    if math.isfinite(allowed.high):
        outside.append(allowed.high if allowed.below else allowed.high + step)
    for value in outside:
        assert allowed.words in refused(name, value)


@pytest.mark.parametrize("name", [name for name in NUMBERS if float not in types_of(name)])
def test_a_whole_number_is_whole(name):
    refused(name, 2.5)


@pytest.mark.parametrize("name", WORDS)
def test_a_word_is_one_of_the_words(name):
    message = refused(name, "nonsense")
    words = [word for kind in types_of(name) if get_origin(kind) is Literal for word in get_args(kind)]
    assert all(str(word) in message for word in words)


@pytest.mark.parametrize("name", [name for name in FIELDS if types_of(name) == (bool,)])
def test_a_switch_is_on_or_off(name):
    assert "give true or false" in refused(name, 1)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("train.weight-decay", -1e-4, "0 or more"),
        ("train.label-smoothing", 1.5, "a share, 0 <= share <= 1"),
        ("train.warmup-epochs", -1, "0 or more"),
        ("train.momentum", 1.0, "0 <= momentum < 1"),
        ("scan.gpus-per-task", 1.5, "0 to 1, or a whole number"),
        ("view.radius", 0, "a positive number of px, or corner or inscribed"),
    ],
)
def test_a_message_says_what_to_give(name, value, words):
    assert refused(name, value).endswith(f"give {words}")


@pytest.mark.parametrize("law", [law for law in get_args(Law) if law != "monopole"])
def test_a_logarithm_needs_a_radius_above_one(law):
    view = RECIPE.geometry
    with pytest.raises(SettingError, match=rf"view\.radius is 1; the {law} law .* give more than 1 px"):
        replace(view, law=law, radius=1)
    assert replace(view, law=law, radius=1.5)
    assert replace(view, radius=0.5)
    assert all(replace(view, law=law, radius=name) for name in get_args(NamedRadius))
