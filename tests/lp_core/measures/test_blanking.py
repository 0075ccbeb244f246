"""Masks have the size, place and edge strengths that their names say; random ones hold their share of the energy."""

import numpy as np
import pytest

from lp_core.measures.blanking import (
    EDGE_BINS,
    MOST_OVERLAP,
    TOP_SHARE,
    box_mask,
    boxes_elsewhere,
    edge_matched_mask,
    random_mask,
    strongest,
)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def allowed():
    mask = np.zeros((30, 24), bool)
    mask[4:, :20] = True
    return mask


def test_the_strongest_px_hold_more_energy_than_all_others(rng, allowed):
    energy = rng.random(allowed.shape)
    mask = strongest(energy, allowed)
    assert mask.sum() == np.ceil(TOP_SHARE * allowed.sum())
    assert not (mask & ~allowed).any()
    assert energy[mask].min() > energy[allowed & ~mask].max()


def test_equal_energy_is_taken_in_reading_order():
    mask = strongest(np.zeros((3, 4)), np.ones((3, 4), bool), share=0.25)
    assert np.flatnonzero(mask).tolist() == [0, 1, 2]
    assert strongest(np.ones((3, 3)), np.ones((3, 3), bool)).sum() == 1, "at least one px"


def test_random_masks_hold_their_share_of_the_energy(rng, allowed):
    energy = rng.random(allowed.shape) ** 4 * allowed
    count = int(TOP_SHARE * allowed.sum())
    shares = [energy[random_mask(count, allowed, rng)].sum() / energy.sum() for _ in range(400)]
    expected, error = count / allowed.sum(), np.std(shares) / np.sqrt(len(shares))
    assert abs(np.mean(shares) - expected) < 4 * error


def test_edge_matched_masks_have_the_edge_strengths_of_the_mask(rng, allowed):
    edge = rng.random(allowed.shape)
    mask = strongest(edge + 0.3 * rng.random(allowed.shape), allowed)
    matched = edge_matched_mask(mask, edge, allowed, rng)
    bounds = np.quantile(edge[allowed], np.arange(1, EDGE_BINS) / EDGE_BINS)
    counts = [np.bincount(np.searchsorted(bounds, edge[m]), minlength=EDGE_BINS) for m in (mask, matched)]
    assert counts[0].tolist() == counts[1].tolist()
    assert not (matched & ~allowed).any()
    assert (matched & ~mask).any(), "drawn anew"


def test_boxes_elsewhere_are_all_places_with_little_overlap(rng):
    box, bounds = (2, 3, 5, 7), (0, 1, 9, 12)
    drawn = boxes_elsewhere(box, bounds, rng, draws=1000)
    shape, expected = (9, 12), []
    for top in range(bounds[0], bounds[2] - 2):
        for left in range(bounds[1], bounds[3] - 3):
            other = (top, left, top + 3, left + 4)
            if (box_mask(box, shape) & box_mask(other, shape)).sum() <= MOST_OVERLAP * 12:
                expected.append(other)
    assert sorted(drawn) == expected


@pytest.mark.parametrize("box", [(0, 0, 9, 9), (1, 1, 8, 8)])
def test_a_box_that_fills_the_field_has_no_place_elsewhere(rng, box):
    assert boxes_elsewhere(box, (0, 0, 9, 9), rng) == []
