"""A collection of pointers to files that were not fetched is refused with the command that fetches them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lp_core.errors import LogpolarError
from lp_core.indexing.layouts import find
from lp_core.indexing.quarantine import why_unusable
from lp_core.indexing.reading.shard_rows import read_shard_rows
from lp_core.storage import Storage
from tests.lp_core.indexing.imagenet_forms import jpeg, tar, write

POINTERS = {
    "git lfs pull": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 123456789\n",
    "git annex get": b"/annex/objects/SHA256E-s123456789--" + b"0" * 64 + b".parquet\n",
}


@pytest.mark.parametrize("command", POINTERS)
def test_pointers_are_told_with_the_command_that_fetches(tmp_path: Path, command: str) -> None:
    for name in ("train-0000.parquet", "train-0000.tar"):
        write(tmp_path / name, POINTERS[command])
    with pytest.raises(LogpolarError, match=rf"train-0000.parquet: .* pointer .*{command}"):
        read_shard_rows(str(tmp_path / "train-0000.parquet"))
    (tmp_path / "train-0000.parquet").unlink()
    with pytest.raises(LogpolarError, match=rf"train-0000.tar: .* pointer .*{command}"):
        find(Storage.at(tmp_path))
    assert command in (why_unusable(POINTERS[command]) or "")


def test_an_archive_compressed_behind_its_name_is_told(tmp_path: Path) -> None:
    write(tmp_path / "train-0000.tar", gzip.compress(tar([("a.jpg", jpeg(0)), ("a.cls", b"0")])))
    with pytest.raises(LogpolarError, match=r"train-0000.tar: compressed with gzip; unpack it first"):
        find(Storage.at(tmp_path))
