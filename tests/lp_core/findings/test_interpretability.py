"""`interpretability`: channels that follow an embedding beyond what popular images give are told apart, others not."""

import numpy as np

from lp_core.findings.grouping import grouping_table
from lp_core.findings.interpretability import MOST_SAMPLES, ScannedImages, measure_interpretability
from lp_core.findings.nines import Nines
from lp_core.findings.values import grouping_values

IMAGES, CHANNELS = 600, 24


def scanned(seed: int, planted: int):
    """Some channels follow a direction of the embedding; loud images, alike to each other, excite all of them."""
    rng = np.random.default_rng(seed)
    loud = rng.gamma(1, 1, (IMAGES, 1))
    embedding = rng.normal(size=(IMAGES, 8))
    response = rng.normal(size=(IMAGES, CHANNELS))
    response[:, :planted] += 5 * embedding @ rng.normal(size=(8, planted)) / np.sqrt(8)
    embedding[:, 0] += 0.5 * (loud[:, 0] - 1)
    maxima = np.maximum(response + 0.7 * loud - 1, 0)
    row_N = 3 * np.arange(IMAGES) + 1
    image_CK = row_N[np.argsort(-maxima, axis=0)[:9].T]
    zeros, layer_C = np.zeros(image_CK.shape), np.zeros(CHANNELS, np.int64)
    nines = Nines(("conv5_2",), layer_C, np.arange(CHANNELS), image_CK, zeros.astype(int), zeros, zeros)
    centred = (embedding - embedding.mean(0)).astype(np.float32)
    return nines, ScannedImages(row_N, maxima.astype(np.float16), {"other_seed": centred}), rng


def test_planted_channels_are_found():
    nines, images, rng = scanned(0, planted=8)
    effect = measure_interpretability(nines, images, 50, rng)["M_other_seed"]
    assert effect.q_C[:8].max() < 0.05 < effect.q_C[8:].min()
    assert effect.p_L[0] == 1 / 51
    assert effect.samples == 50


def test_popular_images_alone_are_no_effect():
    """All channels are above 0.5, because loud images are alike; the null is as high, and rejects 5 % at most."""
    p, mean, expected = [], [], []
    for seed in range(20):
        nines, images, rng = scanned(100 + seed, planted=0)
        effect = measure_interpretability(nines, images, 39, rng)["M_other_seed"]
        p.append(effect.p_L[0])
        mean.append(effect.mean_L[0])
        expected.append(effect.expected_L[0])
    assert np.mean(mean) > 0.55
    assert np.mean(mean) - np.mean(expected) < 0.02
    assert (np.array(p) <= 0.05).mean() <= 0.15  # three of twenty by chance: 8 %


def test_all_quantiles_have_rows_and_values():
    nines, images, rng = scanned(0, planted=8)
    effects = measure_interpretability(nines, images, 1000, rng)
    assert list(effects) == ["M_other_seed", "M_90_other_seed", "M_50_other_seed"]
    table = grouping_table(nines, effects, "cartesian", "trained")
    assert set(table["samples"].to_pylist()) == {MOST_SAMPLES}
    values = grouping_values(table)
    means = [values["cartesian", "conv5_2", f"grouping.{name}.mean.other_seed_embedding"] for name in ("M", "M_50")]
    assert means[0] > means[1] > 0.5


def test_without_complete_channels_there_is_nothing():
    nines, images, rng = scanned(0, planted=0)
    assert measure_interpretability(nines.only(np.zeros(CHANNELS, bool)), images, 19, rng) == {}
