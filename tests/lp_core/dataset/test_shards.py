"""Shards that change behind an index, what opening costs, and how much is in memory at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lp_core.dataset.folder import DatasetFolder
from lp_core.dataset.shards import TAIL_BYTES, Shard, footer_checksum, open_shard, shard_images
from lp_core.errors import LogpolarError
from tests.lp_core.indexing.parquet_forms import shard
from tests.workflows.index_command import index

CHANGED = "changed since it was indexed; index the source again"


@pytest.mark.parametrize("copied", [False, True])
def test_a_shard_replaced_behind_an_index_is_refused(tmp_path: Path, copied: bool) -> None:
    path = shard(tmp_path / "source", [0, 1, 2, 3], "abcd")
    index(str(tmp_path / "source"), str(tmp_path / "out"), shuffle=copied)
    data = DatasetFolder.open(str(tmp_path / "out"))
    assert len(list(data.photographs("train", np.arange(4)))) == 4
    if copied:
        path = tmp_path / "out" / "data" / "train-00000-of-00001.parquet"
    shard(tmp_path / "other", [3, 2, 1, 0], "abcd", seed=50)  # the same columns, rows and row groups
    path.write_bytes((tmp_path / "other" / "data" / "train-00000-of-00001.parquet").read_bytes())
    with pytest.raises(LogpolarError, match=rf"^shard {path}: {CHANGED}"):
        list(fresh(data).photographs("train", np.arange(4)))


def fresh(data: DatasetFolder) -> DatasetFolder:
    """The folder as a new process opens it, with nothing in the cache."""
    from lp_core.dataset import shards

    shards._cache.clear()
    return DatasetFolder.open(data.storage.uri)


def test_images_of_an_earlier_index_do_not_come_out_of_the_cache(tmp_path: Path) -> None:
    for seed in (0, 50):
        shard(tmp_path / "source", [0, 1], "ab", seed=seed)
        index(str(tmp_path / "source"), str(tmp_path / "out"))
        [first, _] = DatasetFolder.open(str(tmp_path / "out")).photographs("train", np.arange(2))
        table = pq.read_table(tmp_path / "source" / "data" / "train-00000-of-00001.parquet")
        assert first.data == table["image"][0]["bytes"].as_py()


def test_a_shard_that_changes_before_it_is_copied_is_refused(tmp_path: Path) -> None:
    path = shard(tmp_path, [0, 1], "ab")
    listed = Shard(str(path), footer=footer_checksum(str(path)))
    shard(tmp_path, [0, 1], "ab", seed=9)
    with pytest.raises(LogpolarError, match=CHANGED):
        list(shard_images(listed))


def test_a_table_of_rows_that_is_not_the_manifest_s_is_refused(tmp_path: Path) -> None:
    shard(tmp_path, [0, 1, 0], "ab")
    index(str(tmp_path), str(tmp_path / "out"))
    path = tmp_path / "out" / "rows" / "train.parquet"
    pq.write_table(pq.read_table(path).slice(0, 2), path)
    with pytest.raises(LogpolarError, match=r"rows/train\.parquet: 2 rows, manifest\.json says 3; index again"):
        DatasetFolder.open(str(tmp_path / "out")).rows("train")


def test_comparing_a_footer_costs_no_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the file is read once, whether it is compared or not, and never again for its row groups."""
    path = str(shard(tmp_path, list(range(40)), group_rows=2))
    footer = footer_checksum(path)
    reads: list[int] = []

    class Counted:
        def __init__(self, file: pa.NativeFile) -> None:
            self._file, self.closed = file, False

        def read(self, size: int) -> bytes:
            reads.append(self._file.tell())
            return self._file.read(size)

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

    opened = pa.fs.LocalFileSystem.open_input_file
    monkeypatch.setattr(
        "lp_core.storage.Storage.filesystem",
        type(
            "SplitFiles",
            (),
            {"open_input_file": lambda _, name: pa.PythonFile(Counted(opened(pa.fs.LocalFileSystem(), name)), "r")},
        )(),
    )
    counts = []
    for wanted in (None, footer):
        reads.clear()
        with open_shard(path, wanted) as file:
            at_start = len(reads)
            for group in range(3):
                file.read_row_group(group, columns=["image.bytes"], use_threads=False)
        counts.append((at_start, len(reads)))
    assert counts[0] == counts[1]
    assert counts[0][0] == 1


@pytest.mark.parametrize("columns", [1, 3000])
def test_footers_of_any_length_are_compared(tmp_path: Path, columns: int) -> None:
    table = pa.table({f"column {k}": [k] for k in range(columns)} | {"filling": [bytes(TAIL_BYTES)]})
    path = tmp_path / "wide.parquet"
    pq.write_table(table, path, compression="none")
    data = path.read_bytes()
    assert (int.from_bytes(data[-8:-4], "little") > TAIL_BYTES) == (columns > 1)
    footer = footer_checksum(str(path))
    with open_shard(str(path), footer) as file:
        assert file.read().equals(table)
    table = table.replace_schema_metadata({"other": "yes"})
    pq.write_table(table, path, compression="none")
    with pytest.raises(LogpolarError, match=CHANGED):
        open_shard(str(path), footer)


MEASURED = """
import json, sys
import pyarrow as pa
from lp_core.dataset.shards import Shard, shard_images
rows = sum(1 for data in shard_images(Shard(sys.argv[1])) if len(data) == int(sys.argv[2]))
print(json.dumps([rows, pa.default_memory_pool().max_memory() / 1e6]))
"""
"""Prints the rows of a shard, and the most MB that Arrow held at once."""


def test_a_large_row_group_is_read_a_page_at_a_time(tmp_path: Path) -> None:
    """A row group of 240 MB in four pages; its column at once is 240 MB already."""
    size, pages = 60_000, 4
    data = np.random.default_rng(0).bytes(size)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    images = pa.array([{"bytes": data, "path": None}] * 1000, kind)
    table = pa.table({"image": pa.chunked_array([images] * pages), "label": pa.array(range(1000 * pages))})
    path = tmp_path / "train-0.parquet"
    pq.write_table(table, path, row_group_size=len(table), compression="none", use_dictionary=False)
    del table, images
    command = [sys.executable, "-c", MEASURED, str(path), str(size)]
    rows, megabytes = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert rows == 1000 * pages
    assert megabytes < 160
