"""`dropout` drops units as a function of seed, step, row and unit, independent of the number of workers."""

import numpy as np
import pytest
import torch
from scipy import stats

from lp_core.network.dropout import RowDropout, mixed, row_keys


def dropped(p, rows, layer=1, seed=0, step=0, units=512):
    """Which units of some rows drop out, bool [N, C]."""
    dropout = RowDropout(p, layer).train()
    dropout.key_N = row_keys(seed, step, torch.as_tensor(rows))
    return dropout(torch.ones(len(rows), units)) == 0


def test_the_hash_is_the_published_one():
    def lowbias32(x):
        x = np.uint32(x)
        x ^= x >> np.uint32(16)
        x = np.uint32(int(x) * 0x7FEB352D & 0xFFFFFFFF)
        x ^= x >> np.uint32(15)
        x = np.uint32(int(x) * 0x846CA68B & 0xFFFFFFFF)
        return int(x ^ (x >> np.uint32(16)))

    numbers = [0, 1, 2, 2**31, 2**32 - 1, 123456789]
    assert mixed(torch.tensor(numbers)).tolist() == [lowbias32(one) for one in numbers]


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_share_is_p_and_the_mean_is_kept(p):
    rows = torch.arange(400)
    lost = dropped(p, rows)
    assert stats.binomtest(int(lost.sum()), lost.numel(), p).pvalue > 1e-3
    by_unit, by_row = lost.float().mean(0), lost.float().mean(1)
    assert by_unit.std() == pytest.approx((p * (1 - p) / 400) ** 0.5, rel=0.15)
    assert by_row.std() == pytest.approx((p * (1 - p) / 512) ** 0.5, rel=0.15)
    dropout = RowDropout(p, 1).train()
    dropout.key_N = row_keys(0, 0, rows)
    assert dropout(torch.ones(400, 512)).unique().tolist() == pytest.approx([0, 1 / (1 - p)])


def test_rows_steps_seeds_and_layers_have_nothing_in_common():
    first = dropped(0.5, range(50))
    others = [dropped(0.5, range(50), **{name: 1}) for name in ("seed", "step")]
    others += [dropped(0.5, range(50), layer=2), dropped(0.5, range(1, 51)), first.roll(1, 1)]
    for other in others:
        assert (first == other).float().mean() == pytest.approx(0.5, abs=0.02)


def test_a_row_keeps_its_units_whoever_computes_it():
    rows = torch.randperm(1000, generator=torch.Generator().manual_seed(0))[:64]
    whole = dropped(0.3, rows)
    assert torch.equal(dropped(0.3, rows[40:]), whole[40:])
    assert torch.equal(dropped(0.3, rows.flip(0)).flip(0), whole)


def test_evaluation_drops_nothing_and_training_wants_keys():
    x_NC = torch.rand(3, 8)
    assert torch.equal(RowDropout(0.5, 1).eval()(x_NC), x_NC)
    assert torch.equal(RowDropout(0.0, 1).train()(x_NC), x_NC)
    with pytest.raises(ValueError, match="3 images, but no keys"):
        RowDropout(0.5, 1).train()(x_NC)
