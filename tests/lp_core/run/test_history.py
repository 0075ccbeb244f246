"""`history` keeps the weights of the requested epochs, and only those of the same training."""

from dataclasses import replace

import pytest
import torch

from lp_core.errors import SettingError
from lp_core.fingerprint import checksum
from lp_core.network.learner import Learner
from lp_core.run.history import epoch_weights, keep_weights, kept_weights
from lp_core.run.weights import load_network
from lp_core.storage import Storage


@pytest.fixture
def folder(tmp_path):
    return Storage.at(tmp_path)


@pytest.fixture
def trained(folder, small_recipe):
    """What a training leaves behind that keeps every second of its seven epochs; its weights are all equal."""
    train = replace(small_recipe.train, epochs=7, keep_weights_every_epochs=2)
    learner = Learner(replace(small_recipe, train=train), "log_polar", 12, steps_per_epoch=3)
    for learner.step in range(1, 22):
        keep_weights(folder, learner, "this one")
    return learner


def test_the_weights_of_the_wanted_epochs_are_kept(folder, trained):
    kept = kept_weights(folder, "this one")
    assert list(kept) == [2, 4, 6]
    assert all(checksum(folder.read_bytes(epoch_weights(epoch))) == weights for epoch, weights in kept.items())
    network = load_network(folder, trained.recipe, "log_polar", 12, epoch_weights(4))
    expected = trained.network.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in network.state_dict().items())


def test_the_last_epoch_is_the_finished_weights(folder, trained, small_recipe):
    train = replace(small_recipe.train, epochs=8, keep_weights_every_epochs=4)
    trained.recipe, trained.step = replace(small_recipe, train=train), 24
    keep_weights(folder, trained, "another")
    assert kept_weights(folder, "another") == {}


def test_weights_of_another_training_are_not_taken(folder, trained):
    folder.write_bytes("history/epoch_003/exemplars.parquet", b"")
    assert kept_weights(folder, "that one") == {}
    assert kept_weights(folder / "empty", "this one") == {}


def test_none_are_kept_unless_wanted(tmp_path, small_recipe):
    learner = Learner(small_recipe, "log_polar", 12, steps_per_epoch=3)
    learner.step = 3
    keep_weights(Storage.at(tmp_path / "none"), learner, "this one")
    assert not (tmp_path / "none").exists()


def test_a_negative_interval_is_refused(small_recipe):
    with pytest.raises(SettingError, match=r"train\.keep-weights-every-epochs is -1"):
        replace(small_recipe.train, keep_weights_every_epochs=-1)
