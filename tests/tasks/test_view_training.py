"""What a training leaves behind, and says; without Ray, whose part is only to carry the batches."""

import json
import math
from dataclasses import replace

import pytest
import torch

from lp_core.errors import TrainingError
from lp_core.network.compute import training_operations
from lp_core.network.learner import Learner
from lp_core.run.checkpoint import checkpoint_names
from lp_core.storage import Storage
from tasks import view_training
from tests.tasks.in_process import HostCopies, carried, interrupted_after, trained


@pytest.fixture
def recipe(small_recipe):
    return replace(small_recipe, train=replace(small_recipe.train, epochs=3, keep_checkpoints=1))


def train(recipe, folder, stream=carried):
    stage = trained(recipe, folder, stream)
    lines = [json.loads(line) for line in (folder / "cartesian" / "metrics.jsonl").read_text().splitlines()]
    return lines, stage.manifest()


def test_every_line_says_how_much_is_computed(recipe, tmp_path):
    lines, manifest = train(recipe, tmp_path)
    trained = [line for line in lines if "loss" in line]
    assert [line["step"] for line in trained] == list(range(1, 31))
    operations = training_operations(recipe.network, 12, 32)
    for line in trained:
        assert line["model_tflops"] == pytest.approx(line["images_per_s"] * operations / 1e12, abs=1e-4)
        assert "peak_share" not in line  # of a CPU it is not known
    assert manifest["images_per_s"] == pytest.approx(sum(line["images_per_s"] for line in trained) / 30, abs=0.1)


def test_the_best_checkpoint_is_kept_and_named(recipe, tmp_path):
    lines, manifest = train(recipe, tmp_path)
    measured = [line for line in lines if "validation_top1" in line]
    assert [line["step"] for line in measured] == [10, 20, 30]
    best = max(measured, key=lambda line: (line["validation_top1"], line["step"]))["step"]
    assert manifest["best_checkpoint"] == f"step-{best:09d}"
    names = checkpoint_names(Storage.at(tmp_path) / "cartesian" / "checkpoints")
    assert set(names) == {f"step-{step:09d}" for step in (best, 30)}


def test_a_plateau_is_said_once_an_epoch(recipe, tmp_path):
    stuck = replace(
        recipe,
        network=replace(recipe.network, initialization="torchvision"),  # logits start, and here stay, near zero
        train=replace(recipe.train, learning_rate=1e-9, epochs=2),
    )
    lines, _ = train(stuck, tmp_path)
    notes = [line for line in lines if "note" in line]
    assert [line["step"] for line in notes] == [10, 20]
    assert f"classes, {math.log(12):.3f}. If this stays" in notes[0]["note"]
    assert "validation_top1" in lines[-1]


@pytest.mark.parametrize(("log_every", "checkpoint_every"), [(1, None), (7, 4), (1000, None)])
def test_a_loss_that_is_no_number_is_named_and_nothing_is_kept_of_it(
    recipe, tmp_path, monkeypatch, log_every, checkpoint_every
):
    """Whenever it is read: at a line, before a checkpoint, or before the epoch's validation."""
    learn = Learner.learn

    def spoilt(self, *batch):
        if self.step == 5:
            with torch.no_grad():
                self.network.classifier[6].bias.fill_(math.nan)
        return learn(self, *batch)

    monkeypatch.setattr(Learner, "learn", spoilt)
    train_settings = replace(recipe.train, log_every_steps=log_every, checkpoint_every_steps=checkpoint_every)
    with pytest.raises(TrainingError, match=r"the loss is nan at step 5; lower train\.learning-rate"):
        trained(replace(recipe, train=train_settings), tmp_path)
    kept = checkpoint_names(Storage.at(tmp_path) / "cartesian" / "checkpoints")
    assert list(kept) == (["step-000000004"] if checkpoint_every else [])
    metrics = tmp_path / "cartesian" / "metrics.jsonl"
    lines = [json.loads(line) for line in metrics.read_text().splitlines()] if metrics.exists() else []
    assert all(line["step"] <= 5 and math.isfinite(line["loss"]) for line in lines)


def test_fed_ahead_it_learns_the_same(recipe, tmp_path, monkeypatch):
    """The feeder of a GPU, its copies made in memory: weights are equal to the bit."""
    weights = []
    for name, copies in (("plain", None), ("ahead", HostCopies())):
        monkeypatch.setattr(view_training, "copies_to", lambda _, copies=copies: copies)
        trained(replace(recipe, train=replace(recipe.train, epochs=1)), tmp_path / name)
        weights.append((tmp_path / name / "cartesian" / "weights.safetensors").read_bytes())
    assert weights[0] == weights[1]


def test_interrupted_it_writes_every_line_once(recipe, tmp_path):
    whole, _ = train(recipe, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "halves", interrupted_after(17))
    halves, _ = train(recipe, tmp_path / "halves")
    timed = {"seconds", "images_per_s", "waiting_share", "model_tflops"}
    stripped = [[{k: v for k, v in line.items() if k not in timed} for line in lines] for lines in (whole, halves)]
    assert stripped[0] == stripped[1]
