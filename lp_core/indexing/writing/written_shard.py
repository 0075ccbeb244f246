"""What became of a shard that was written: its rows, checksums, and the photographs left out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lp_core.indexing.collection import Quarantined
from lp_core.indexing.reading.shard_rows import ShardRows
from lp_core.indexing.writing.plan import PlannedShard
from lp_core.storage import Storage


@dataclass(frozen=True)
class WrittenShard:
    """What became of a shard.

    Attributes:
        row_groups: number of rows of each row group.
        checksum: SHA-256 of the file.
        footer: SHA-256 of its Parquet footer.
        quarantined: reason by place among the piece's photographs, for those left out.
    """

    row_groups: list[int]
    checksum: str
    footer: str
    quarantined: dict[int, str]

    def to_json(self) -> dict[str, Any]:
        """As plain values; the key `refused` is that of earlier versions, whose notes stay readable."""
        quarantined = {"refused": self.quarantined}
        return {"row_groups": self.row_groups, "checksum": self.checksum, "footer": self.footer, **quarantined}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> WrittenShard:
        """What `to_json` came from."""
        quarantined = {int(place): reason for place, reason in values["refused"].items()}
        return cls(values["row_groups"], values["checksum"], values["footer"], quarantined)


def written_rows(out: Storage, planned: PlannedShard, written: WrittenShard) -> tuple[ShardRows, list[Quarantined]]:
    """The rows of a shard that was written into the data set folder, and the photographs that were left out of it."""
    kept = [photograph for place, photograph in enumerate(planned.photographs) if place not in written.quarantined]
    rows = ShardRows(
        path=(out / planned.name).uri,
        paths=[photograph.path for photograph in kept],
        labels=np.array([photograph.label for photograph in kept], np.int64),
        group_rows=written.row_groups,
        checksum=f"sha256:{written.checksum}",
        ids=[photograph.image_id for photograph in kept],
        footer=written.footer,
    )
    left_out = [
        Quarantined(planned.split, photograph.image_id, photograph.where, written.quarantined[place])
        for place, photograph in enumerate(planned.photographs)
        if place in written.quarantined
    ]
    return rows, left_out
