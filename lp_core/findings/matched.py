"""Grouping of both views at equally accurate checkpoints: it depends on accuracy, whatever the view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from lp_core.findings.values import DIFFERENCE, UNTRAINED, Values
from lp_core.measures.comparison import accuracy_matched
from lp_core.settings import VIEW_NAMES

TOLERANCE = 1.0
"""Percentage points of top-1 by which equally accurate checkpoints may differ. Source: our choice."""


def epoch_accuracy(lines: Iterable[Mapping[str, Any]], networks: Mapping[str, int | None]) -> dict[str, float]:
    """Return validation top-1 in percent of the networks whose epoch was validated, by name, ascending epochs.

    Args:
        lines: of the training's metrics.jsonl; `epoch` counts passes over the data.
        networks: epoch by name; None is the last one that was validated.
    """
    validated = {line["epoch"]: line["validation_top1"] for line in lines if "validation_top1" in line}
    last = max(validated, default=0)
    epochs = {name: last if epoch is None else epoch for name, epoch in networks.items()}
    by_epoch = sorted(epochs.items(), key=lambda item: item[1])
    return {name: float(validated[epoch]) for name, epoch in by_epoch if epoch in validated}


def matched_values(groupings: pa.Table, accuracy: Mapping[str, Mapping[str, float]]) -> Values:
    """Return Lambda of G of the log-polar view less that of the ordinary one, each at its equally accurate checkpoint.

    Args:
        groupings: `grouping.SCHEMA`; networks of both views at several epochs, and untrained ones.
        accuracy: validation top-1 in percent by view and network; ascending epochs.

    Returns:
        `grouping.G.lambda.accuracy_matched` by layer; nothing where one view has no checkpoint, no two checkpoints are
        equally accurate, or an untrained network is missing.
    """
    ordinary, other = (list(accuracy.get(view, {}).items()) for view in VIEW_NAMES)
    if not ordinary or not other:
        return {}
    matched = accuracy_matched([top1 for _, top1 in other], [top1 for _, top1 in ordinary], TOLERANCE)
    if matched is None:
        return {}
    chosen = {VIEW_NAMES[0]: ordinary[matched.b][0], VIEW_NAMES[1]: other[matched.a][0]}
    rows = [row for row in groupings.to_pylist() if row["measure"] == "G"]
    delta = {(row["view"], row["network"], row["layer"]): row["delta"] for row in rows}
    values: Values = {}
    for layer in dict.fromkeys(row["layer"] for row in rows):
        needed = {
            view: [delta.get((view, network, layer)) for network in (chosen[view], UNTRAINED)] for view in VIEW_NAMES
        }
        known = {
            view: pair[0] - pair[1] for view, pair in needed.items() if pair[0] is not None and pair[1] is not None
        }
        if len(known) == len(VIEW_NAMES):
            name = (DIFFERENCE, layer, "grouping.G.lambda.accuracy_matched")
            values[name] = known[VIEW_NAMES[1]] - known[VIEW_NAMES[0]]
    return values
