"""`predictions` joins parts in any order, and compares two views by McNemar's exact test."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from lp_core.network.accuracy import counts, wilson_interval
from lp_core.network.predictions import Predictions, comparison, mcnemar

NAMES = [f"class {label}" for label in range(8)]


def predictions(images: int, seed: int = 0) -> tuple[Predictions, torch.Tensor, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits = torch.tensor(rng.integers(-3, 4, (images, 8)), dtype=torch.float32)  # with many ties
    labels = rng.integers(0, 7, images)  # no image of the last class
    return Predictions.of(np.arange(images), logits, labels), logits, labels


def test_sums_are_those_of_counts():
    found, logits, labels = predictions(200)
    expected = counts(logits, torch.tensor(labels))
    assert (found.counts().top1, found.counts().top5) == (expected.top1, expected.top5)
    assert found.counts().loss_sum == pytest.approx(expected.loss_sum, rel=1e-12)
    assert np.array_equal(found.predicted_N == labels, found.rank_N == 0)


def test_parts_join_in_any_order_to_the_same_bytes():
    whole, logits, labels = predictions(90)
    cuts = [slice(0, 7), slice(7, 50), slice(50, 90)]
    parts = [Predictions.of(np.arange(90)[cut], logits[cut], labels[cut]) for cut in cuts]
    ids = [f"image {row}" for row in range(90)]
    for order in ([0, 1, 2], [2, 0, 1]):
        joined = Predictions.joined([parts[place] for place in order])
        assert joined.table(ids).equals(whole.table(ids))
        assert joined.counts() == whole.counts()


def test_no_parts_join_to_nothing():
    empty = Predictions.joined([])
    assert len(empty.row_N) == 0
    assert Predictions.joined([empty, predictions(5)[0]]).counts() == predictions(5)[0].counts()


def test_the_table_comes_back():
    whole = predictions(30)[0]
    read = Predictions.from_table(whole.table([str(row) for row in range(30)]))
    assert all(np.array_equal(value, vars(whole)[name]) for name, value in vars(read).items())


def test_classes_by_a_plain_loop():
    found, logits, labels = predictions(300)
    table = found.by_class(NAMES).to_pylist()
    assert [line["class_name"] for line in table] == NAMES
    assert sum(line["images"] for line in table) == 300
    for label, line in enumerate(table[:7]):
        mine = [row for row in range(300) if labels[row] == label]
        answers = [min(c for c in range(8) if logits[row, c] == logits[row].max()) for row in mine]
        hits = answers.count(label)
        assert line["images"] == len(mine)
        assert line["top1"] == pytest.approx(100 * hits / len(mine))
        assert (line["top1_low"], line["top1_high"]) == tuple(100 * end for end in wilson_interval(hits, len(mine)))
        wrong = [answer for answer in answers if answer != label]
        most = max(range(8), key=lambda c: (wrong.count(c), -c))
        assert (line["confused_with"], line["confused_images"]) == (NAMES[most], wrong.count(most))
    empty = table[7]
    assert empty["images"] == 0
    assert empty["top1"] is None


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_exact_binomial_test(only_a: int, only_b: int) -> None:
    expected = binomtest(only_a, only_a + only_b, 0.5).pvalue if only_a + only_b else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_of_a_large_split_does_not_underflow_into_nonsense():
    assert mcnemar(20_000, 20_400) == pytest.approx(binomtest(20_000, 40_400).pvalue, rel=1e-6)
    assert mcnemar(0, 5_000) == 0.0


def test_a_comparison_counts_every_image_once():
    a, b = predictions(150, 0)[0], predictions(150, 1)[0]
    b = Predictions(b.row_N, a.label_N, b.predicted_N, b.rank_N, b.loss_N)
    found = comparison(a, b)
    for name, places in (("top1", 1), ("top5", 5)):
        one = found[name]
        assert one["both"] + one["only_a"] + one["only_b"] + one["neither"] == 150
        assert one["both"] + one["only_a"] == (a.rank_N < places).sum()
        assert one["both"] + one["only_b"] == (b.rank_N < places).sum()
        accuracies = [100 * float((p.rank_N < places).mean()) for p in (a, b)]
        assert one["difference"] == pytest.approx(accuracies[0] - accuracies[1])
        assert one["p_value"] == mcnemar(one["only_a"], one["only_b"])


def test_other_images_are_not_compared():
    with pytest.raises(ValueError, match="same images"):
        comparison(predictions(10)[0], predictions(11)[0])


def test_nothing_joined_is_nothing_seen():
    assert Predictions.joined([]).counts().images == 0
