"""`firing`: planted foveas and sides are found in both views, and shares add up."""

import dataclasses

import numpy as np
import pytest

from lp_core.exemplars.map_regions import map_regions
from lp_core.findings.firing import (
    ORDERS,
    angle_table,
    channel_firing,
    firing_table,
    foveal_indices,
    foveal_radii,
    within_radius,
)
from tests.lp_core.findings.simulated import GEOMETRY, LAYER, simulated_activity

VIEWS = ("cartesian", "log_polar")


@pytest.mark.parametrize("view", VIEWS)
def test_shares_add_up_and_uniform_activation_has_the_cells_share(view):
    activity = simulated_activity(view, np.random.default_rng(0))
    rows = firing_table(activity, view, "trained", GEOMETRY).to_pylist()
    for name in ("cell_share", "area_share", "share", "share_active", "share_above"):
        assert sum(row[name] for row in rows) == pytest.approx(1)
    assert [row["share"] for row in rows] == pytest.approx([row["cell_share"] for row in rows], abs=0.01)
    assert [row["radius_from"] for row in rows[1:]] == [row["radius_to"] for row in rows[:-1]]
    assert {(row["view"], row["network"], row["layer"]) for row in rows} == {(view, "trained", LAYER)}


@pytest.mark.parametrize("view", VIEWS)
def test_units_within_a_radius_are_counted(view):
    """The share of all units that bins say is within a radius, against the units themselves."""
    activity = simulated_activity(view, np.random.default_rng(0))[LAYER]
    radius = foveal_radii(GEOMETRY)[""]
    counted = within_radius(LAYER, activity, view, GEOMETRY, radius) @ activity.cells_B / activity.cells_B.sum()
    expected = 10 / 14 if view == "log_polar" else np.pi * radius**2 / 224**2
    assert counted == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("fovea", [1.0, -1.0, 0.0])
def test_a_planted_fovea_has_its_sign(view, fovea):
    rng = np.random.default_rng(0)
    found = foveal_indices(simulated_activity(view, rng, fovea=fovea), simulated_activity(view, rng), view, GEOMETRY)
    assert list(found) == [(LAYER, ""), (LAYER, ".within_4_px")]
    assert found[LAYER, ""] == pytest.approx(0, abs=0.1) if fovea == 0 else fovea * found[LAYER, ""] > 0.2


def test_a_foveal_channel_is_found_among_others():
    activity = simulated_activity("log_polar", np.random.default_rng(0))[LAYER]
    regions = map_regions("log_polar", GEOMETRY, LAYER)
    activity.sum_CB[3] = regions.cells_B * (regions.radius_E[1:] < 20)
    activity.sum_CB[4] = 0
    activity.sum_CB[5] = regions.cells_B * (regions.radius_E[:-1] > 60)
    index_C, eccentricity_C = channel_firing(LAYER, activity, "log_polar", GEOMETRY)
    assert np.nanargmax(index_C) == 3
    assert np.nanargmin(eccentricity_C) == 3
    assert np.isnan([index_C[4], eccentricity_C[4], index_C[5]]).all()
    assert eccentricity_C[5] > 60


@pytest.mark.parametrize("view", VIEWS)
def test_a_side_is_found_and_unequal_sectors_are_none(view):
    rng = np.random.default_rng(0)
    plain, sided = (
        angle_table(simulated_activity(view, rng, side=side), view, "trained").to_pylist() for side in (0, 0.4)
    )
    assert [row["order"] for row in sided] == list(ORDERS)
    assert max(row["resultant"] for row in plain) < 0.03
    assert sided[0]["resultant"] == pytest.approx(0.2, abs=0.03)  # half the amplitude
    assert min(sided[0]["direction"], 360 - sided[0]["direction"]) < 5
    assert sided[1]["resultant"] < 0.03


def test_a_dead_layer_has_no_place():
    activity = simulated_activity("log_polar", np.random.default_rng(0))
    dead = dataclasses.replace(
        activity[LAYER],
        **{name: 0 * getattr(activity[LAYER], name) for name in ("sum_CB", "active_CB", "above_CB", "sector_CS")},
    )
    rows = firing_table({LAYER: dead}, "log_polar", "trained", GEOMETRY).to_pylist()
    assert np.isnan([row["share"] for row in rows]).all()
    assert np.isnan([row["resultant"] for row in angle_table({LAYER: dead}, "log_polar", "trained").to_pylist()]).all()
    assert np.isnan(foveal_indices({LAYER: dead}, activity, "log_polar", GEOMETRY)[LAYER, ""])
    assert np.isnan(foveal_indices(activity, {LAYER: dead}, "log_polar", GEOMETRY)[LAYER, ""])
