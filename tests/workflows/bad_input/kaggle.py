"""Kaggle's form with its lists missing or damaged."""

from __future__ import annotations

from pathlib import Path

from tests.lp_core.indexing.imagenet_forms import (
    jpeg,
    write,
    write_kaggle,
)
from tests.workflows.bad_input.cases import PHOTOS, quarantined, refused, replaced


@refused("Kaggle's images without the list of validation classes")
def no_list_of_validation_classes(source: Path) -> None:
    write_kaggle(source, PHOTOS)
    (source / "LOC_val_solution.csv").unlink()


@refused("a line of Kaggle's list names no class")
def unknown_class_in_list(source: Path) -> None:
    write_kaggle(source, PHOTOS)
    replaced(source / "LOC_val_solution.csv", lambda data: data.replace(b",n02105855", b",dog"))


@quarantined("a validation photograph that Kaggle's list does not name")
def photograph_not_in_list(source: Path) -> None:
    write_kaggle(source, PHOTOS)
    write(source / "ILSVRC" / "Data" / "CLS-LOC" / "val" / "ILSVRC2012_val_00000009.JPEG", jpeg(1))
