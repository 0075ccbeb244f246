"""The exemplars as a table that people and other programs read: one row per layer, channel and rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from lp_core.exemplars import KEEP
from lp_core.exemplars.crop import covered_share
from lp_core.exemplars.top_k import EMPTY, TopK
from lp_core.network.layers import VGG_16, Architecture
from lp_core.network.receptive_field import Box, receptive_field
from lp_core.run.files import EXEMPLARS
from lp_core.storage import Storage

SCHEMA = pa.schema(
    [
        pa.field("layer", pa.string(), nullable=False),
        pa.field("channel", pa.int32(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("activation", pa.float32(), nullable=False),
        pa.field("image_id", pa.string()),
        pa.field("label", pa.int64()),
        pa.field("class_name", pa.string()),
        pa.field("unit_row", pa.int32()),
        pa.field("unit_col", pa.int32()),
        pa.field("rf_top", pa.int32()),
        pa.field("rf_left", pa.int32()),
        pa.field("rf_bottom", pa.int32()),
        pa.field("rf_right", pa.int32()),
        pa.field("row", pa.int64()),
    ]
)


@dataclass(frozen=True)
class InputShares:
    """What of the network input receptive fields lie on, as columns of the table.

    Attributes:
        shape_SR: rows and columns of the network input; `padding_share` is how much of the receptive field lies beyond.
        masks: bool [S, R] by name; `<name>_share` is how much of the receptive field the mask covers.
        wraps: the network takes its rows as a circle, so that nothing lies beyond the first and last.
    """

    shape_SR: tuple[int, int]
    masks: Mapping[str, np.ndarray] = field(default_factory=dict)
    wraps: bool = False

    def columns(self, boxes_P4: np.ndarray) -> dict[str, np.ndarray]:
        """Return float32 [P] by name: shares, 0 to 1, of boxes (top, left, bottom, right)."""
        shares = {f"{name}_share": covered_share(boxes_P4, mask, wraps=self.wraps) for name, mask in self.masks.items()}
        shares["padding_share"] = 1 - covered_share(boxes_P4, np.ones(self.shape_SR, bool), wraps=self.wraps)
        return {name: share_P.astype(np.float32) for name, share_P in shares.items()}


def exemplar_table(
    top_k: TopK,
    layer_channels: Mapping[str, int],
    rows: pa.Table,
    class_names: Sequence[str],
    metadata: Mapping[str, str] | None = None,
    shares: InputShares | None = None,
    architecture: Architecture = VGG_16,
) -> pa.Table:
    """Return nine rows for every channel, in the order of layers, channels and ranks.

    A place that no image has taken (a channel that fewer than nine images activate) has activation 0 and null in all
    columns after it, so that each channel has its nine rows and none of them shows an arbitrary image.

    Args:
        top_k: the nine of the channels of all layers, one layer after the other.
        layer_channels: number of channels by layer, in that order.
        rows: columns `row`, `image_id` and `label` of at least the images that occur, in any order.
        class_names: name of each label.
        metadata: fingerprints of weights, data set and transform, kept with the schema.
        shares: what of the network input to measure; adds its columns.
        architecture: the layers, whose receptive fields are recorded.

    Returns:
        Table of `SCHEMA` and the shares (float32): the receptive field is half-open and unclipped, in px of the
        network input; `row` is the image's number in the data set.

    Raises:
        ValueError: the layers do not add up to the channels, or an image is missing in `rows`.
    """
    layer_C = np.repeat(list(layer_channels), list(layer_channels.values()))
    if len(layer_C) != len(top_k.value_CK):
        raise ValueError(f"{len(top_k.value_CK)} channels were scanned, but the layers have {len(layer_C)}")
    channel_C = np.concatenate([np.arange(count) for count in layer_channels.values()])
    row = top_k.row_CK.ravel()
    empty = row == EMPTY
    index = np.zeros(len(row), np.int64)
    index[~empty] = _indices(rows["row"].to_numpy(), row[~empty])
    image_id = rows["image_id"].take(pa.array(index, mask=empty))
    label = rows["label"].cast(pa.int64()).take(pa.array(index, mask=empty))
    names = pa.array(list(class_names), pa.string())
    field_C3 = np.array([receptive_field(layer, architecture) for layer in layer_C])
    stride_P1, offset_P1, size_P1 = np.split(np.repeat(field_C3, KEEP, axis=0), 3, axis=1)
    unit_P2 = top_k.position_CK2.reshape(-1, 2)
    start_P2 = stride_P1 * unit_P2 - offset_P1
    boxes_P4 = np.concatenate([start_P2, start_P2 + size_P1], 1)
    columns: dict[str, Any] = {
        "layer": np.repeat(layer_C, KEEP),
        "channel": np.repeat(channel_C, KEEP),
        "rank": np.tile(np.arange(KEEP), len(layer_C)),
        "activation": top_k.value_CK.ravel(),
        "image_id": image_id,
        "label": label,
        "class_name": names.take(label.combine_chunks()),
    }
    numbers = {"unit_row": unit_P2[:, 0], "unit_col": unit_P2[:, 1], "row": row}
    numbers |= {f"rf_{edge}": values for edge, values in zip(Box._fields, boxes_P4.T, strict=True)}
    columns |= {name: pa.array(values, mask=empty) for name, values in numbers.items()}
    table = pa.table({name: columns[name] for name in SCHEMA.names}).cast(SCHEMA)
    for name, share_P in (shares.columns(boxes_P4) if shares else {}).items():
        table = table.append_column(name, pa.array(share_P, mask=empty))
    return table.replace_schema_metadata(dict(metadata or {})).combine_chunks()


def write_exemplars(table: pa.Table, folder: Storage) -> dict[str, str]:
    """Write the table into a folder and return its SHA-256 by file name; equal tables give equal bytes."""
    whole = table.combine_chunks()
    return {EXEMPLARS: folder.write_table(EXEMPLARS, whole, compression="zstd", row_group_size=len(table) or 1)}


def read_exemplars(folder: Storage) -> pa.Table:
    """Return the table that `write_exemplars` wrote into a folder.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is not Parquet, or columns are missing or of another type.
    """
    table = folder.read_table(EXEMPLARS)
    if pa.schema(list(table.schema)[: len(SCHEMA)]) != SCHEMA:
        raise ValueError(f"not a table of exemplars: its columns are {', '.join(table.column_names)}")
    return table


def recorded_nine(table: pa.Table) -> TopK:
    """Return the nine that a table of exemplars was made of.

    Raises:
        ValueError: the table does not have nine lines for every channel.
    """
    if len(table) % KEEP:
        raise ValueError(f"the table has {len(table)} lines, not {KEEP} for every channel")
    row, unit_row, unit_col = (table[name].fill_null(EMPTY).to_numpy() for name in ("row", "unit_row", "unit_col"))
    return TopK(
        table["activation"].to_numpy().reshape(-1, KEEP),
        row.reshape(-1, KEEP),
        np.stack([unit_row, unit_col], 1).astype(np.int32).reshape(-1, KEEP, 2),
    )


def _indices(row_numbers: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Index of each wanted row number among the row numbers."""
    missing = wanted[~np.isin(wanted, row_numbers)]
    if len(missing):
        raise ValueError(f"an exemplar is row {missing[0]} of the data set, which the table of rows does not have")
    order = np.argsort(row_numbers, kind="stable")
    return order[np.searchsorted(row_numbers, wanted, sorter=order)]
