"""Curves and their numbers: planted networks give what was planted, bands cover, everything equals a slow twin."""

import math

import numpy as np
import pytest
from scipy import stats

from lp_core.images.crop import Crop
from lp_core.images.look import Look
from lp_core.images.network_input import MEAN_COLOUR, log_polar_map, network_input
from lp_core.measures.tolerance import (
    CROSSINGS,
    MEANS,
    beyond_independence,
    crossing,
    hits,
    percentile_interval,
    points,
    resampled,
    share_without_looking,
    simultaneous_band,
    summaries,
)
from lp_core.measures.tolerance_conditions import MULTI, RADII, conditions
from lp_core.settings import ViewSettings


def answers(hit_NK, multi_NM=None):
    """What the task returns for a network of two classes whose label is always 1."""
    images = len(hit_NK)
    multi = np.ones((images, len(MULTI)), int) if multi_NM is None else multi_NM
    return {"label_N": np.ones(images, int), "predicted_NK": hit_NK.astype(int)} | dict.fromkeys(MEANS, multi)


def places(transform):
    return [index for index, point in enumerate(points()) if point.transform == transform]


def test_a_constant_network_is_flat():
    hit_NK = np.repeat(np.arange(10)[:, None] < 7, len(conditions()), 1)
    hit_NP = hits(answers(hit_NK))
    mean_P = hit_NP.mean(0)
    assert (mean_P[: len(conditions())] == 0.7).all()
    values = summaries(mean_P, 0.1, 32)
    for name in ("rotation", "scale", "fixation_crop", "fixation_gaze"):
        assert values[f"{name}.area"] == pytest.approx(1)
    assert values["rotation.worst_angle"] == pytest.approx(1)
    assert values["rotation.every_angle"] == pytest.approx(1)
    assert values["inversion"] == 0
    assert np.isnan([values[name] for name in CROSSINGS]).all()  # a window is worth as much as a scotoma at any radius
    assert values["top1"] == pytest.approx(70)
    mean_BP = resampled(hit_NP, np.random.default_rng(0), 200)
    rotation = places("rotation")
    low, high = simultaneous_band(mean_P[rotation], mean_BP[:, rotation], len(hit_NP))
    assert np.ptp(low) == np.ptp(high) == 0
    assert low[0] < 0.7 < high[0]


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
@pytest.mark.parametrize("radius", [0.12, 0.3, 0.6])
@pytest.mark.parametrize("fill", ["mean", "photograph"])
def test_a_network_that_sees_one_ring_alone_crosses_at_its_radius(view, radius, fill):
    """It is right where that ring of its input is not hidden; the crossing is found to half a step of the radii."""
    settings, rng = ViewSettings(size=64), np.random.default_rng(0)
    image = rng.integers(0, min(MEAN_COLOUR), (128, 128, 3), dtype=np.uint8)
    other = rng.integers(max(MEAN_COLOUR), 256, (128, 128, 3), dtype=np.uint8)
    if view == "cartesian":
        ring = np.abs(np.hypot(*(np.indices((64, 64)) - 31.5)) / 32 - radius) < 1 / 32
    else:
        at = log_polar_map(settings).radius_of(np.arange(64)) / 32
        ring = np.tile(np.arange(64) == np.abs(at - radius).argmin(), (64, 1))

    def is_right(mask, r):
        look = Look(mask=mask, radius=r, mask_fill=fill)
        seen = network_input(image, Crop(0, 0, 128, 128), view, settings, look, other)
        return float((seen[ring] < MEAN_COLOUR).all(1).mean() > 0.5)

    window, scotoma = ([is_right(mask, r) for r in RADII] for mask in ("window", "scotoma"))
    step = RADII[1] / RADII[0]
    assert radius / step < crossing(np.array(RADII), np.array(window), np.array(scotoma)) < radius * step


def test_crossings_between_radii_before_all_and_never():
    radius = np.array([1.0, 2.0, 4.0])
    window = np.array([[0.1, 0.3, 0.9], [0.5, 0.6, 0.7], [0.1, 0.2, 0.3], [0.1, 0.5, 0.9], [0.6, 0.1, 0.9]])
    scotoma = np.array([[0.9, 0.5, 0.3], [0.4, 0.3, 0.2], [0.9, 0.8, 0.7], [0.9, 0.5, 0.1], [0.5, 0.3, 0.1]])
    found = crossing(radius, window, scotoma)
    assert found[0] == pytest.approx(2 * 2 ** (0.2 / 0.8))
    assert found[1] == 0
    assert found[2] == math.inf
    assert found[3] == 2.0
    assert found[4] == pytest.approx(2 * 2 ** (0.2 / 1.0))  # the last crossing counts


def test_each_fill_has_its_own_crossing():
    radii = np.array(RADII)
    mean_P = np.full(len(points()), 0.5)
    for (window, scotoma), at in zip(CROSSINGS.values(), (0.2, 0.6), strict=True):
        mean_P[places(window)], mean_P[places(scotoma)] = (radii > at) * 0.8, (radii <= at) * 0.8
    values = summaries(mean_P, 0.1, 32)
    step = RADII[1] / RADII[0]
    for name, at in zip(CROSSINGS, (0.2, 0.6), strict=True):
        assert 32 * at / step < values[name] < 32 * at * step


def test_instability_alone_is_no_worst_angle():
    """Errors that have nothing to do with each other give 0 however few images are right at every angle."""
    rng = np.random.default_rng(1)
    hit_NA = rng.random((200_000, 6)) < 0.8
    assert beyond_independence(hit_NA.all(1).mean(), hit_NA.mean(0)) == pytest.approx(0, abs=0.01)
    hit_NA = np.repeat(rng.random((1000, 1)) < 0.8, 6, 1)
    assert beyond_independence(hit_NA.all(1).mean(), hit_NA.mean(0)) == pytest.approx(1)


def test_numbers_equal_a_slow_twin():
    rng = np.random.default_rng(2)
    hit_NP = hits(answers(rng.random((50, len(conditions()))) < 0.6, rng.integers(0, 2, (50, len(MULTI)))))
    mean = dict(zip(points(), hit_NP.mean(0).tolist(), strict=True))
    values = summaries(hit_NP.mean(0), 0.25, 32)
    for transform, middle in (("rotation", 0.0), ("scale", 0.0), ("fixation_crop", 0.0), ("fixation_gaze", 0.0)):
        curve = [value for point, value in mean.items() if point.transform == transform]
        identity = next(
            value
            for point, value in mean.items()
            if (point.transform, point.value, point.value_x) == (transform, middle, 0)
        )
        expected = (sum(curve) / len(curve) - 0.25) / (identity - 0.25)
        assert values[f"{transform}.area"] == pytest.approx(expected)
    angles = {point.value: value for point, value in mean.items() if point.transform == "rotation"}
    assert values["inversion"] == pytest.approx(100 * (angles[0.0] - angles[180.0]))
    assert values["rotation.worst_angle"] == pytest.approx((min(angles.values()) - 0.25) / (angles[0.0] - 0.25))
    nine, one = (
        mean[next(p for p in points() if (p.transform, p.value) == ("multi_fixation_gaze", n))] for n in (9, 1)
    )
    assert values["multi_fixation.gaze"] == pytest.approx(100 * (nine - one))


def test_a_network_at_chance_has_no_area():
    hit_NP = hits(answers(np.zeros((8, len(conditions())), bool)))
    values = summaries(hit_NP.mean(0), 0.1, 32)
    assert math.isnan(values["rotation.area"])
    assert math.isnan(values["scale.area"])


@pytest.mark.filterwarnings("error")
def test_a_network_that_names_one_class_tolerates_nothing():
    """Its share of right answers is that of its class, which may be more than 1 / classes."""
    label_N = np.repeat([0, 1, 2], [50, 30, 20])
    for named, classes in ((0, 3), (1, 3), (0, 10)):
        mean_P = hits({"label_N": label_N, **same_answer(label_N, named)}).mean(0)
        values = summaries(mean_P, 1 / classes, 32, share_without_looking(label_N))
        unknown = [name for name in values if name.endswith(".area") or name in (*CROSSINGS, "rotation.worst_angle")]
        assert len(unknown) == 4 + 2 + 1
        assert np.isnan([values[name] for name in unknown]).all()


def same_answer(label_N, named):
    answer_NK = np.full((len(label_N), len(conditions())), named)
    return {"predicted_NK": answer_NK} | dict.fromkeys(MEANS, answer_NK[:, : len(MULTI)])


def test_the_largest_class_can_be_named_without_looking():
    assert share_without_looking(np.repeat([0, 1], [3, 1])) == 0.75
    assert share_without_looking(np.array([3])) == 1


@pytest.mark.filterwarnings("error")
def test_a_crossing_that_is_never_reached_is_no_overflow():
    window, scotoma = np.full(10, 0.2), np.append(np.full(9, 0.3), 0.3 + 1e-12)
    assert crossing(np.array(RADII), window, scotoma) == math.inf


def test_resamples_are_means_of_the_same_images_in_all_columns():
    rng = np.random.default_rng(3)
    hit_NP = rng.random((40, 5)) < 0.5
    mean_BP = resampled(np.concatenate([hit_NP, hit_NP, ~hit_NP], 1), np.random.default_rng(4), 120)
    np.testing.assert_array_equal(mean_BP[:, :5], mean_BP[:, 5:10])
    np.testing.assert_allclose(mean_BP[:, :5] + mean_BP[:, 10:], 1, atol=1e-12)
    draws = np.random.default_rng(4).integers(40, size=(50, 40))
    np.testing.assert_allclose(mean_BP[:50, :5], hit_NP[draws].mean(1), atol=1e-12)
    np.testing.assert_allclose(mean_BP.mean(0)[:5], hit_NP.mean(0), atol=0.03)


@pytest.mark.parametrize(
    ("images", "truth"),
    [
        (200, np.linspace(0.8, 0.3, 24)),
        (200, np.full(24, 0.02)),
        (60, np.full(24, 0.95)),
        (1000, np.full(24, 0.99)),
    ],
    ids=["usual", "nearly none of 200", "nearly all of 60", "nearly all of 1,000"],
)
def test_bands_hold_whole_curves_as_often_as_they_say(images, truth):
    """Curves of 24 correlated points: a band misses a point of the true curve in about 5 % of data sets."""
    rng, missed, sets = np.random.default_rng(5), 0, 150
    threshold_K = np.array([_normal_quantile(share) for share in truth])
    for _ in range(sets):
        ability_N1, noise_NK = rng.normal(size=(images, 1)), rng.normal(size=(images, 24))
        hit_NK = 0.8 * ability_N1 + 0.6 * noise_NK < threshold_K
        low, high = simultaneous_band(hit_NK.mean(0), resampled(hit_NK, rng, 200), images)
        missed += bool(((truth < low) | (truth > high)).any())
    assert 0 < missed / sets < 0.11


def test_a_band_of_one_point_is_wilsons_interval():
    hit_NP = np.arange(40)[:, None] < 39
    low, high = simultaneous_band(hit_NP.mean(0), np.full((10, 1), hit_NP.mean()), 40)
    wilson = stats.binomtest(39, 40).proportion_ci(0.95, method="wilson")
    assert (low[0], high[0]) == pytest.approx((wilson.low, wilson.high), abs=1e-9)


def test_intervals_are_values_and_may_be_infinite():
    values = np.array([math.inf, *range(1, 41)], float)
    assert percentile_interval(values) == (2.0, 40.0)
    assert percentile_interval(np.full(8, math.inf)) == (math.inf, math.inf)
    assert all(map(math.isnan, percentile_interval(np.array([1.0, math.nan]))))


def _normal_quantile(share):
    from scipy import stats

    return stats.norm.ppf(share)
