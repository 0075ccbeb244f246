"""`machine_checks` sees what is there, says what fails, leaves nothing behind, and names nobody."""

import getpass
import socket
from pathlib import Path

import pytest

from lp_core.storage import Storage
from tasks.machine_checks import (
    GIB,
    cpus_line,
    decoder_line,
    gpus_line,
    memory_line,
    shared_memory_line,
    versions_line,
    without_names,
    writing_line,
)


def machine(root: Path, free_kib: int, limit: str | None = None) -> Path:
    (root / "proc").mkdir()
    (root / "proc" / "meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable:   {free_kib} kB\n")
    (root / "sys" / "fs" / "cgroup").mkdir(parents=True)
    if limit is not None:
        (root / "sys" / "fs" / "cgroup" / "memory.max").write_text(f"{limit}\n")
    return root


@pytest.mark.parametrize(
    ("free", "limit", "has_advice"), [(8, None, False), (8, "max", False), (8, 2, True), (2, 8, True), (8, 8, False)]
)
def test_memory_is_the_least_of_what_is_free_and_allowed(tmp_path, free, limit, has_advice) -> None:
    text = str(limit * GIB) if isinstance(limit, int) else limit
    line = memory_line(machine(tmp_path, free * 2**20, text))
    assert f"{free:.1f} GiB available" in line.seen
    assert ("control group" in line.seen) == isinstance(limit, int)
    assert bool(line.advice) == has_advice
    assert line.works


def test_memory_is_unknown_elsewhere(tmp_path) -> None:
    assert memory_line(tmp_path).seen == "unknown on this system"


@pytest.mark.parametrize(("free", "works", "has_advice"), [(10, False, True), (200, True, True), (2000, True, False)])
def test_shared_memory(monkeypatch, free, works, has_advice) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": free * 2**20}))
    line = shared_memory_line()
    assert (line.works, bool(line.advice)) == (works, has_advice)


def test_no_shared_memory_is_said() -> None:
    assert shared_memory_line("/no/such/folder").seen == "not there"


def test_a_missing_package_fails_and_another_ray_is_noted() -> None:
    good = {"python": "3.11.7", "torch": "2.15.0", "ray": "2.60.0"}
    assert (versions_line(good).works, versions_line(good).advice) == (True, "")
    assert "2.60" in versions_line(good | {"ray": "2.61.0"}).advice
    missing = versions_line(good | {"torch": "unknown"})
    assert not missing.works
    assert "torch" in missing.advice


def test_this_machine_has_processors_and_a_decoder() -> None:
    assert cpus_line().works
    assert gpus_line().works
    assert decoder_line().works
    assert "ms" in decoder_line().seen


@pytest.mark.parametrize("exists", [True, False])
def test_a_run_folder_is_left_as_it_was(tmp_path, exists) -> None:
    folder = tmp_path / "run"
    if exists:
        folder.mkdir()
        (folder / "config.json").write_text("{}")
    line = writing_line(Storage.at(folder))
    assert line.works
    assert "MiB/s" in line.seen
    assert sorted(path.name for path in tmp_path.rglob("*")) == (["config.json", "run"] if exists else [])


def test_a_run_folder_that_is_a_file_fails_without_its_path(tmp_path) -> None:
    (tmp_path / "run").write_text("")
    line = writing_line(Storage.at(tmp_path / "run"))
    assert not line.works
    assert str(tmp_path) not in line.seen
    assert "RUN" in line.seen


def test_messages_name_nobody(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ada.lovelace")
    monkeypatch.setattr(socket, "gethostname", lambda: "engine.example")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ada.lovelace"))
    text = without_names("engine.example: /home/ada.lovelace/x of ada.lovelace, s3://b/run/a", "s3://b/run")
    assert text == "HOST: ~/x of USER, RUN/a"
