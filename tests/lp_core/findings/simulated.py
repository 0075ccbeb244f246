"""Networks with known properties: nines with planted groups, and activation with a planted fovea."""

from __future__ import annotations

import numpy as np

from lp_core.exemplars.map_regions import SECTORS, map_regions
from lp_core.exemplars.ring_activity import LayerActivity
from lp_core.findings.nines import Nines
from lp_core.settings import ViewName, ViewSettings
from tests.lp_core.measures.simulated import plant, popular_nines

LAYER = "conv5_2"
GEOMETRY = ViewSettings(size=224)


def simulated_nines(
    label_N: np.ndarray, rng: np.random.Generator, *, channels: int = 32, planted: int = 0, of_class: int = 6
) -> Nines:
    """The nine of one layer among images of these labels; the first `planted` channels have some of one class."""
    image_CK = popular_nines(channels, len(label_N), rng)
    image_CK[:planted] = plant(image_CK[:planted], label_N, of_class, rng)
    border_CK = rng.random(image_CK.shape) < 0.2
    zeros, layer_C = np.zeros(image_CK.shape), np.zeros(channels, np.int64)
    shares = np.where(border_CK, 0.5, 0.0)
    return Nines((LAYER,), layer_C, np.arange(channels), image_CK, label_N[image_CK], shares, zeros)


def simulated_activity(
    view: ViewName, rng: np.random.Generator, *, channels: int = 32, fovea: float = 0.0, side: float = 0.0
) -> dict[str, LayerActivity]:
    """Activation of one layer; within 40 px it is 2^fovea times as strong, to the right 1 + `side` times on average."""
    regions = map_regions(view, GEOMETRY, LAYER)
    middle_B = (regions.radius_E[:-1] + regions.radius_E[1:]) / 2
    loud_C1 = rng.gamma(2, 1, (channels, 1))
    profile_B = regions.cells_B * np.where(middle_B < 40, 2.0**fovea, 1.0)
    sum_CB = loud_C1 * profile_B * rng.gamma(50, 0.02, (channels, len(profile_B)))
    wave_S = 1 + side * np.cos(2 * np.pi * np.arange(SECTORS) / SECTORS)
    sector_CS = loud_C1 * regions.cells_S * wave_S * rng.gamma(50, 0.02, (channels, SECTORS))
    count_CB = np.rint(1000 * sum_CB).astype(np.int64)
    activity = LayerActivity(
        regions.radius_E,
        regions.cells_B,
        sum_CB,
        sum_CB**2,
        count_CB,
        count_CB // 100,
        np.ones(channels),
        sector_CS,
        regions.cells_S,
    )
    return {LAYER: activity}
