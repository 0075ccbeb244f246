"""How the nine of every channel change while a network learns.

Shapes: C channels of all layers one after the other, K places (nine).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lp_core.exemplars import KEEP
from lp_core.exemplars.top_k import EMPTY

SCHEMA = pa.schema(
    [
        pa.field("layer", pa.string(), nullable=False),
        pa.field("channel", pa.int32(), nullable=False),
        pa.field("epoch", pa.int32(), nullable=False),
        pa.field("previous_epoch", pa.int32()),
        pa.field("images", pa.int32(), nullable=False),
        pa.field("shared_with_previous", pa.int32()),
        pa.field("shared_with_last", pa.int32(), nullable=False),
        pa.field("best_stays", pa.bool_()),
    ]
)


def changes_table(exemplars: Mapping[int, pa.Table]) -> pa.Table:
    """Return how the nine of every channel changed between epochs, one row for each channel and epoch.

    Args:
        exemplars: tables of one network's channels by epoch, two epochs at least.

    Returns:
        Table of `SCHEMA`, by epoch, layer and channel. `images`: places taken, 9 unless fewer images activate the
        channel. `shared_with_previous`, `shared_with_last`: images that are also among the nine of the previous, of the
        last epoch, at any rank. `best_stays`: the image of rank 0 is the one of the previous epoch. Null in the
        first epoch; `best_stays` also where a channel is dead in either.

    Source: Zeiler & Fergus 2014, figure 4, which shows the best image of some channels by epoch.
    """
    epochs = sorted(exemplars)
    channels = exemplars[epochs[0]].filter(pc.equal(exemplars[epochs[0]]["rank"], 0))
    nine = {epoch: _rows(exemplars[epoch]) for epoch in epochs}
    parts = []
    for previous, epoch in itertools.pairwise([None, *epochs]):
        assert epoch is not None
        row_CK, count = nine[epoch], len(nine[epoch])
        first = previous is None
        before_CK = row_CK if previous is None else nine[previous]
        unknown_C = np.full(count, first)
        columns = {
            "layer": channels["layer"],
            "channel": channels["channel"],
            "epoch": np.full(count, epoch, np.int32),
            "previous_epoch": pa.array(np.full(count, previous or 0, np.int32), mask=unknown_C),
            "images": (row_CK != EMPTY).sum(1),
            "shared_with_previous": pa.array(shared(row_CK, before_CK), mask=unknown_C),
            "shared_with_last": shared(row_CK, nine[epochs[-1]]),
            "best_stays": pa.array(
                row_CK[:, 0] == before_CK[:, 0],
                mask=unknown_C | (row_CK[:, 0] == EMPTY) | (before_CK[:, 0] == EMPTY),
            ),
        }
        parts.append(pa.table(columns).cast(SCHEMA))
    return pa.concat_tables(parts).combine_chunks()


def mean_shared(changes: pa.Table) -> list[tuple[int, int, float]]:
    """Return previous epoch, epoch, and how many of a channel's nine images the two share on average; ascending."""
    grouped = changes.group_by(["previous_epoch", "epoch"]).aggregate([("shared_with_previous", "mean")])
    rows = grouped.sort_by("epoch").to_pylist()[1:]  # the first epoch has none before it
    return [(row["previous_epoch"], row["epoch"], row["shared_with_previous_mean"]) for row in rows]


def shared(a_CK: np.ndarray, b_CK: np.ndarray) -> np.ndarray:
    """Return int [C]: how many images two nines have in common, by their row numbers; empty places do not count."""
    return ((a_CK[:, :, None] == b_CK[:, None, :]) & (a_CK[:, :, None] != EMPTY)).any(2).sum(1)


def _rows(table: pa.Table) -> np.ndarray:
    """Row numbers [C, K]."""
    return table["row"].fill_null(EMPTY).to_numpy().reshape(-1, KEEP)
