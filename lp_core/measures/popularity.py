"""Grouping against the popularity-preserving null N1: per channel and per layer, for several measures at once.

Shapes: C channels of all layers, K places (nine), P pairs of places, B null samples, L layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lp_core.measures.curveball import curveball
from lp_core.measures.statistics import benjamini_hochberg, holm, permutation_p, pooled_p

Measure = Callable[[np.ndarray], np.ndarray]
"""An arrangement, int64 [C, K] of places, to one value per channel, NaN where there is none."""


@dataclass(frozen=True)
class GroupingEffect:
    """One measure of the nines of one network against N1.

    Attributes:
        layer_C: layer of each channel.
        value_C: the measure of each channel.
        expected_C, sd_C: mean and standard deviation of its null distribution, that of its pool.
        p_C: probability of at least this value by chance (one-sided); NaN where the measure is.
        q_C: the same after Benjamini-Hochberg within the layer.
        layers: the layers, in the order of the following.
        mean_L: mean of the measure over the layer's channels.
        expected_L, sd_L: mean and standard deviation of that mean under the null.
        p_L: permutation p-value of the mean, (b + 1) / (B + 1).
        holm_L: the same after Holm over the layers.
        samples: B.
    """

    layer_C: np.ndarray
    value_C: np.ndarray
    expected_C: np.ndarray
    sd_C: np.ndarray
    p_C: np.ndarray
    q_C: np.ndarray
    layers: tuple[int, ...]
    mean_L: np.ndarray
    expected_L: np.ndarray
    sd_L: np.ndarray
    p_L: np.ndarray
    holm_L: np.ndarray
    samples: int

    @property
    def delta_L(self) -> np.ndarray:
        """Delta: the layer's mean beyond the null's, in the unit of the measure."""
        return self.mean_L - self.expected_L

    @property
    def z_C(self) -> np.ndarray:
        """Standard deviations beyond the null; for sorting, not for tests: the nulls are skewed."""
        return np.divide(
            self.value_C - self.expected_C, self.sd_C, out=np.full(len(self.sd_C), math.nan), where=self.sd_C > 0
        )

    def significant_share_L(self, q: float = 0.05) -> np.ndarray:
        """Return float64 [L]: share of each layer's measured channels with a q-value below a rate; NaN without any."""
        tested_C = ~np.isnan(self.q_C)
        tested_L, called_L = (
            np.array([(chosen_C & (self.layer_C == layer)).sum() for layer in self.layers])
            for chosen_C in (tested_C, tested_C & (self.q_C < q))
        )
        return np.divide(called_L, tested_L, out=np.full(len(tested_L), math.nan), where=tested_L > 0)


def grouping_effects(
    image_CK: np.ndarray,
    measures: Mapping[str, Measure],
    samples: int,
    rng: np.random.Generator,
    *,
    layer_C: np.ndarray | None = None,
    stratum_CK: np.ndarray | None = None,
    pool_C: np.ndarray | None = None,
) -> dict[str, GroupingEffect]:
    """Return the effect of every measure; all of them are computed on the same null samples.

    All complete channels of a layer have one and the same null distribution, because N1 does not distinguish between
    them; pooling their samples gives p-values down to 1 / (C B + 1).

    Args:
        image_CK: int, row number of the image at each place; complete channels only.
        measures: by name; called with the observed arrangement (0, 1, ... as [C, K]) and with every sample.
        samples: B. Source: 1,000 in the specification.
        rng: of the null.
        layer_C: int, layer of each channel; unless given there is one.
        stratum_CK: places are traded within strata only (`curveball`).
        pool_C: int; only channels of one layer and pool share a null distribution, for example those with equally
            many kept places. Unless given, whole layers do.

    Raises:
        ValueError: as `curveball`.
    """
    channels = len(image_CK)
    layer_C = np.zeros(channels, np.int64) if layer_C is None else np.asarray(layer_C)
    observed = {name: measure(np.arange(image_CK.size).reshape(image_CK.shape)) for name, measure in measures.items()}
    null_BC = {name: np.empty((samples, channels), np.float32) for name in measures}
    arrangements = curveball(image_CK, samples, rng, layer_C=layer_C, stratum_CK=stratum_CK)
    for sample, place_CK in enumerate(arrangements):
        for name, measure in measures.items():
            null_BC[name][sample] = measure(place_CK)
    _, pool_C = np.unique(np.stack([layer_C, layer_C if pool_C is None else pool_C]), axis=1, return_inverse=True)
    return {name: effect_against_null(observed[name], null_BC[name], layer_C, pool_C.ravel()) for name in measures}


def learned(trained_S: np.ndarray, untrained_S: np.ndarray) -> np.ndarray:
    """Return Lambda: the effect of training on Delta, one value per seed.

    Args:
        trained_S: Delta of each trained network.
        untrained_S: Delta of untrained ones: of the same seeds, subtracted one by one, or of other seeds (another
            number), whose mean is subtracted.

    Raises:
        ValueError: no untrained network.
    """
    trained_S, untrained_S = np.asarray(trained_S, np.float64), np.asarray(untrained_S, np.float64)
    if not len(untrained_S):
        raise ValueError("Lambda compares with untrained networks; give the Delta of at least one")
    return trained_S - (untrained_S if len(untrained_S) == len(trained_S) else untrained_S.mean())


def tertiles(value_CK: np.ndarray, layer_C: np.ndarray) -> np.ndarray:
    """Return int64 [C, K]: 0, 1 or 2, the third of its layer's places in which each value lies.

    For trades within thirds of eccentricity: an embedding resembles those of the same eccentricity for no other reason.
    """
    third_CK = np.zeros(value_CK.shape, np.int64)
    for layer in np.unique(layer_C):
        mine_C = layer_C == layer
        third_CK[mine_C] = np.searchsorted(np.quantile(value_CK[mine_C], [1 / 3, 2 / 3]), value_CK[mine_C])
    return third_CK


def effect_against_null(
    value_C: np.ndarray, null_BC: np.ndarray, layer_C: np.ndarray, pool_C: np.ndarray
) -> GroupingEffect:
    """Return the effect of one measure, given its values under the null.

    Args:
        value_C: of each channel; NaN where there is none.
        null_BC: of each sample.
        layer_C: layer of each channel.
        pool_C: int; channels of a pool share a null distribution.
    """
    value_C = np.asarray(value_C, np.float64)
    expected_C, sd_C, p_C, q_C = (np.full(len(value_C), math.nan) for _ in range(4))
    # Null values are float32: compare like with like.
    rounded_C = value_C.astype(np.float32).astype(np.float64)
    for pool in np.unique(pool_C):
        mine_C = pool_C == pool
        null = null_BC[:, mine_C]
        null, tested_C = null[~np.isnan(null)], mine_C & ~np.isnan(value_C)
        if len(null) and tested_C.any():
            expected_C[tested_C], sd_C[tested_C] = null.mean(dtype=np.float64), null.std(dtype=np.float64)
            p_C[tested_C] = pooled_p(rounded_C[tested_C], null)
    layers = np.unique(layer_C)
    mean_L, expected_L, sd_L, p_L = (np.full(len(layers), math.nan) for _ in range(4))
    for index, layer in enumerate(layers):
        mine_C = layer_C == layer
        q_C[mine_C] = benjamini_hochberg(p_C[mine_C])
        mean_L[index] = _mean(value_C[mine_C])
        null_B = _mean(null_BC[:, mine_C])
        null_B = null_B[~np.isnan(null_B)]
        if len(null_B) and not np.isnan(mean_L[index]):
            expected_L[index], sd_L[index] = null_B.mean(), null_B.std()
            p_L[index] = permutation_p(float(_mean(rounded_C[mine_C])), null_B)
    return GroupingEffect(
        layer_C=layer_C,
        value_C=value_C,
        expected_C=expected_C,
        sd_C=sd_C,
        p_C=p_C,
        q_C=q_C,
        layers=tuple(layers.tolist()),
        mean_L=mean_L,
        expected_L=expected_L,
        sd_L=sd_L,
        p_L=p_L,
        holm_L=holm(p_L),
        samples=len(null_BC),
    )


def _mean(value: np.ndarray) -> np.ndarray:
    """Mean over the last axis of the values that are no NaN; NaN where there are none."""
    there = ~np.isnan(value)
    count, total = there.sum(-1), np.where(there, value, 0).sum(-1, dtype=np.float64)
    return np.divide(total, count, out=np.full(np.shape(count), math.nan), where=count > 0)
