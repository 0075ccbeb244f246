"""`seed_blocks`: the two-way analysis of variance, against the sums of squares by hand."""

import numpy as np
import pytest

from lp_core.measures.seed_blocks import seed_blocks


@pytest.mark.parametrize(("conditions", "seeds"), [(2, 2), (3, 5), (6, 3)])
def test_the_error_is_what_conditions_and_seeds_leave(conditions, seeds):
    value_VS = np.random.default_rng(conditions).normal(size=(conditions, seeds)) + 10 * np.arange(seeds)
    mean = value_VS.mean()
    total = ((value_VS - mean) ** 2).sum()
    of_conditions = seeds * ((value_VS.mean(1) - mean) ** 2).sum()
    of_seeds = conditions * ((value_VS.mean(0) - mean) ** 2).sum()
    found = seed_blocks(value_VS)
    assert (found.seeds, found.freedom) == (seeds, (conditions - 1) * (seeds - 1))
    expected = np.sqrt(2 * (total - of_conditions - of_seeds) / found.freedom / seeds)
    assert found.error == pytest.approx(expected)
    np.testing.assert_allclose(found.mean_V, value_VS.mean(1))
