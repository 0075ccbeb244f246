"""`schedule` gives the paper's steps and the one-cycle learning rate."""

import pytest

from lp_core.network.schedule import learning_rate
from lp_core.settings import TrainSettings


def test_the_papers_steps():
    train = TrainSettings()
    rates = [learning_rate(train, epoch * 5005, 5005) for epoch in (0, 29, 30, 60, 99)]
    assert rates == pytest.approx([1e-2, 1e-2, 1e-3, 1e-4, 1e-5])


def test_one_cycle_rises_then_falls_to_nothing():
    train = TrainSettings(epochs=4, schedule="one-cycle", warmup_epochs=1, learning_rate=1.0)
    rates = [learning_rate(train, step, 10) for step in range(40)]
    peak = rates.index(max(rates))
    assert peak == 10
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.01


def test_the_rate_grows_with_the_batch():
    train = TrainSettings(batch_size=1024, learning_rate=0.01, reference_batch=256)
    assert learning_rate(train, 0, 10) == pytest.approx(0.04)
    assert learning_rate(TrainSettings(batch_size=1024, learning_rate=0.01), 0, 10) == pytest.approx(0.01)
    warm = TrainSettings(batch_size=1024, learning_rate=0.01, reference_batch=256, warmup_epochs=1)
    assert [learning_rate(warm, step, 9) for step in (0, 9)] == pytest.approx([0.004, 0.04])
