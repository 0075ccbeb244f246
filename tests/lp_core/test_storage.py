"""`storage` writes files whole on disks and object stores, and reports errors in one line."""

import os
import pickle
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lp_core import patience
from lp_core.errors import LogpolarError
from lp_core.fingerprint import checksum
from lp_core.storage import LINE_CHARACTERS, Storage, one_line


def test_a_file_is_written_whole_and_read_back(tmp_path):
    storage = Storage.at(tmp_path) / "a"
    storage.write_bytes("b/c.bin", b"123")
    assert storage.read_bytes("b/c.bin") == b"123"
    assert storage.files() == ["b/c.bin"]
    assert (tmp_path / "a" / "b" / "c.bin").read_bytes() == b"123"
    storage.remove("b/c.bin")
    storage.remove("b/c.bin")
    assert storage.files("b") == []


def test_tables_come_back_and_their_checksum_is_the_files(tmp_path):
    storage = Storage.at(tmp_path)
    table = pa.table({"row": range(1000), "name": ["a"] * 1000})
    for options in ({}, {"compression": "zstd", "row_group_size": 100}):
        written = storage.write_table("x.parquet", table, **options)
        assert storage.read_table("x.parquet").equals(table)
        assert written == storage.checksum("x.parquet") == checksum((tmp_path / "x.parquet").read_bytes())
        expected = tmp_path / "expected.parquet"
        pq.write_table(table, expected, **options)
        assert expected.read_bytes() == (tmp_path / "x.parquet").read_bytes()
    assert storage.read_table("x.parquet", use_threads=False).equals(table)
    with pytest.raises(FileNotFoundError):
        storage.checksum("y.parquet")


def test_storage_travels_between_processes(tmp_path):
    storage = Storage.at(tmp_path)
    storage.write_json("x.json", {"a": 1})
    assert pickle.loads(pickle.dumps(storage)).read_json("x.json") == {"a": 1}


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LogpolarError, match=r"file/x\.json: cannot be written"):
        (Storage.at(tmp_path) / "file").write_json("x.json", 1)


def test_broken_json_is_named(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(LogpolarError, match=r"x\.json: not valid JSON"):
        Storage.at(tmp_path).read_json("x.json")


@pytest.mark.parametrize(
    ("uri", "child"),
    [("s3://bucket/run?endpoint_override=h%3A1", "s3://bucket/run/x?endpoint_override=h%3A1"), ("/a/b", "/a/b/x")],
)
def test_subfolders_of_uris_keep_their_options(uri, child):
    assert (Storage(uri) / "x").uri == child


def test_an_unknown_scheme_is_refused():
    with pytest.raises(LogpolarError, match="nonsense://x"):
        Storage.at("nonsense://x").exists()


def test_a_store_that_does_not_answer_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0)
    storage = Storage.at("gs://anonymous@bucket/x?scheme=http&endpoint_override=localhost:1&retry_limit_seconds=0.2")
    assert storage.path("a/b") == "bucket/x/a/b"
    with pytest.raises(LogpolarError, match=r"^gs://.*: cannot be accessed \(.*connect to server") as error:
        storage.exists()
    assert "\n" not in str(error.value)


def test_an_option_that_a_store_does_not_know_is_told():
    with pytest.raises(LogpolarError, match=r"not a folder that can be opened .*'nonsense'"):
        _ = Storage.at("gs://bucket/x?nonsense=1").filesystem


@pytest.mark.parametrize("text", ["s3:bucket/run", "gs:/bucket/run", "file:/runs/one"])
def test_a_uri_without_its_slashes_is_no_folder(text):
    with pytest.raises(LogpolarError, match=r"would be a file named like a URI; write \w+://"):
        Storage.at(text)


@pytest.mark.parametrize("uri", ["gs://", "s3://", "gcs://", "s3:///run", "s3://?region=eu-north-1"])
def test_a_uri_without_a_bucket_is_refused_before_a_store_is_asked(uri, monkeypatch):
    monkeypatch.setattr("lp_core.storage.fs", None)  # pyarrow would ask the store itself, for minutes
    with pytest.raises(LogpolarError, match=r"names no bucket; give (s3|gs|gcs)://BUCKET/FOLDER$"):
        Storage.at(uri)
    folder, _ = Storage.of_file(uri)
    with pytest.raises(LogpolarError, match="names no bucket"):
        folder.exists()


def test_relative_paths_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Storage.at("runs/a:b").uri == str(tmp_path / "runs" / "a:b")


def test_free_space_is_that_of_the_disk_to_be(tmp_path):
    import shutil

    free = Storage.at(tmp_path / "not" / "yet").free_bytes()
    assert free == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)
    assert Storage("s3://bucket/run").free_bytes() is None


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("one", "one"),
        ("", "ValueError"),
        (
            " first.\n\nTo fix this, either:\n  1. Unset it, or\n\t2. set it\n",
            "first. To fix this, either: 1. Unset it, or 2. set it",
        ),
        ("\x1b[31mred\x1b[0m text", "red text"),
    ],
)
def test_a_message_of_many_lines_keeps_its_remedy(message, line):
    assert one_line(ValueError(message)) == line


def test_an_endless_message_loses_its_middle():
    line = one_line(ValueError("what\n" + "middle " * 1000 + "\nremedy"))
    assert len(line) <= LINE_CHARACTERS
    assert line.startswith("what middle")
    assert line.endswith("middle remedy")


def test_a_path_that_is_not_utf8_is_refused(tmp_path, monkeypatch):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe4bc"))
    odd.mkdir()
    with pytest.raises(LogpolarError, match=r"\\xe4bc' is not UTF-8; rename it"):
        Storage.at(odd)
    monkeypatch.chdir(odd)
    with pytest.raises(LogpolarError, match="is not UTF-8"):
        Storage.at("run")
    odd.rmdir()
    with pytest.raises(LogpolarError, match="run is below the current folder, which was removed"):
        Storage.at("run")


@pytest.mark.parametrize("name", ["~nobody-of-this-name/run", "circle/run"])
def test_a_path_that_leads_nowhere_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(LogpolarError, match=f"{name}: not a path"):
        Storage.at(name)
