"""Hugging Face Parquet: `<split>-00000-of-00014.parquet`, anywhere below the folder, indexed in place."""

from __future__ import annotations

import json
import posixpath
import re
from typing import Any

from lp_core.config import SettingError
from lp_core.dataset.layouts.found import Found, ImageClass
from lp_core.dataset.shards import open_shard
from lp_core.storage import Storage

_SPLIT_OF_PREFIX = {"train": "train", "validation": "validation", "val": "validation", "valid": "validation"}
_SPLIT_OF_PREFIX |= {"test": "test"}
_NAME = re.compile(r"^(?P<split>[a-z]+)(-.*)?\.parquet$")


def recognise(files: list[str]) -> bool:
    """Whether some file of the folder is a Parquet shard of a split."""
    return any(_split(name) for name in files)


def find(source: Storage, files: list[str]) -> Found:
    """List the shards of every split in the order of their names, and the classes.

    Raises:
        SettingError: a shard cannot be opened or has no `image` and `label` columns.
    """
    shards: dict[str, list[str]] = {}
    for name in files:
        if split := _split(name):
            shards.setdefault(split, []).append((source / name).uri)
    with open_shard(next(iter(shards.values()))[0]) as first:
        features = (first.schema_arrow.metadata or {}).get(b"huggingface", b"{}")
    return Found("parquet", shards, _classes(source, files, json.loads(features)))


def _split(name: str) -> str | None:
    match = _NAME.match(posixpath.basename(name))
    return _SPLIT_OF_PREFIX.get(match["split"]) if match else None


def _classes(source: Storage, files: list[str], features: dict[str, Any]) -> list[ImageClass]:
    """Names from `classes.json` ([{"wnid", "name"}] by index) beside the shards, else from the schema's metadata."""
    if "classes.json" in files:
        entries = source.read_json("classes.json")
        try:
            return [ImageClass(str(entry["name"]), entry.get("wnid")) for entry in entries]
        except (TypeError, KeyError, AttributeError):
            raise SettingError(f"{source.path('classes.json')}: a list of objects with 'name' is expected") from None
    label = features.get("info", {}).get("features", {}).get("label", {})
    return [ImageClass(str(name)) for name in label.get("names", [])]
