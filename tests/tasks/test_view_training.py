"""What a training leaves behind, and says; without Ray, whose part is only to carry the batches."""

import json
import math
from dataclasses import replace

import pytest

from lp_core.network.compute import training_operations
from lp_core.run.checkpoint import checkpoint_names
from lp_core.storage import Storage
from tests.tasks.in_process import carried, interrupted_after, trained


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
    assert f"classes {math.log(12):.3f}: nothing is learned yet" in notes[0]["note"]
    assert "validation_top1" in lines[-1]


def test_interrupted_it_writes_every_line_once(recipe, tmp_path):
    whole, _ = train(recipe, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "halves", interrupted_after(17))
    halves, _ = train(recipe, tmp_path / "halves")
    timed = {"seconds", "images_per_s", "waiting_share", "model_tflops"}
    stripped = [[{k: v for k, v in line.items() if k not in timed} for line in lines] for lines in (whole, halves)]
    assert stripped[0] == stripped[1]
