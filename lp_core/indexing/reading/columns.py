"""Which columns of a Parquet collection hold images, labels and the names of classes."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from lp_core.dataset.shards import Columns
from lp_core.errors import DataError, check


def columns_of(path: str, schema: pa.Schema, image: str | None = None, label: str | None = None) -> Columns:
    """The columns of images and labels: those asked for, else `image` and `label`, else those that the schema shows.

    Args:
        path: of the shard, for messages.
        schema: of the shard, with Hugging Face's metadata where there is any.
        image: the column of images, where it is set.
        label: the column of labels, where it is set.

    Raises:
        LogpolarError: the schema does not show it, or shows several.
    """
    return Columns(
        image or _chosen(path, schema, "image", _image_columns(schema)),
        label or _chosen(path, schema, "label", _label_columns(schema)),
    )


def check_columns(path: str, schema: pa.Schema, columns: Columns) -> None:
    """Whether a shard has the columns, and with types that can be read.

    Raises:
        DataError: a column is missing or of another type.
    """
    for kind in ("image", "label"):
        name = getattr(columns, kind)
        check(name in schema.names, f"shard {path}: no column '{name}'; {_say_which(schema, kind)}", DataError)
    image, label = (schema.field(name).type for name in (columns.image, columns.label))
    check(
        _holds_bytes(image),
        f"shard {path}: '{columns.image}' is {image}: it holds no image bytes; a struct with 'bytes', or binary, is "
        "expected; set image-column, or index the folder that holds the image files",
        DataError,
    )
    check(
        pa.types.is_integer(label),
        f"shard {path}: '{columns.label}' must be a class's number, it is {label}; set label-column",
        DataError,
    )


def class_names(schema: pa.Schema, label: str) -> list[str] | None:
    """Names by class index, as `datasets` writes them into a shard; None if it did not, or labels have no names."""
    try:
        return [str(name) for name in _features(schema)[label]["names"]] or None
    except (KeyError, TypeError):
        return None


def _chosen(path: str, schema: pa.Schema, usual: str, candidates: list[str]) -> str:
    if usual in schema.names:
        return usual
    if len(candidates) == 1:
        return candidates[0]
    raise DataError(f"shard {path}: no column '{usual}'; {_say_which(schema, usual)}")


def _say_which(schema: pa.Schema, kind: str) -> str:
    """What to do where a column is missing: the option, and the columns that it may name."""
    candidates = _image_columns(schema) if kind == "image" else _label_columns(schema)
    if kind == "label" and not candidates:
        candidates = [field.name for field in schema if pa.types.is_integer(field.type)]
    if candidates:
        return f"set {kind}-column to {' or '.join(candidates)}"
    return f"it has {', '.join(sorted(schema.names)) or 'none'}; set {kind}-column"


def _image_columns(schema: pa.Schema) -> list[str]:
    """Columns that the metadata calls images; without metadata, those whose type can hold them."""
    named = _of_feature(schema, "Image")
    return named or [field.name for field in schema if _holds_bytes(field.type)]


def _label_columns(schema: pa.Schema) -> list[str]:
    return _of_feature(schema, "ClassLabel")


def _of_feature(schema: pa.Schema, kind: str) -> list[str]:
    features = _features(schema)
    return [
        name for name in schema.names if isinstance(features.get(name), dict) and features[name].get("_type") == kind
    ]


def _features(schema: pa.Schema) -> dict[str, Any]:
    """Hugging Face's description of the columns; empty where there is none."""
    try:
        features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return {}
    return features if isinstance(features, dict) else {}


def _holds_bytes(image: pa.DataType) -> bool:
    if pa.types.is_struct(image):
        at = image.get_field_index("bytes")
        return at >= 0 and _is_binary(image.field(at).type)
    return _is_binary(image)


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
