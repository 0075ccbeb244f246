"""`rank_overlap` agrees with the infinite sum of its definition."""

import numpy as np
import pytest

from lp_core.measures.rank_overlap import rank_biased_overlap
from tests.reference.rank_overlap import rank_biased_overlap as slow


@pytest.mark.parametrize("persistence", [0.5, 0.9, 0.98])
def test_it_is_the_infinite_sum(persistence) -> None:
    rng = np.random.default_rng(0)
    a, b = (np.stack([rng.permutation(14)[:9] for _ in range(30)]) for _ in range(2))
    expected = [slow(x, y, persistence) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    np.testing.assert_allclose(rank_biased_overlap(a, b, persistence), expected, atol=1e-9)


def test_it_is_1_for_equal_0_for_disjoint_rankings_and_lower_where_the_first_places_differ() -> None:
    nine = np.arange(9)[None]
    assert rank_biased_overlap(nine, nine) == pytest.approx([1.0])
    assert rank_biased_overlap(nine, nine + 9) == pytest.approx([0.0])
    first, last = nine.copy(), nine.copy()
    first[0, 0], last[0, 8] = 99, 99
    assert rank_biased_overlap(nine, first) < rank_biased_overlap(nine, last) < 1


def test_a_channel_with_an_empty_place_has_none() -> None:
    nine = np.arange(9)[None]
    short = nine.copy()
    short[0, 8] = -1
    assert np.isnan(rank_biased_overlap(nine, short)).all()
    assert np.isnan(rank_biased_overlap(short, nine)).all()
