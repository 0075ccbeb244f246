"""What strips of evolution say beneath their pictures, one row per channel and epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from lp_core.findings.evolution import Checkpoint, birth_table, evolution_table

SCHEMA = pa.schema(
    [
        pa.field("layer", pa.string(), nullable=False),
        pa.field("channel", pa.int32(), nullable=False),
        pa.field("epoch", pa.int32(), nullable=False),
        pa.field("class_name", pa.string()),
        pa.field("activation", pa.float32()),
        pa.field("shared_with_last", pa.int32(), nullable=False),
        pa.field("jump", pa.bool_(), nullable=False),
        pa.field("born", pa.bool_(), nullable=False),
    ]
)


def strip_table(drawn: Sequence[Mapping[str, Any]], checkpoints: Sequence[Checkpoint]) -> pa.Table:
    """Return the rows of strips, `SCHEMA`: with images shared with the last nine, jumps, and where births were seen.

    Args:
        drawn: `layer`, `channel`, `epoch`, and of the best exemplar `class_name` and `activation`, null where there is
            none.
        checkpoints: in ascending order.
    """
    wanted = {(row["layer"], row["channel"]) for row in drawn}
    changes = {
        (row["layer"], row["channel"], row["epoch"]): row
        for row in evolution_table(checkpoints).to_pylist()
        if (row["layer"], row["channel"]) in wanted
    }
    births = {
        (row["layer"], row["channel"]): row["birth_epoch"]
        for row in birth_table(checkpoints).to_pylist()
        if row["seen"]
    }
    rows = []
    for row in drawn:
        channel = row["layer"], row["channel"]
        change = changes[(*channel, row["epoch"])]
        born = births.get(channel) == row["epoch"]
        rows.append({**row, "shared_with_last": change["shared_with_last"], "jump": bool(change["jump"]), "born": born})
    return pa.Table.from_pylist(rows, SCHEMA)
