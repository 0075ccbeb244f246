"""Remarks about a data set folder that was just written: what makes a training slow or worse."""

from __future__ import annotations

from typing import Any

from lp_core.dataset.class_mix import WELL_MIXED
from lp_core.dataset.shards import CACHED_BYTES


def remarks(manifest: dict[str, Any]) -> list[str]:
    """One line for each problem, with the remedy."""
    kinds = (_mix, _groups, _empty_classes, _without_training)
    return [line for name, split in manifest["splits"].items() for kind in kinds for line in kind(name, split)]


def _mix(name: str, split: dict[str, Any]) -> list[str]:
    poor = [mix for mix in split.get("class_mix", []) if mix["classes"] < WELL_MIXED * mix["random"]]
    if not poor:
        return []
    measured = ", ".join(
        f"{mix['classes']:.0f} with data.shuffle-window {mix['shuffle_window']} and {mix['lanes']} lanes"
        for mix in split["class_mix"]
    )
    mix = poor[0]
    return [
        f"{name}: shards are stored by class. A training batch of {mix['batch_size']} would hold {measured}, of "
        f"{mix['random']:.0f} classes in random order; training refuses poor mixes. Index with shuffle, or train with "
        "a larger data.shuffle-window"
    ]


def _groups(name: str, split: dict[str, Any]) -> list[str]:
    largest = split.get("largest_group_bytes", 0)
    if largest <= CACHED_BYTES:
        return []
    return [
        f"{name}: row groups have up to {largest / 2**20:.0f} MiB of images, and every process that reads holds one or "
        "more in memory; index with shuffle for groups of 64 MiB"
    ]


def _empty_classes(name: str, split: dict[str, Any]) -> list[str]:
    if not (empty := split.get("empty_classes")):
        return []
    return [
        f"{name}: {empty['classes']} of the classes have no photograph ('{empty['first']}' first), but each gets an "
        "output of the network; do labels count from 0?"
    ]


def _without_training(name: str, split: dict[str, Any]) -> list[str]:
    if not (unknown := split.get("without_training")):
        return []
    return [
        f"{name}: train has no photograph of {unknown['classes']} classes ('{unknown['first']}' first); no network can "
        f"learn them, so their {unknown['rows']} rows of {split['rows']} count as errors"
    ]
