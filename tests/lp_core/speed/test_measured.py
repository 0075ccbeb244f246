"""`measured` reads what it wrote, refuses anything else, and calls slow what is below its shares."""

import pytest

from lp_core.errors import DataError, StorageError
from lp_core.speed.measured import COMMITTED, Measured, is_slow, read
from lp_core.speed.timing import Rate

PARTS = ["decode", "chain", "training step", "scan", "guided backprop"]


def test_a_file_comes_back_as_it_was(tmp_path) -> None:
    measured = Measured.today("a processor", 4, {"decode": Rate(612.3456, 1.23456), "scan": Rate(0.0123456, 0.9)})
    assert measured.rates == {"decode": Rate(612.3, 1.235), "scan": Rate(0.01235, 0.9)}
    measured.write(tmp_path / "speeds.json")
    assert read(tmp_path / "speeds.json") == measured


def test_the_committed_speeds_are_of_every_part_and_name_their_machine() -> None:
    committed = read(COMMITTED)
    assert list(committed.rates) == PARTS
    assert committed.machine
    assert len(committed.day) == len("2026-11-27")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": 1}',
        '{"format": 2}',
        '{"format": 1, "rates": {"decode": {"ratio": 1}}}',
        '{"format": 1, "machine": "m", "cores": 1, "day": "d", "rates": {"scan": {"per_second": 0, "ratio": 1}}}',
    ],
)
def test_another_file_is_refused_by_name(content, tmp_path) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"other\.json"):
        read(path)


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        read(tmp_path / "none.json")
    with pytest.raises(StorageError, match="cannot be written"):
        Measured.today("m", 1, {}).write(tmp_path / "none" / "speeds.json")


@pytest.mark.parametrize(
    ("own", "slow"), [((50, 0.75), False), ((49, 0.75), True), ((50, 0.74), True), ((1000, 0.1), True)]
)
def test_a_part_is_slow_by_its_rate_or_by_its_ratio(own, slow) -> None:
    assert is_slow(Rate(*own), Rate(100, 1)) == slow
