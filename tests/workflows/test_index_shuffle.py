"""`logpolar index --shuffle`: copies of Parquet in random order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import LogpolarError
from lp_core.settings import DataSettings, Recipe, TrainSettings
from lp_core.storage import Storage
from tasks.indexing import copied_shards, written_shards
from tests.lp_core.indexing.imagenet_forms import identities, photos, write_folders, write_parquet
from tests.lp_core.indexing.parquet_forms import shard, sorted_by_class
from tests.workflows.index_command import content, index, labelled_ids, small_groups
from workflows.session import Session
from workflows.train import train


def stored(data: DatasetFolder, split: str) -> dict[str, bytes]:
    rows = np.arange(len(data.rows(split)))
    return {one.image_id: one.data for one in data.photographs(split, rows)}


def test_a_shuffled_copy_holds_the_same_rows_as_the_index_in_place(tmp_path: Path) -> None:
    write_parquet(tmp_path / "source")
    options = {"max_quarantined": 0.5, "check": True}
    index(str(tmp_path / "source"), str(tmp_path / "in place"), **options)
    index(str(tmp_path / "source"), str(tmp_path / "copy"), shuffle=True, **options)
    one, other = (DatasetFolder.open(str(tmp_path / name)) for name in ("in place", "copy"))
    for split in ("train", "validation"):
        assert labelled_ids(one, split) == labelled_ids(other, split) == identities(photos(), split)
        assert stored(one, split) == stored(other, split)
    assert one.manifest["classes"] == other.manifest["classes"]
    bad = [{(row["where"], row["reason"]) for row in data.manifest["quarantined"]} for data in (one, other)]
    assert bad[0] == bad[1]
    assert len(bad[0]) == 5


def test_a_shuffled_copy_has_the_order_of_class_folders(tmp_path: Path) -> None:
    """Stored order depends on ids, sizes and the seed alone."""
    good = tuple(one for one in photos() if one.good)
    write_parquet(tmp_path / "parquet", good)
    write_folders(tmp_path / "folders", good)
    for form in ("parquet", "folders"):
        index(str(tmp_path / form), str(tmp_path / f"{form}-out"), shuffle=True, seed=3)
    one, other = (DatasetFolder.open(str(tmp_path / f"{form}-out")).rows("train") for form in ("parquet", "folders"))
    assert [(*one.place(one.group[row]), one.row_in_group[row]) for row in range(len(one))] == [
        (*other.place(other.group[row]), other.row_in_group[row]) for row in range(len(other))
    ]


def test_shards_stored_by_class_are_remarked_and_mixed_by_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lp_core.dataset.class_mix.INDEXED_FOR", ((32, 4, 32), (32, 4, 256)))
    sorted_by_class(tmp_path / "source")
    index(str(tmp_path / "source"), str(tmp_path / "in place"))
    said = capsys.readouterr().out
    assert "train: shards are stored by class. A training batch of 32 would hold " in said
    assert "Index with shuffle, or train with a larger data.shuffle-window" in said
    poor, better = DatasetFolder.open(str(tmp_path / "in place")).manifest["splits"]["train"]["class_mix"]
    assert poor["classes"] < 0.8 * poor["random"]
    assert better["classes"] > poor["classes"]
    index(str(tmp_path / "source"), str(tmp_path / "copy"), shuffle=True)
    assert "stored by class" not in capsys.readouterr().out
    mixed, _ = DatasetFolder.open(str(tmp_path / "copy")).manifest["splits"]["train"]["class_mix"]
    assert mixed["classes"] == pytest.approx(mixed["random"], rel=0.1)


@pytest.mark.parametrize("function", ["extract_piece", "write_piece"])
@pytest.mark.parametrize("stop_after", [0, 1, 2])
def test_killed_between_pieces_it_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, stop_after: int
) -> None:
    module = copied_shards if function == "extract_piece" else written_shards

    small_groups(monkeypatch)
    monkeypatch.setattr("tasks.indexing.job.FEW", 100)
    sorted_by_class(tmp_path / "source", classes=10, rows_of_class=10)
    index(str(tmp_path / "source"), str(tmp_path / "whole"), shuffle=True)
    original, done = getattr(module, function), []

    def killed(*piece: object) -> int:
        if len(done) == stop_after:
            raise KeyboardInterrupt
        done.append(piece)
        return original(*piece)

    monkeypatch.setattr(module, function, killed)
    with pytest.raises(KeyboardInterrupt):
        index(str(tmp_path / "source"), str(tmp_path / "halves"), shuffle=True)
    monkeypatch.setattr(module, function, original)
    index(str(tmp_path / "source"), str(tmp_path / "halves"), shuffle=True)
    assert content(tmp_path / "halves") == content(tmp_path / "whole")
    assert {path.name for path in (tmp_path / "halves").iterdir()} == {"data", "rows", "index.json", "manifest.json"}


def test_a_shard_that_changed_meanwhile_begins_no_other_copy_in_the_same_folder(tmp_path: Path) -> None:
    shard(tmp_path / "source", [0, 1], "ab")
    index(str(tmp_path / "source"), str(tmp_path / "out"), shuffle=True)
    shard(tmp_path / "source", [1, 0], "ab", seed=5)
    with pytest.raises(LogpolarError, match="begun with other settings or from other files"):
        index(str(tmp_path / "source"), str(tmp_path / "out"), shuffle=True)


def test_a_kill_while_the_index_is_written_leaves_no_old_manifest_beside_new_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard(tmp_path / "source", [0, 1], "ab")
    index(str(tmp_path / "source"), str(tmp_path / "out"))
    shard(tmp_path / "source", [1, 0], "ab", seed=5)

    def killed(*_: object) -> list:
        raise KeyboardInterrupt

    monkeypatch.setattr("lp_core.indexing.manifest.index_mixes", killed)
    with pytest.raises(KeyboardInterrupt):
        index(str(tmp_path / "source"), str(tmp_path / "out"))
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_train_refuses_a_poor_mix_before_it_starts_ray(tmp_path: Path) -> None:
    sorted_by_class(tmp_path / "source")
    index(str(tmp_path / "source"), str(tmp_path / "out"))
    data = DataSettings(path=str(tmp_path / "out"), lanes=4, shuffle_window=32)
    recipe = Recipe(name="demo", data=data, train=TrainSettings(batch_size=32))
    with (
        Session(recipe, Storage.at(tmp_path / "run")) as session,
        pytest.raises(LogpolarError, match="a training batch of 32 would hold 9 classes"),
    ):
        train(session)
    assert "cluster" not in vars(session)
