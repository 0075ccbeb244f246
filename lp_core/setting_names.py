"""Settings by the names that the command line gives them: `seed`, `data.eval-crop`, `train.workers`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

from lp_core.settings import Recipe
from lp_core.settings.fields import option_of, setting_name


def setting_values(recipe: Recipe) -> dict[str, Any]:
    """The value of every setting, by name, in the order of the sections."""
    return {name: _value(recipe, path) for name, path, _ in _fields(recipe)}


def setting_roles(recipe: Recipe) -> dict[str, str]:
    """`result`, `placement` or `selection` of every setting, by name (`lp_core/settings/fields.py`)."""
    return {name: role for name, _, role in _fields(recipe)}


def setting_kinds(recipe: Recipe) -> dict[str, Any]:
    """The type of every setting, by name."""
    kinds: dict[str, Any] = {}
    for name, path, _ in _fields(recipe):
        section = getattr(recipe, path[0]) if len(path) > 1 else recipe
        kinds[name] = get_type_hints(type(section))[path[-1]]
    return kinds


def result_values(section: Any) -> dict[str, Any]:
    """The fields of one section that decide a result, by field name: neither placement nor selection."""
    fields = dataclasses.fields(section)
    return {field.name: getattr(section, field.name) for field in fields if _role(field) == "result"}


def with_settings(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with other values for some settings, given by name; lists become tuples.

    Names that the recipe does not have are ignored: a newer version may have written them.
    """
    sections: dict[str, dict[str, Any]] = {}
    for name, path, _ in _fields(recipe):
        if name in values:
            value = tuple(values[name]) if isinstance(values[name], list) else values[name]
            sections.setdefault(path[0] if len(path) > 1 else "", {})[path[-1]] = value
    changed = sections.pop("", {})
    changed |= {
        section: dataclasses.replace(getattr(recipe, section), **others) for section, others in sections.items()
    }
    return dataclasses.replace(recipe, **changed)


def shown_value(value: Any) -> str:
    """A setting's value as the command line takes it, in words: whole numbers without a point, nothing lost."""
    if isinstance(value, (list, tuple)):
        return " ".join(map(shown_value, value))
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def _fields(recipe: Recipe) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Name, path of attributes, and role of every setting."""
    for field in dataclasses.fields(recipe):
        section = getattr(recipe, field.name)
        if not dataclasses.is_dataclass(section):
            yield setting_name(option_of(field)), (field.name,), _role(field)
            continue
        for inner in dataclasses.fields(section):
            yield setting_name(option_of(field), option_of(inner)), (field.name, inner.name), _role(inner)


def _role(field: dataclasses.Field[Any]) -> str:
    return field.metadata.get("role", "result")


def _value(recipe: Recipe, path: tuple[str, ...]) -> Any:
    value: Any = recipe
    for name in path:
        value = getattr(value, name)
    return value
