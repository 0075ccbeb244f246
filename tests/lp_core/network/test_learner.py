"""`learner` fits eight images, accumulates parts exactly, and resumes to the same bits."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lp_core.dataset.feed import Reading
from lp_core.errors import LogpolarError
from lp_core.network.kernels import deterministic_kernels
from tasks.from_recipe import feed_of, learner_of


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with deterministic_kernels():
        yield
    torch.set_num_threads(threads)


def learner(recipe, view="log_polar", **changes):
    recipe = replace(recipe, train=replace(recipe.train, **changes))
    return learner_of(recipe, view, 12, steps_per_epoch=10)


def batches(recipe, count, view="log_polar"):
    return list(feed_of(recipe, view).batches(Reading("train", 0, count)))


def losses(one, given):
    return [one.learn(b.images_NSRC, b.labels_N, len(b.rows_N), b.rows_N).read()[0].loss_sum for b in given]


def test_eight_images_are_learned_by_heart(small_recipe):
    network = replace(small_recipe.network, dropout=0.0, width=1 / 8)
    one = learner_of(replace(small_recipe, network=network), "log_polar", 12, steps_per_epoch=60)
    [batch] = batches(small_recipe, 1)
    images, labels = batch.images_NSRC[:8], batch.labels_N[:8]
    for _ in range(60):
        one.learn(images, labels, 8)
    assert one.evaluate(images, labels).read()[0].top1 == 8


def test_small_parts_add_up_to_the_whole_step(small_recipe):
    recipe = replace(small_recipe, network=replace(small_recipe.network, dropout=0.5))
    given = batches(recipe, 3)
    whole, parts = learner(recipe, optimizer="sgd"), learner(recipe, optimizer="sgd", micro_batch=7)
    assert losses(whole, given) == pytest.approx(losses(parts, given), rel=1e-5)
    for name, value in whole.network.state_dict().items():
        torch.testing.assert_close(parts.network.state_dict()[name], value, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_resumed_training_is_the_same_bit_for_bit(small_recipe, optimizer):
    given = batches(small_recipe, 6)
    straight = learner(small_recipe, optimizer=optimizer)
    expected = losses(straight, given)
    first = learner(small_recipe, optimizer=optimizer)
    before = losses(first, given[:3])
    second = learner(small_recipe, optimizer=optimizer)
    second.load({name: value.clone() for name, value in first.state().items()}, 3)
    assert before + losses(second, given[3:]) == expected
    for name, value in straight.state().items():
        assert torch.equal(value, second.state()[name]), name


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_training_with_a_fused_optimiser_resumes_the_same(small_recipe, optimizer):
    """Fused kernels pair numbers as they lie in memory: what is loaded has to lie as the weights do."""
    given = batches(small_recipe, 4)
    straight, first, second = (learner(small_recipe, optimizer=optimizer, deterministic=False) for _ in range(3))
    expected, before = losses(straight, given), losses(first, given[:2])
    second.load({name: value.clone() for name, value in first.state().items()}, 2)
    for parameter, slots in second.optimizer.state.items():
        assert all(slot.stride() == parameter.stride() for slot in slots.values() if slot.ndim)
    assert before + losses(second, given[2:]) == expected
    for name, value in straight.state().items():
        assert torch.equal(value, second.state()[name]), name


def test_a_worker_without_images_changes_nothing(small_recipe):
    one = learner(small_recipe, weight_decay=0.0, optimizer="sgd")
    before = {name: value.clone() for name, value in one.network.state_dict().items()}
    counts, failure = one.learn(np.zeros((0, 32, 32, 3), np.uint8), np.zeros(0, np.int64), 24).read()
    assert (counts.images, failure) == (0, None)
    assert all(torch.equal(value, before[name]) for name, value in one.network.state_dict().items())


def test_a_loss_that_is_no_number_is_said(small_recipe):
    one = learner(small_recipe)
    with torch.no_grad():
        one.network.classifier[6].bias.fill_(float("nan"))
    [batch] = batches(small_recipe, 1)
    steps = [one.learn(batch.images_NSRC, batch.labels_N, 24) for _ in range(2)]
    _, failure = (steps[1] + steps[0]).read()
    with pytest.raises(LogpolarError, match=r"the loss is nan at step 0; lower train\.learning-rate"):
        one.check(failure)
