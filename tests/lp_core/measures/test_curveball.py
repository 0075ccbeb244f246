"""`curveball`: both margins stay, every placement is equally likely, and plain trades give the same distribution."""

import itertools
import random
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from lp_core.measures.curveball import curveball
from lp_core.measures.grouping import concordance
from tests.lp_core.measures.simulated import popular_nines
from tests.reference.curveball import all_nines, traded

SMALL = np.array([[0, 1], [0, 2], [1, 3]])  # 3 channels x 4 images, of popularity 2, 2, 1, 1


def popularity(image_CK):
    return Counter(image_CK.ravel().tolist())


@pytest.mark.parametrize(("channels", "images"), [(2, 15), (9, 20), (64, 120), (65, 600)])
@pytest.mark.parametrize("strata", [None, 3])
def test_both_margins_are_kept(channels, images, strata):
    rng = np.random.default_rng(channels)
    image_CK = popular_nines(channels, images, rng)
    stratum_CK = None if strata is None else rng.integers(0, strata, image_CK.shape)
    for place_CK in curveball(image_CK, 5, rng, stratum_CK=stratum_CK):
        assert sorted(place_CK.ravel()) == list(range(image_CK.size))
        sample_CK = image_CK.ravel()[place_CK]
        assert popularity(sample_CK) == popularity(image_CK)
        assert all(len(set(row)) == 9 for row in sample_CK.tolist())
        if stratum_CK is not None:
            # Slot by slot, so that masks of places stay where they are.
            np.testing.assert_array_equal(stratum_CK.ravel()[place_CK], stratum_CK)


def test_layers_do_not_mix():
    rng = np.random.default_rng(0)
    image_CK = np.concatenate([popular_nines(7, 40, rng), 100 + popular_nines(10, 40, rng), popular_nines(1, 40, rng)])
    layer_C = np.repeat([4, 2, 9], [7, 10, 1])
    for place_CK in curveball(image_CK, 4, rng, layer_C=layer_C):
        for layer in (2, 4, 9):
            mine = layer_C == layer
            assert popularity(image_CK.ravel()[place_CK[mine]]) == popularity(image_CK[mine])
        assert not np.array_equal(place_CK[:17], np.arange(17 * 9).reshape(17, 9))
        np.testing.assert_array_equal(place_CK[17], np.arange(153, 162))  # alone in its layer


@pytest.mark.parametrize(("between", "strata"), [(5, False), (1, False), (5, True)])
def test_uniform_over_every_possible_choice(between, strata):
    """With one stratum only, too, which takes another way through the code."""
    copies, samples = 150, 80
    image_CK = np.tile(SMALL, (copies, 1))
    layer_C = np.repeat(np.arange(copies), 3)
    counts: Counter = Counter()
    stratum_CK = np.zeros_like(image_CK) if strata else None
    rng = np.random.default_rng(0)
    for place_CK in curveball(image_CK, samples, rng, layer_C=layer_C, stratum_CK=stratum_CK, between=between):
        drawn = image_CK.ravel()[place_CK].reshape(copies, 3, 2)
        counts.update(tuple(frozenset(row) for row in nines) for nines in drawn.tolist())
    possible = all_nines(2, popularity(SMALL), 3)
    assert set(counts) == possible
    if between == 5:  # neighbouring samples must hardly depend on each other for a chi-squared test
        assert stats.chisquare([counts[nines] for nines in possible]).pvalue > 0.001


def test_uniform_within_strata():
    image_CK = np.array([[0, 1], [0, 2], [1, 3], [4, 2]])
    stratum_CK = np.array([[0, 1], [0, 1], [0, 1], [0, 1]])
    possible = set()
    for first in itertools.permutations([0, 2, 4, 6]):
        for second in itertools.permutations([1, 3, 5, 7]):
            images = image_CK.ravel()[np.stack([first, second], 1)]
            if (images[:, 0] != images[:, 1]).all():
                possible.add((*first, *second))
    copies = 100
    counts: Counter = Counter()
    for place_CK in curveball(
        np.tile(image_CK, (copies, 1)),
        100,
        np.random.default_rng(0),
        layer_C=np.repeat(np.arange(copies), 4),
        stratum_CK=np.tile(stratum_CK, (copies, 1)),
    ):
        counts.update(map(tuple, (place_CK.reshape(copies, 4, 2) % 8).swapaxes(1, 2).reshape(copies, 8).tolist()))
    assert set(counts) == possible
    assert stats.chisquare([counts[arrangement] for arrangement in possible]).pvalue > 0.001


def test_distribution_of_grouping_is_that_of_plain_trades():
    rng = np.random.default_rng(3)
    image_CK = popular_nines(12, 40, rng)
    label_N = rng.integers(0, 5, 40)
    fast = [concordance(label_N[image_CK.ravel()[place]]).mean() for place in curveball(image_CK, 400, rng)]
    plain = random.Random(0)
    nines, slow = traded([set(row) for row in image_CK.tolist()], 600, plain), []
    for _ in range(400):
        nines = traded(nines, 60, plain)
        slow.append(concordance(label_N[np.array([sorted(chosen) for chosen in nines])]).mean())
    assert stats.ks_2samp(fast, slow).pvalue > 0.01


def test_one_channel_stays_as_it_is():
    (place_CK,) = curveball(np.arange(9)[None], 1, np.random.default_rng(0))
    np.testing.assert_array_equal(place_CK, np.arange(9)[None])


def test_equal_seeds_give_equal_samples():
    image_CK = popular_nines(20, 60, np.random.default_rng(0))
    a, b = (list(curveball(image_CK, 3, np.random.default_rng(7))) for _ in range(2))
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("image_CK", "message"),
    [
        (np.array([[0, 1, -1], [0, 1, 2]]), "holds no image"),
        (np.array([[0, 1, 1], [0, 1, 2]]), "stands twice"),
    ],
)
def test_nines_that_have_no_null_are_refused(image_CK, message):
    with pytest.raises(ValueError, match=message):
        next(curveball(image_CK, 1, np.random.default_rng(0)))


def test_too_many_strata_are_refused():
    image_CK = np.arange(90).reshape(10, 9)
    with pytest.raises(ValueError, match="90 strata"):
        next(curveball(image_CK, 1, np.random.default_rng(0), stratum_CK=image_CK))
