"""`logpolar index --validation-share`: the same validation split of a collection without one, in whichever form."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import LogpolarError
from tests.lp_core.indexing.imagenet_forms import FORMS, WNIDS, Photo, jpeg, write, write_folders, write_kaggle
from tests.workflows.index_command import index, labelled_ids
from workflows.cli import main

PHOTOS = tuple(
    Photo("train", f"{wnid}_{number}", wnid, jpeg(20 * place + number))
    for place, wnid in enumerate(WNIDS)
    for number in range(20)
)
"""A training split alone."""
CONTENT = {one.stem: one.data for one in PHOTOS}


def write_form(form: str, source: Path) -> None:
    FORMS[form](source, PHOTOS)
    for other in ("ILSVRC2012_img_val.tar", "LOC_val_solution.csv"):
        (source / other).unlink(missing_ok=True)
    for pattern in ("data/validation-*", "*validation*.tar"):
        for path in source.glob(pattern):
            path.unlink()


@pytest.fixture(scope="module")
def of_folders(tmp_path_factory: pytest.TempPathFactory) -> DatasetFolder:
    root = tmp_path_factory.mktemp("folders")
    write_form("folders", root / "source")
    index(str(root / "source"), str(root / "out"), validation_share=0.2)
    return DatasetFolder.open(str(root / "out"))


@pytest.mark.parametrize(("form", "max_side"), [*((form, None) for form in FORMS), ("parquet", 4000)])
def test_every_form_gives_the_same_split(
    tmp_path: Path, of_folders: DatasetFolder, form: str, max_side: int | None
) -> None:
    write_form(form, tmp_path / "source")
    index(str(tmp_path / "source"), str(tmp_path / "out"), validation_share=0.2, max_side=max_side)
    data = DatasetFolder.open(str(tmp_path / "out"))
    every = sorted((one.stem, WNIDS.index(one.wnid)) for one in PHOTOS)
    sides = [labelled_ids(data, split) for split in ("train", "validation")]
    assert sorted(sides[0] + sides[1]) == every
    assert sides == [labelled_ids(of_folders, split) for split in ("train", "validation")]
    assert {label for _, label in sides[1]} == {0, 1, 2}
    assert sum(split["rows"] for split in data.manifest["splits"].values()) == len(PHOTOS)
    for split in ("train", "validation"):
        for photograph in data.photographs(split, np.arange(len(data.rows(split)))):
            assert photograph.data == CONTENT[photograph.image_id]
            assert photograph.label == WNIDS.index(photograph.image_id[:9])


@pytest.mark.parametrize("max_side", [None, 4000])
def test_quarantined_rows_of_shared_shards_count_once(tmp_path: Path, max_side: int | None) -> None:
    bad = [Photo("train", f"{WNIDS[0]}_{number}", WNIDS[0], b"?") for number in range(900, 906)]
    FORMS["parquet"](tmp_path / "source", (*PHOTOS, *bad, Photo("validation", "x", WNIDS[0], b"?")))
    for path in (tmp_path / "source").glob("data/validation-*"):
        path.unlink()
    index(
        *(str(tmp_path / "source"), str(tmp_path / "out")),
        validation_share=0.5,
        check=True,
        max_side=max_side,
        max_quarantined=0.5,
    )
    data = DatasetFolder.open(str(tmp_path / "out"))
    assert sorted(entry["image_id"] for entry in data.manifest["quarantined"]) == sorted(one.stem for one in bad)
    assert sum(split["rows"] for split in data.manifest["splits"].values()) == len(PHOTOS)
    assert sum(shard["rows"] for split in data.manifest["splits"].values() for shard in split["shards"]) == len(PHOTOS)


def test_another_share_does_not_continue_what_was_begun(tmp_path: Path) -> None:
    for form, max_side in (("folders", None), ("parquet", 4000)):
        source, out = tmp_path / form, tmp_path / f"{form}-out"
        write_form(form, source)
        index(str(source), str(out), validation_share=0.2, max_side=max_side)
        index(str(source), str(out), validation_share=0.2, max_side=max_side)
        for other in (0.5, None):
            with pytest.raises(LogpolarError, match="was begun with other settings"):
                index(str(source), str(out), validation_share=other, max_side=max_side)


@pytest.mark.parametrize("form", ["folders", "parquet"])
def test_a_validation_split_that_is_there_is_not_replaced(tmp_path: Path, form: str) -> None:
    FORMS[form](tmp_path / "source", (*PHOTOS, Photo("validation", "ILSVRC2012_val_00000001", WNIDS[0], jpeg(1))))
    with pytest.raises(LogpolarError, match="has a validation split; leave the setting out"):
        index(str(tmp_path / "source"), str(tmp_path / "out"), validation_share=0.2)
    assert not (tmp_path / "out").exists()


def test_without_a_validation_split_index_and_train_name_the_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_form("folders", tmp_path / "source")
    main(["index", str(tmp_path / "source"), str(tmp_path / "out")])
    assert "index again with --validation-share 0.1" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["train", "--run", str(tmp_path / "run"), "--recipe", "demo", "--data.path", str(tmp_path / "out")])
    said = capsys.readouterr().err
    assert re.search("no split 'validation'; it has train; index .* `--validation-share 0.1`", said)
    assert "\n" not in said.strip()


def test_what_is_said_of_numbered_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2, 10):
        write(tmp_path / "source" / str(number) / "a.jpg", jpeg(number))
    index(str(tmp_path / "source"), str(tmp_path / "out"))
    assert "class folders are numbered 1 to 10, 3 in all" in capsys.readouterr().out


def test_kaggle_and_folders_name_the_same_classes(tmp_path: Path) -> None:
    names = []
    for write_it in (write_kaggle, write_folders):
        source = tmp_path / write_it.__name__
        write_it(source)
        if write_it is write_folders:
            (tmp_path / "write_kaggle" / "LOC_synset_mapping.txt").rename(source / "LOC_synset_mapping.txt")
        index(str(source), f"{source}-out", max_quarantined=0.5)
        names.append(DatasetFolder.open(f"{source}-out").class_names)
    assert names[0] == names[1]
