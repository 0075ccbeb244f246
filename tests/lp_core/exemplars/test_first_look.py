"""`first_look` takes evenly spaced images and units, and the order statistic that 99 % do not exceed."""

import numpy as np
import pytest
import torch

from lp_core.exemplars.first_look import from_bytes, sample_rows, sample_units, thresholds, to_bytes


@pytest.mark.parametrize("count", [0, 1, 28, 64, 65, 1000, 50_000])
def test_rows_are_evenly_spaced_and_at_most_64(count) -> None:
    rows = np.arange(count) * 3 + 7
    sample = sample_rows(rows)
    assert len(sample) == min(count, 64)
    assert set(sample) <= set(rows)
    if count >= 2:
        assert (sample[0], sample[-1]) == (rows[0], rows[-1])
        assert np.ptp(np.diff(sample)) <= 3


@pytest.mark.parametrize(
    ("side", "taken"), [(4, range(4)), (14, range(14)), (28, range(1, 28, 2)), (56, range(2, 56, 4))]
)
def test_units_are_the_middles_of_blocks(side, taken) -> None:
    a_NCSR = torch.arange(2 * 3 * side * side).reshape(2, 3, side, side)
    expected = [[[a_NCSR[n, c, row, col] for row in taken for col in taken] for c in range(3)] for n in range(2)]
    np.testing.assert_array_equal(sample_units(a_NCSR), expected)


@pytest.mark.parametrize("units", [1, 16, 40])
def test_one_unit_of_a_hundred_exceeds_the_threshold(units) -> None:
    sampled_NCK = np.random.default_rng(units).normal(size=(30, 4, units)).astype(np.float32).clip(0)
    sampled_NCK[:, 2] = 0
    found = thresholds(sampled_NCK)
    for channel in range(4):
        values = sorted(sampled_NCK[:, channel].ravel().tolist())
        expected = next(value for value in values if sum(v <= value for v in values) >= 0.99 * len(values))
        assert found[channel] == expected
    assert ((sampled_NCK > found[:, None]).mean((0, 2)) <= 0.01).all()


def test_no_image_gives_zeros() -> None:
    assert thresholds(np.zeros((0, 3, 5), np.float32)).tolist() == [0, 0, 0]


def test_written_and_read() -> None:
    data = to_bytes(np.array([1.5, 0.0], np.float32))
    assert from_bytes(data).tolist() == [1.5, 0.0]
    with pytest.raises(ValueError, match="damaged"):
        from_bytes(data[:-20])
