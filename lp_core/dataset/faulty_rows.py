"""Rows that hold no usable image, as reading them shows: nothing learns from them or counts them, and all are named.

Whether a row is usable depends on its bytes alone, so every worker, order and retry finds the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import DataError, InvariantError
from lp_core.images.decode import ImageError, decode_rgb
from lp_core.storage import Storage

FILE = "quarantined.json"
"""Written into a view's folder of a run if there are faulty rows: the description of each."""

Faulty = dict[str, Any]
"""`split`, `row`, `image_id`, `where` (shard, row group and place in it) and `reason` of a faulty row."""


class TooManyFaultyRows(DataError):
    """More rows of a split are faulty than `data.max-quarantined` allows."""


def describe(dataset: DatasetFolder, split: str, rows: Iterable[int]) -> list[Faulty]:
    """Describe what is wrong with rows that were left out, by ascending row number.

    Raises:
        InvariantError: a row is not faulty at all; then it was left out for another reason.
    """
    table = dataset.rows(split)
    faulty: list[Faulty] = []
    for photograph in dataset.photographs(split, np.array(sorted(rows), np.int64)):
        row = photograph.row
        shard, group = table.place(int(table.group[row]))
        try:
            decode_rgb(photograph.data)
        except ImageError as error:
            where = f"{shard}, row group {group}, row {table.row_in_group[row]}"
            faulty.append(
                {"split": split, "row": row, "image_id": photograph.image_id, "where": where, "reason": str(error)}
            )
            continue
        raise InvariantError(f"{split} row {row}, image {photograph.image_id}: it can be decoded, but was left out")
    return faulty


def check_faulty_share(faulty: list[Faulty], split: str, rows: int, share: float) -> None:
    """Stop where so many rows of a split are faulty that something else is wrong.

    Args:
        faulty: rows of any split.
        split: the one that is checked.
        rows: of the split that are used.
        share: the largest fraction of them that may be faulty, `data.max-quarantined`.

    Raises:
        TooManyFaultyRows: there are more; the message names one.
    """
    of_split = [row for row in faulty if row["split"] == split]
    if len(of_split) > share * rows:
        raise TooManyFaultyRows(f"{_summary(of_split, rows)}; more than data.max-quarantined {share:g}")


def record(folder: Storage, faulty: list[Faulty]) -> None:
    """Add rows to those that a view's folder names; the file does not depend on the order of the calls."""
    known = _by_number(recorded(folder))
    together = known | _by_number(faulty)
    if together != known:
        folder.write_json(FILE, [together[number] for number in sorted(together)])


def _by_number(faulty: list[Faulty]) -> dict[tuple[str, int], Faulty]:
    return {(row["split"], row["row"]): row for row in faulty}


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
