"""`accuracy` counts top-1 and top-5 as torch.topk does; intervals are Wilson's."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from lp_core.network.accuracy import Counts, counts, wilson_interval


def batch(images: int, classes: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(images, classes, generator=generator), torch.randint(classes, (images,), generator=generator)


@pytest.mark.parametrize("classes", [2, 5, 6, 1000])
def test_agrees_with_topk_where_nothing_is_tied(classes: int) -> None:
    logits, labels = batch(200, classes)
    found = counts(logits, labels)
    hit = logits.topk(min(5, classes)).indices == labels[:, None]
    assert (found.top1, found.top5) == (int(hit[:, 0].sum()), int(hit.sum()))
    assert found.loss_sum == pytest.approx(float(torch.nn.CrossEntropyLoss(reduction="sum")(logits, labels)), rel=1e-5)


def test_of_equal_logits_the_lower_class_comes_first() -> None:
    logits = torch.zeros(8, 8)
    assert counts(logits, torch.arange(8)) == Counts(8, 1, 5, pytest.approx(8 * torch.tensor(8.0).log().item()))


def test_halves_add_up_to_the_whole() -> None:
    logits, labels = batch(101, 12)
    whole = counts(logits, labels)
    parts = counts(logits[:40], labels[:40]) + counts(logits[40:], labels[40:])
    assert (parts.images, parts.top1, parts.top5) == (whole.images, whole.top1, whole.top5)
    assert parts.loss_sum == pytest.approx(whole.loss_sum, rel=1e-14)


def test_low_precision_counts_the_logits_it_was_given() -> None:
    logits, labels = batch(64, 10)
    assert counts(logits.bfloat16(), labels) == counts(logits.bfloat16().float(), labels)


def test_nan_is_never_a_hit() -> None:
    logits, labels = batch(4, 10)
    logits[2, 3] = torch.nan
    with pytest.raises(ValueError, match="diverged"):
        counts(logits, labels)


@given(st.integers(1, 60_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_is_wilson(case: tuple[int, int]) -> None:
    expected = binomtest(*case).proportion_ci(method="wilson")
    assert wilson_interval(*case) == pytest.approx((expected.low, expected.high), abs=1e-12)
    low, high = wilson_interval(*case)
    assert 0 <= low <= case[0] / case[1] <= high <= 1


def test_summary_is_in_percent_and_survives_json() -> None:
    summary = Counts(50_000, 35_780, 45_190, 60_000.0).summary()
    assert (summary["top1"], summary["top5"], summary["loss"]) == (71.56, 90.38, 1.2)
    assert summary["unit"] == "percent"
    assert summary["top1_ci95"] == pytest.approx([71.163, 71.954], abs=1e-3)
    assert json.loads(json.dumps(summary)) == summary


def test_nothing_counted_has_no_accuracy() -> None:
    with pytest.raises(ValueError, match="no image"):
        Counts().summary()
