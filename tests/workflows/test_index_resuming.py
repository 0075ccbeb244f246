"""`logpolar index` killed or started again: it ends with the same bytes, and writes into no other folder."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from lp_core.errors import LogpolarError
from lp_core.indexing.sources.archive import Members, Region, list_members
from lp_core.storage import Storage
from tasks.indexing.archives import list_archive, list_archives
from tests.lp_core.indexing.imagenet_forms import (
    jpeg,
    tar,
    write,
    write_folders,
    write_parquet,
)
from tests.workflows.index_command import MANY_BAD, content, index, indexed, many, small_groups

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("stop_after", [0, 1, 2, 3])
def test_killed_between_pieces_it_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    small_groups(monkeypatch)
    monkeypatch.setattr("tasks.indexing.job.FEW", 100)
    write_folders(tmp_path / "source", many(120))
    index(str(tmp_path / "source"), str(tmp_path / "whole"))

    from tasks.indexing import written_shards as module

    original, done = module.write_piece, []

    def killed(*piece: object) -> int:
        if len(done) == stop_after:
            raise KeyboardInterrupt
        done.append(piece)
        return original(*piece)

    monkeypatch.setattr(module, "write_piece", killed)
    with pytest.raises(KeyboardInterrupt):
        index(str(tmp_path / "source"), str(tmp_path / "halves"))
    (tmp_path / "halves" / "data").mkdir(exist_ok=True)
    (tmp_path / "halves" / "data" / "train-00001-of-00004.parquet.77.part").write_bytes(b"half")
    monkeypatch.setattr(module, "write_piece", original)
    index(str(tmp_path / "source"), str(tmp_path / "halves"))
    assert content(tmp_path / "halves") == content(tmp_path / "whole")
    assert "unfinished" not in {path.name for path in (tmp_path / "halves").iterdir()}


KILLED = """
import os, signal, sys
import pyarrow.parquet as pq
import lp_core.indexing.writing.plan, tasks.indexing.job
from workflows.index import index
lp_core.indexing.writing.plan.GROUP_ROWS, tasks.indexing.job.FEW = 8, 100
write, groups = pq.ParquetWriter.write_table, []
def killed(*arguments):
    groups.append(1)
    if len(groups) == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    write(*arguments)
pq.ParquetWriter.write_table = killed
index(sys.argv[1], sys.argv[2])
"""
"""Kills its own process in the middle of the second shard."""


def test_killed_without_warning_it_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folders(tmp_path / "source", many(80))
    command = [sys.executable, "-c", KILLED, str(tmp_path / "source"), str(tmp_path / "halves")]
    assert subprocess.run(command, cwd=REPOSITORY, capture_output=True).returncode == -signal.SIGKILL
    half = {path.name.partition(".parquet")[2][-5:] for path in (tmp_path / "halves" / "data").iterdir()}
    assert half == {"", ".part"}
    small_groups(monkeypatch)
    monkeypatch.setattr("tasks.indexing.job.FEW", 100)
    for name in ("halves", "whole"):
        index(str(tmp_path / "source"), str(tmp_path / name))
    assert content(tmp_path / "halves") == content(tmp_path / "whole")


@pytest.mark.parametrize("form", ["tars", "webdataset"])
def test_killed_while_archives_are_listed_it_lists_only_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    whole = indexed(form, tmp_path)
    listed: list[str] = []

    def counted(region: Region) -> Members:
        if len(listed) == 3:
            raise KeyboardInterrupt
        listed.append(str(region))
        return list_members(region)

    monkeypatch.setattr("tasks.indexing.archives.list_members", counted)
    halves = tmp_path / "halves"
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            index(str(tmp_path / form), str(halves), max_quarantined=MANY_BAD)
        assert len(listed) == 3
    listed.clear()
    index(str(tmp_path / form), str(halves), max_quarantined=MANY_BAD)
    assert len(listed) == (2 if form == "tars" else 1)
    assert content(halves) == content(Path(whole.storage.uri))


def test_an_archive_that_changed_is_listed_again(tmp_path: Path) -> None:
    path = tmp_path / "source" / "imagenet-train-000000.tar"
    for seed in (1, 2):
        write(path, tar([("a.jpg", jpeg(seed)), ("a.cls", b"%d" % seed)]))
        [members] = list_archives(
            partial(list_archive, Storage.at(tmp_path / "out")),
            [Region(str(path), 0, path.stat().st_size, wanted=(".cls",))],
        )
        assert members.small == {"a.cls": b"%d" % seed}
        os.utime(path, ns=(0, seed))


def test_a_finished_folder_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = indexed("tars", tmp_path, check=True)
    before = content(tmp_path / "tars-indexed")
    assert indexed("tars", tmp_path, check=True).fingerprint == first.fingerprint
    assert "finished before" in capsys.readouterr().out
    assert content(tmp_path / "tars-indexed") == before


def test_other_settings_do_not_write_into_the_same_folder(tmp_path: Path) -> None:
    indexed("tars", tmp_path)
    with pytest.raises(LogpolarError, match="begun with other settings or from other files"):
        indexed("tars", tmp_path, seed=1)


def test_a_folder_with_other_files_is_not_written_into(tmp_path: Path) -> None:
    write_folders(tmp_path / "source", many(3))
    write_parquet(tmp_path / "out")
    with pytest.raises(LogpolarError, match="holds other files"):
        index(str(tmp_path / "source"), str(tmp_path / "out"))
