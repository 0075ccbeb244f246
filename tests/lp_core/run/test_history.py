"""`history` keeps the weights of the requested epochs, and only those of the same training."""

from dataclasses import replace

import pytest
import torch

from lp_core.errors import LogpolarError
from lp_core.fingerprint import checksum
from lp_core.run.history import epoch_weights, keep_weights, kept_weights
from lp_core.run.weights import load_network
from lp_core.storage import Storage
from tasks.from_recipe import learner_of


@pytest.fixture
def folder(tmp_path):
    return Storage.at(tmp_path)


@pytest.fixture
def trained(folder, small_recipe):
    """What a training leaves behind that keeps every second of its seven epochs; its weights are all equal."""
    train = replace(small_recipe.train, epochs=7, keep_weights_every_epochs=2)
    learner = learner_of(replace(small_recipe, train=train), "log_polar", 12, steps_per_epoch=3)
    for learner.step in range(1, 22):
        keep_weights(folder, learner, "this one")
    return learner


def test_the_weights_of_the_wanted_epochs_are_kept(folder, trained, small_recipe):
    kept = kept_weights(folder, "this one")
    assert list(kept) == [2, 4, 6]
    assert all(checksum(folder.read_bytes(epoch_weights(epoch))) == weights for epoch, weights in kept.items())
    network = load_network(folder, small_recipe.network, "log_polar", 12, epoch_weights(4))
    expected = trained.network.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in network.state_dict().items())


def test_the_last_epoch_is_the_finished_weights(folder, trained, small_recipe):
    trained.train, trained.step = replace(small_recipe.train, epochs=8, keep_weights_every_epochs=4), 24
    keep_weights(folder, trained, "another")
    assert kept_weights(folder, "another") == {}


def test_weights_of_another_training_are_not_taken(folder, trained):
    folder.write_bytes("history/epoch_003/exemplars.parquet", b"")
    assert kept_weights(folder, "that one") == {}
    assert kept_weights(folder / "empty", "this one") == {}


def test_none_are_kept_unless_wanted(tmp_path, small_recipe):
    learner = learner_of(small_recipe, "log_polar", 12, steps_per_epoch=3)
    learner.step = 3
    keep_weights(Storage.at(tmp_path / "none"), learner, "this one")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("every", [0, 1, 5])
def test_the_weights_before_the_first_step_are_always_kept(folder, small_recipe, every):
    train = replace(small_recipe.train, epochs=1, keep_weights_every_epochs=every)
    learner = learner_of(replace(small_recipe, train=train), "cartesian", 12, steps_per_epoch=3)
    for learner.step in range(4):
        keep_weights(folder, learner, "this one")
    assert list(kept_weights(folder, "this one")) == [0]


def test_a_negative_interval_is_refused(small_recipe):
    with pytest.raises(LogpolarError, match=r"train\.keep-weights-every-epochs is -1"):
        replace(small_recipe.train, keep_weights_every_epochs=-1)
