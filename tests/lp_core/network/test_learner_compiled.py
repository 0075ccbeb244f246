"""A compiled `learner` learns the same as an uncompiled one; a missing compiler is reported in one line."""

from dataclasses import replace

import pytest

from lp_core.dataset.feed import Reading
from lp_core.errors import LogpolarError
from tasks.from_recipe import feed_of, learner_of

pytestmark = pytest.mark.slow  # a minute


@pytest.fixture
def recipe(small_recipe):
    return replace(
        small_recipe,
        network=replace(small_recipe.network, dropout=0.5),
        train=replace(small_recipe.train, compile="on", optimizer="sgd", deterministic=False),
    )


@pytest.mark.filterwarnings("default")  # the compiler's own
def test_compiled_it_learns_the_same(recipe):
    eager = replace(recipe, train=replace(recipe.train, compile="off"))
    given = list(feed_of(recipe, "log_polar").batches(Reading("train", 0, 3)))
    losses = []
    for one in (learner_of(eager, "log_polar", 12, 10), learner_of(recipe, "log_polar", 12, 10)):
        losses.append([one.learn(b.images_NSRC, b.labels_N, len(b.rows_N)).read()[0].loss_sum for b in given])
        assert all(not name.startswith("network/_orig") for name in one.state())
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


@pytest.mark.filterwarnings("default")
def test_a_compiler_that_is_missing_is_told(recipe):
    import torch
    import torch._inductor.config

    torch.compiler.reset()
    [batch] = feed_of(recipe, "cartesian").batches(Reading("train", 0, 1))
    with (
        torch._inductor.config.patch({"cpp.cxx": ("/nowhere/g++",), "force_disable_caches": True}),
        pytest.raises(
            LogpolarError, match=r"train\.compile is on, but torch\.compile fails here \(.*give train.compile off"
        ),
    ):
        learner_of(recipe, "cartesian", 12, 10).learn(batch.images_NSRC[:5], batch.labels_N[:5], 5)
