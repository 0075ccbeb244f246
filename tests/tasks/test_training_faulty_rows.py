"""Rows that turn out undecodable while a network is trained; without Ray, whose part is only to carry the batches."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from lp_core.dataset.feed import FAULTY, Reading
from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import LogpolarError
from lp_core.network.inputs import normalized
from lp_core.settings import Recipe
from tasks.from_recipe import feed_of, learner_of
from tests.conftest import FAULTY_ROWS
from tests.tasks.in_process import interrupted_after, trained


@pytest.fixture
def recipe(small_recipe: Recipe, faulty_folder: str) -> Recipe:
    data = replace(small_recipe.data, path=faulty_folder, max_quarantined=0.05)
    return replace(small_recipe, data=data, train=replace(small_recipe.train, checkpoint_every_steps=3))


def test_faulty_rows_are_named_and_the_counts_reconcile(recipe: Recipe, tmp_path: Path) -> None:
    trained(recipe, tmp_path)
    named = json.loads((tmp_path / "cartesian" / "quarantined.json").read_text())
    assert {split: [one["row"] for one in named if one["split"] == split] for split in FAULTY_ROWS} == FAULTY_ROWS
    dataset = DatasetFolder.open(recipe.data.path)
    assert [one["image_id"] for one in named] == [dataset.rows(one["split"]).image_id(one["row"]) for one in named]
    reasons = [one["reason"] for one in named]
    assert "damaged" in reasons[0]
    assert reasons[1] == "the file is empty"
    assert reasons[2] == "not an image: 26 bytes that start with b'<html>40'"
    assert named[1]["where"] == "data/train-00000-of-00001.parquet, row group 0, row 77"
    manifest = json.loads((tmp_path / "cartesian" / "stages" / "train.json").read_text())
    assert (manifest["train_images"], manifest["train_quarantined"]) == (237, 3)
    assert (manifest["validation_images"], manifest["validation_quarantined"]) == (58, 2)


def test_stopped_and_started_again_it_ends_with_the_same_bytes(recipe: Recipe, tmp_path: Path) -> None:
    trained(recipe, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(recipe, tmp_path / "halves", interrupted_after(8))
    trained(recipe, tmp_path / "halves")
    for name in ("weights.safetensors", "quarantined.json"):
        one, other = (tmp_path / folder / "cartesian" / name for folder in ("whole", "halves"))
        assert one.read_bytes() == other.read_bytes(), name


def test_more_than_the_share_stop_the_training_also_when_it_is_started_again(recipe: Recipe, tmp_path: Path) -> None:
    strict = replace(recipe, data=replace(recipe.data, max_quarantined=0.01))
    for _ in range(2):
        with pytest.raises(LogpolarError, match=r"^3 of 240 rows hold no usable image .*data.max-quarantined 0.01$"):
            trained(strict, tmp_path)
    trained(recipe, tmp_path)  # another share is no other training


def test_a_faulty_row_adds_nothing_to_the_gradient_and_keeps_its_share_of_the_mean(recipe: Recipe) -> None:
    still = replace(recipe, network=replace(recipe.network, dropout=0.0))
    batches = feed_of(still, "cartesian").batches(Reading("train", 0, 10))
    batch = next(batch for batch in batches if batch.faulty_rows)
    one, twin = (learner_of(still, "cartesian", 12, steps_per_epoch=10) for _ in range(2))
    counts, _ = one.learn(batch.usable.images_NSRC, batch.usable.labels_N, len(batch.rows_N)).read()
    assert counts.images == len(batch.rows_N) - len(batch.faulty_rows)
    logits = twin.network(normalized(batch.images_NSRC, twin.device))
    labels = torch.tensor(batch.labels_N)
    loss = functional.cross_entropy(logits, labels, ignore_index=FAULTY, reduction="sum") / len(labels)
    loss.backward()
    for mine, theirs in zip(one.network.parameters(), twin.network.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-4, atol=1e-6)
