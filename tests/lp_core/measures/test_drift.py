"""`drift` finds planted centres, whatever the number of units in a sector, and measures how far they move."""

import numpy as np
import pytest

from lp_core.measures.drift import centre_angle, centre_radius, mean_drift


def test_a_channel_that_fires_in_one_place_is_centred_there() -> None:
    radius_E = np.array([0.0, 2.0, 6.0, 14.0])
    assert centre_radius(np.array([[0, 3, 0], [1, 0, 1], [0, 0, 0]]), radius_E)[:2] == pytest.approx([4.0, 5.5])
    assert np.isnan(centre_radius(np.zeros((1, 3)), radius_E)).all()
    angle_C = centre_angle(np.eye(8)[[0, 2, 6]], np.ones(8))
    np.testing.assert_allclose(angle_C, [1, 1j, -1j], atol=1e-12)


def test_even_activation_per_unit_has_no_direction() -> None:
    cells_S = np.array([4, 1, 4, 1, 4, 1, 4, 2])
    assert abs(centre_angle(3.0 * cells_S[None], cells_S)[0]) == pytest.approx(0, abs=1e-12)
    assert np.isnan(centre_angle(np.zeros((1, 8)), cells_S)).all()


def test_drift_is_the_mean_distance_of_channels_alive_in_both() -> None:
    assert mean_drift(np.array([1.0, np.nan, 5.0]), np.array([4.0, 1.0, 5.0])) == pytest.approx(1.5)
    assert mean_drift(np.array([1j]), np.array([-1j])) == pytest.approx(2)
    # Without a preferred direction, its angle may be anything: nothing moved.
    assert mean_drift(np.array([1e-9]), np.array([-1e-9])) == pytest.approx(0, abs=1e-8)
    assert np.isnan(mean_drift(np.array([np.nan]), np.array([1.0])))
