"""A setting's text spells the value that the command line would take; what spells none is an error."""

from typing import Literal

import pytest

from lp_core.setting_names import setting_kinds, setting_values, shown_value
from lp_core.setting_text import parsed_value
from lp_core.settings import Recipe


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (int, "3", 3),
        (float, "1e-3", 0.001),
        (float, "2", 2.0),
        (str, "3,6", "3,6"),
        (bool, "true", True),
        (bool, "False", False),
        (int | None, "none", None),
        (int | None, "None", None),
        (int | None, "4", 4),
        (Literal["zeros", "circular"], "circular", "circular"),
        (float | Literal["corner"], "corner", "corner"),
        (float | Literal["corner"], "12", 12.0),
        (tuple[float, float], "0.5 1", (0.5, 1.0)),
        (tuple[str, ...], "conv1_1 conv2_2", ("conv1_1", "conv2_2")),
    ],
)
def test_text_spells_a_value(kind, text, value):
    parsed = parsed_value(kind, text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (int, "2.5"),
        (int, "many"),
        (float, ""),
        (bool, "1"),
        (int | None, "all"),
        (Literal["zeros"], "Zeros"),
        (tuple[float, float], "0.5"),
        (tuple[float, float], "0.5 0.6 0.7"),
        (float | Literal["corner"], "edge"),
    ],
)
def test_other_text_is_an_error(kind, text):
    with pytest.raises(ValueError, match=r"spells no|invalid literal|could not convert|argument"):
        parsed_value(kind, text)


@pytest.mark.parametrize("name", list(setting_values(Recipe(name="any"))))
def test_every_setting_is_spelled_by_what_is_shown_of_it(name):
    recipe = Recipe(name="any")
    value = setting_values(recipe)[name]
    assert parsed_value(setting_kinds(recipe)[name], shown_value(value)) == value
