"""Pointing accuracy: equal to its slow twin and to SciPy, and right on planted maps."""

import numpy as np
import pytest
from scipy import stats

from lp_core.dataset.boxes import Box
from lp_core.images.crop import Crop
from lp_core.measures.likelihood_map import LikelihoodMap
from lp_core.measures.pointing import Pointing, pointing, pointing_accuracy
from tests.reference import pointing as twin

CROP = Crop(10, 20, 80, 100)


def random_map(rng, grid=7):
    likelihood = rng.integers(0, 6, (grid, grid)) / 10  # with ties
    return LikelihoodMap(np.stack([likelihood, 1 - likelihood], -1), CROP)


def random_boxes(rng):
    corners = rng.integers(0, 100, (rng.integers(1, 4), 2))
    return [Box("x", top, left, top + rng.integers(1, 60), left + rng.integers(1, 60)) for top, left in corners]


def test_every_photograph_is_as_its_slow_twin_says():
    rng, seen = np.random.default_rng(0), set()
    for _ in range(200):
        map, boxes = random_map(rng), random_boxes(rng)
        label = int(rng.integers(2))
        edges = [(box.top, box.left, box.bottom, box.right) for box in boxes]
        likelihood = map.probability_GGC[..., label].tolist()
        expected = twin.inside((10, 20, 90, 120), edges, likelihood, 7)
        answer = pointing(map, label, boxes)
        assert (answer.best, answer.centre) == expected[:2]
        assert answer.any_fixation == pytest.approx(expected[2])
        other = twin.inside((10, 20, 90, 120), edges, map.probability_GGC[..., 1 - label].tolist(), 7)
        assert answer.other_class == other[0]
        seen.add((answer.best, answer.centre))
    assert len(seen) == 4


def test_shares_and_intervals_are_as_twin_and_scipy_say():
    rng = np.random.default_rng(1)
    pointings = [Pointing(bool(a < 0.7), bool(b < 0.5), float(c), float(d)) for a, b, c, d in rng.random((60, 4))]
    found = pointing_accuracy(pointings, np.random.default_rng(0))
    sums, only_best, only_centre = twin.shares([(each.best, each.centre, each.any_fixation) for each in pointings])
    estimates = [each.estimate for each in (found.best, found.centre, found.any_fixation, found.gain)]
    np.testing.assert_allclose(estimates, sums)
    for interval in (found.best, found.centre):
        oracle = stats.binomtest(round(interval.estimate * 60), 60).proportion_ci(method="wilson")
        assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high))
        assert interval.n == 60
    assert found.p == pytest.approx(stats.binomtest(only_best, only_best + only_centre).pvalue)
    # Paired: of about the width that the differences' own spread gives.
    difference = np.array([int(each.best) - int(each.centre) for each in pointings])
    half = 1.96 * difference.std(ddof=1) / np.sqrt(60)
    assert (found.gain.high - found.gain.low) / 2 == pytest.approx(half, rel=0.15)


def test_the_interval_of_the_gain_holds_the_truth_as_often_as_it_says():
    rng, covered = np.random.default_rng(2), 0
    for _ in range(100):
        hits = rng.random((80, 2)) < (0.6, 0.5)
        found = pointing_accuracy([Pointing(bool(a), bool(b), 0.3, 0.3) for a, b in hits], rng)
        covered += found.gain.low <= 0.1 <= found.gain.high
    assert covered >= 88  # 95 expected; fewer with probability 0.003


def test_other_classes_count_the_same_and_one_class_alone_is_compared_with_chance():
    probability_GGC = np.zeros((3, 3, 4))
    for place, label in (((0, 0), 0), ((0, 0), 1), ((2, 2), 2), ((0, 1), 3)):
        probability_GGC[(*place, label)] = 1.0
    box = Box("x", CROP.top, CROP.left, CROP.top + 10, CROP.left + 60)  # the first two fixations of the upper edge
    assert pointing(LikelihoodMap(probability_GGC, CROP), 0, [box]).other_class == pytest.approx(2 / 3)
    assert pointing(LikelihoodMap(probability_GGC[..., :1], CROP), 0, [box]).other_class == pytest.approx(2 / 9)


def test_what_the_class_adds_is_paired_by_photograph():
    rng = np.random.default_rng(3)
    pointings = [Pointing(bool(a < 0.8), False, 0.0, float(b)) for a, b in rng.random((40, 2))]
    found = pointing_accuracy(pointings, np.random.default_rng(0))
    assert found.other_class.estimate == pytest.approx(np.mean([each.other_class for each in pointings]))
    assert found.gain_of_class.estimate == pytest.approx(np.mean([each.best - each.other_class for each in pointings]))
    assert found.gain_of_class.low < found.gain_of_class.estimate < found.gain_of_class.high


def test_one_who_never_moves_gains_nothing():
    found = pointing_accuracy(
        [Pointing(hit, hit, 0.2, 0.2) for hit in (True, False, True, True)], np.random.default_rng(0)
    )
    assert (found.gain.estimate, found.gain.low, found.gain.high, found.p) == (0, 0, 0, 1)
    assert found.best == found.centre


def test_one_photograph_has_no_interval_of_the_gain():
    found = pointing_accuracy([Pointing(True, False, 0.2, 0.2)], np.random.default_rng(0))
    assert found.gain.estimate == 1
    assert np.isnan(found.gain.low)


def test_no_photographs_and_no_boxes_are_refused():
    with pytest.raises(ValueError, match="no photographs with boxes"):
        pointing_accuracy([], np.random.default_rng(0))
    with pytest.raises(ValueError, match="no box"):
        pointing(random_map(np.random.default_rng(0)), 0, [])
