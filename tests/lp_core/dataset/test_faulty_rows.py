"""`faulty_rows` names and records every row that cannot be decoded, and stops above the allowed fraction."""

import pytest

from lp_core.dataset.faulty_rows import FILE, check_faulty_share, describe, record, recorded, summary
from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import InvariantError, LogpolarError
from lp_core.storage import Storage
from tests.conftest import FAULTY_ROWS


def described(folder: str, split: str) -> list[dict]:
    return describe(DatasetFolder.open(folder), split, FAULTY_ROWS[split])


def test_a_row_is_described_by_what_is_wrong_with_it(faulty_folder):
    first, second, third = described(faulty_folder, "train")
    assert (first["row"], second["row"], third["row"]) == (5, 77, 78)
    assert second == {
        "split": "train",
        "row": 77,
        "image_id": DatasetFolder.open(faulty_folder).rows("train").image_id(77),
        "where": "data/train-00000-of-00001.parquet, row group 0, row 77",
        "reason": "the file is empty",
    }
    assert third["reason"] == "not an image: 26 bytes that start with b'<html>40'"


def test_a_good_row_cannot_be_left_out(faulty_folder):
    with pytest.raises(InvariantError, match=r"^train row 6, image .*: it can be decoded, but was left out\n"):
        describe(DatasetFolder.open(faulty_folder), "train", [5, 6])


def test_the_record_is_the_same_in_whatever_order_it_grows(tmp_path, faulty_folder):
    train, validation = described(faulty_folder, "train"), described(faulty_folder, "validation")
    one, other = Storage.at(tmp_path / "one"), Storage.at(tmp_path / "other")
    for part in (train, validation, []):
        record(one, part)
    for part in (validation[1:], train[::-1], validation):
        record(other, part)
    assert one.read_bytes(FILE) == other.read_bytes(FILE)
    assert recorded(one) == [*train, *validation]


def test_where_nothing_is_faulty_nothing_is_written(tmp_path):
    folder = Storage.at(tmp_path)
    record(folder, [])
    assert recorded(folder) == []
    assert not folder.exists(FILE)


@pytest.mark.parametrize(("share", "stops"), [(0.0, True), (0.01, True), (3 / 240, False), (1.0, False)])
def test_a_share_of_a_split_may_be_faulty(faulty_folder, share, stops):
    faulty = described(faulty_folder, "train") + described(faulty_folder, "validation")
    if stops:
        with pytest.raises(LogpolarError, match=f"^3 of 240 rows .*data.max-quarantined {share:g}$"):
            check_faulty_share(faulty, "train", 240, share)
    else:
        check_faulty_share(faulty, "train", 240, share)


def test_people_are_told_in_one_line(tmp_path, faulty_folder):
    line = summary(Storage.at(tmp_path), described(faulty_folder, "validation"), 60)
    assert line.startswith("2 of 60 rows hold no usable image and are quarantined (validation row 0, image ")
    assert line.endswith(f"all are named in {tmp_path / FILE}")
    assert "\n" not in line
