"""`kaggle` takes labels from Kaggle's lists, and classes in sorted order."""

from __future__ import annotations

from pathlib import Path

from tests.lp_core.indexing.found_collections import found, is_whole, labels
from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    photos,
    write_kaggle,
)


def test_kaggle_may_be_given_by_any_folder_above_the_images(tmp_path: Path) -> None:
    write_kaggle(tmp_path / "imagenet")
    assert labels(found(tmp_path), "train") == labels(found(tmp_path / "imagenet"), "train")
    assert len(labels(found(tmp_path), "validation")) == 8


def test_kaggle_s_boxes_are_not_mistaken_for_the_list_of_training_images(tmp_path: Path) -> None:
    write_kaggle(tmp_path)
    assert len(labels(found(tmp_path), "train")) == sum(one.split == "train" for one in photos())


def test_kaggle_classes_come_from_the_mapping_in_sorted_order(tmp_path: Path) -> None:
    write_kaggle(tmp_path)
    lines = (tmp_path / "LOC_synset_mapping.txt").read_text().splitlines()
    (tmp_path / "LOC_synset_mapping.txt").write_text("\r\n".join(lines[::-1]), encoding="utf-8-sig")
    assert [one.wnid for one in found(tmp_path).classes] == WNIDS


def test_kaggle_with_a_val_that_was_sorted_into_classes(tmp_path: Path) -> None:
    write_kaggle(tmp_path)
    (tmp_path / "LOC_val_solution.csv").unlink()
    val = tmp_path / "ILSVRC" / "Data" / "CLS-LOC" / "val"
    for one in photos():
        if one.split == "validation":
            (val / one.wnid).mkdir(exist_ok=True)
            (val / f"{one.stem}.JPEG").rename(val / one.wnid / f"{one.stem}.JPEG")
    is_whole(found(tmp_path))
