"""A `Tally` counts what `counts` does, adds up in any order, and names the first loss that was not a number."""

import math

import pytest
import torch

from lp_core.network.accuracy import Counts, counts
from lp_core.network.tally import Failure, Tally, joined


def batch(images: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits_NC = torch.randn(images, 12, generator=generator).round(decimals=1)  # with ties
    return logits_NC, torch.randint(12, (images,), generator=generator)


def test_it_counts_what_is_counted_at_once() -> None:
    expected, tally = Counts(), Tally.empty("cpu")
    for seed, images in enumerate([7, 1, 30, 0, 12]):
        logits_NC, label_N = batch(images, seed)
        expected += counts(logits_NC, label_N)
        tally += Tally.of(logits_NC, label_N, seed, logits_NC.sum())
    assert tally.read() == (expected, None)  # the loss, too, to the last bit


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_the_first_step_that_went_wrong_is_named_in_any_order(order: tuple[int, ...]) -> None:
    losses = [1.0, 2.0, math.inf, math.nan]
    steps = [Tally.of(*batch(3, step), 10 + step, torch.tensor(loss)) for step, loss in enumerate(losses)]
    total = Tally.empty("cpu")
    for step in order:
        total += steps[step]
    assert total.read()[1] == Failure(12, math.inf)
    assert total.read()[0].images == 12


def test_without_a_loss_a_logit_that_is_nan_is_a_failure_and_an_infinite_one_is_not() -> None:
    logits_NC, label_N = batch(4, 0)
    logits_NC[1, 2] = -math.inf
    assert Tally.of(logits_NC, label_N, 5).read()[1] is None
    logits_NC[3, 0] = math.nan
    _, failure = Tally.of(logits_NC, label_N, 5).read()
    assert failure is not None
    assert failure.step == 5
    assert math.isnan(failure.loss)


def test_several_workers_are_one() -> None:
    parts = [Tally.of(*batch(images, images), images, torch.tensor(1.0)) for images in (2, 5)]
    bad = Tally.of(*batch(3, 0), 4, torch.tensor(math.nan))
    found, failure = joined([part.number_6 for part in (*parts, bad)])
    whole, none = (parts[0] + parts[1]).read()
    assert found.images == whole.images + 3
    assert (none, failure is not None and failure.step) == (None, 4)
