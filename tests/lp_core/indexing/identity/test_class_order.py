"""`class_order` sorts numbered class folders by value, and all others as text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lp_core.errors import LogpolarError
from tests.lp_core.indexing.found_collections import class_names, found, labels, write_classes


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("split", ["", "train", "val"])
def test_folders_numbered_from_zero_are_the_labels(tmp_path: Path, split: str, width: int) -> None:
    write_classes(tmp_path / split, [f"{number:0{width}d}" for number in range(12)])
    collection = found(tmp_path)
    of_split = labels(collection, "validation" if split == "val" else "train")
    assert of_split == {f"{number:0{width}d}/a.jpg": number for number in range(12)}
    assert collection.notes == []


@pytest.mark.parametrize(
    ("numbers", "note"),
    [
        (range(1, 103), "numbered 1 to 102, 102 in all: .* folder 1 is class 0"),
        ([0, 1, 2, 10, 11], "numbered 0 to 11, 5 in all: .* folder 10 is class 3"),
    ],
)
def test_other_numbers_are_sorted_by_value_and_said(tmp_path: Path, numbers: list[int], note: str) -> None:
    write_classes(tmp_path, [str(number) for number in numbers])
    collection = found(tmp_path)
    assert labels(collection) == {f"{number}/a.jpg": index for index, number in enumerate(numbers)}
    assert class_names(collection) == [str(number) for number in numbers]
    [said] = collection.notes
    assert re.search(note, said)


def test_one_number_spelled_in_two_ways_is_refused(tmp_path: Path) -> None:
    write_classes(tmp_path, ["0", "1", "01"])
    with pytest.raises(LogpolarError, match=r"class folders (01 and 1|1 and 01) are the same number"):
        found(tmp_path)


@pytest.mark.parametrize("names", [["2", "10", "other"], ["1.5", "10", "9"], ["²", "10", "9"]])
def test_names_that_are_not_all_whole_numbers_are_sorted_as_text(tmp_path: Path, names: list[str]) -> None:
    write_classes(tmp_path, names)
    assert class_names(found(tmp_path)) == sorted(names)
