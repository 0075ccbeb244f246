"""Twin channels of two networks, layer by layer, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from lp_core.findings.values import DIFFERENCE, Values

SCHEMA = pa.schema(
    [
        ("a", pa.string()),
        ("b", pa.string()),
        ("layer", pa.string()),
        ("share", pa.float64()),
        ("threshold", pa.float64()),
        ("median_correlation", pa.float64()),
    ]
)


def twin_table(a: str, b: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return one row per layer, `SCHEMA`; null where all channels of a layer are constant.

    Args:
        a, b: names of the networks.
        rows: layer, share, threshold and median correlation.
    """
    return pa.Table.from_pylist([{"a": a, "b": b, **row} for row in rows], SCHEMA)


def twin_values(table: pa.Table) -> Values:
    """Return each layer's share of channels with a twin in the other view."""
    rows = [row for row in table.to_pylist() if row["share"] is not None]
    return {(DIFFERENCE, row["layer"], "twins.share"): row["share"] for row in rows}
