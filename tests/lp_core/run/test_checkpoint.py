"""`checkpoint` keeps the newest and the best, skips damaged files, and refuses another training's."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lp_core.errors import LogpolarError
from lp_core.run.checkpoint import (
    Checkpoint,
    best_checkpoint,
    check_space,
    checkpoint_names,
    newest_checkpoint,
    save_checkpoint,
)
from lp_core.storage import Storage
from tasks.from_recipe import learner_of


@pytest.fixture
def folder(tmp_path):
    storage = Storage.at(tmp_path)
    for step in (10, 20, 30):
        save_checkpoint(storage, Checkpoint(step, {"w": torch.full((3,), step)}, {"fingerprint": "f"}), keep=2)
    return storage


def test_the_newest_are_kept(folder):
    assert checkpoint_names(folder) == ["step-000000020", "step-000000030"]
    found, damaged = newest_checkpoint(folder, "f")
    assert (found.step, damaged) == (30, [])
    assert torch.equal(found.tensors["w"], torch.full((3,), 30))


def test_the_best_is_kept_besides(tmp_path):
    storage = Storage.at(tmp_path)
    for step, top1 in ((1, 50.0), (2, 70.0), (3, None), (4, 70.0), (5, 60.0), (6, None)):
        facts = {"fingerprint": "f"} if top1 is None else {"fingerprint": "f", "validation_top1": top1}
        save_checkpoint(storage, Checkpoint(step, {"w": torch.full((3,), step)}, facts), keep=1)
    assert checkpoint_names(storage) == ["step-000000004", "step-000000006"]
    assert best_checkpoint(storage) == "step-000000004"
    assert newest_checkpoint(storage, "f")[0].step == 6
    (tmp_path / "step-000000004.json").write_text("{")
    assert best_checkpoint(storage) is None


@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "json"])
def test_a_damaged_one_is_named_and_the_one_before_used(folder, tmp_path, damage):
    data, vouch = tmp_path / "step-000000030.safetensors", tmp_path / "step-000000030.json"
    content = bytearray(data.read_bytes())
    if damage == "flip":
        content[-1] ^= 1
        data.write_bytes(content)
    elif damage == "cut":
        data.write_bytes(content[:-5])
    elif damage == "gone":
        data.unlink()
    else:
        vouch.write_text("{")
    found, damaged = newest_checkpoint(folder, "f")
    assert found.step == 20
    assert len(damaged) == 1
    assert "step-000000030 is damaged" in damaged[0]


def test_a_checkpoint_without_its_voucher_does_not_exist(folder, tmp_path):
    (tmp_path / "step-000000030.json").unlink()
    assert newest_checkpoint(folder, "f")[0].step == 20


def test_another_trainings_checkpoint_is_refused(folder):
    with pytest.raises(LogpolarError, match="other settings"):
        newest_checkpoint(folder, "g")


def test_no_checkpoint_is_no_error(tmp_path):
    assert newest_checkpoint(Storage.at(tmp_path / "none"), "f") == (None, [])


def test_a_disk_that_is_too_small_is_refused(tmp_path, small_recipe):
    check_space(Storage.at(tmp_path), small_recipe.network, small_recipe.train, 12, 2)
    greedy = replace(small_recipe.train, keep_checkpoints=10**9)
    with pytest.raises(LogpolarError, match=r"MB are free, but [\d,]+ MB are needed .* lower train\.keep-checkpoints"):
        check_space(Storage.at(tmp_path), small_recipe.network, greedy, 12, 2)
    check_space(Storage("s3://bucket/run"), small_recipe.network, greedy, 12, 2)


def test_the_space_is_that_of_the_files(tmp_path, small_recipe):
    learner = learner_of(small_recipe, "cartesian", 12, steps_per_epoch=10)
    learner.learn(np.zeros((3, 32, 32, 3), np.uint8), np.zeros(3, np.int64), 3)
    folder = Storage.at(tmp_path)
    save_checkpoint(folder, Checkpoint(1, learner.state(), {}), keep=1)
    written = folder.contents().files["step-000000001.safetensors"]
    parameters = sum(value.numel() for value in learner.network.parameters())
    assert written == pytest.approx(4 * parameters * 3, rel=0.05)  # AdamW
