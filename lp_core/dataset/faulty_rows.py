"""Rows that hold no usable image, as reading them shows: nothing learns from them or counts them, and all are named.

Whether a row is usable depends on its bytes alone, so every worker, order and retry finds the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import DataError, InvariantError, check
from lp_core.images.decode import ImageError, decode_rgb
from lp_core.storage import Storage

FILE = "quarantined.json"
"""In a view's folder of a run, where there are faulty rows: what `describe` says of each."""

Faulty = dict[str, Any]
"""`split`, `row`, `image_id`, `where` (shard, row group and place in it) and `reason` of a faulty row."""


def describe(dataset: DatasetFolder, split: str, rows: Iterable[int]) -> list[Faulty]:
    """What is wrong with rows that were left out, by ascending row number.

    Raises:
        InvariantError: a row is not faulty at all; then it was left out for another reason.
    """
    wanted = np.array(sorted(rows), np.int64)
    table = dataset.rows(split)
    found: list[Faulty] = []
    for photograph in dataset.photographs(split, wanted):
        row = photograph.row
        shard, group = table.place(int(table.group[row]))
        try:
            decode_rgb(photograph.data)
        except ImageError as error:
            where = f"{shard}, row group {group}, row {table.row_in_group[row]}"
            found.append(_faulty(split, row, photograph.image_id, where, str(error)))
            continue
        raise InvariantError(f"{split} row {row}, image {photograph.image_id}: it can be decoded, but was left out")
    return found


def _faulty(split: str, row: int, image_id: str, where: str, reason: str) -> Faulty:
    return {"split": split, "row": row, "image_id": image_id, "where": where, "reason": reason}


def check_faulty_share(faulty: list[Faulty], split: str, rows: int, share: float) -> None:
    """Stop where so many rows of a split are faulty that something else is wrong.

    Raises:
        DataError: they are more than `share` of the split's rows; the message names one.
    """
    here = [one for one in faulty if one["split"] == split]
    check(
        len(here) <= share * rows,
        f"{_summary(here, rows)}; more than data.max-quarantined {share:g}; "
        "`logpolar index SOURCE OUT --check` sets such rows aside",
        DataError,
    )


def record(folder: Storage, faulty: list[Faulty]) -> None:
    """Add rows to those that a view's folder names; the file is written whole, and the same in whatever order."""
    known = {(one["split"], one["row"]): one for one in recorded(folder)}
    together = known | {(one["split"], one["row"]): one for one in faulty}
    if together != known:
        folder.write_json(FILE, [together[key] for key in sorted(together)])


def recorded(folder: Storage) -> list[Faulty]:
    """The rows that a view's folder names so far."""
    return folder.read_json(FILE) if folder.exists(FILE) else []


def summary(folder: Storage, faulty: list[Faulty], rows: int) -> str:
    """One line for people about the faulty rows of a stage.

    Args:
        folder: the view's folder, where they are recorded.
        faulty: one or more.
        rows: how many rows the stage has read.
    """
    return f"{_summary(faulty, rows)}; all are named in {folder.path(FILE)}"


def _summary(faulty: list[Faulty], rows: int) -> str:
    if not faulty:
        return f"none of {rows} rows are quarantined"
    first = faulty[0]
    example = f"{first['split']} row {first['row']}, image {first['image_id']}: {first['reason']}"
    return f"{len(faulty)} of {rows} rows hold no usable image and are quarantined ({example})"
