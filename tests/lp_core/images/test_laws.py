"""`laws` has formulas for every law that settings can name, and they are each other's inverses."""

from typing import get_args

import numpy as np
import pytest

from lp_core.images.laws import LAWS, Law


def test_every_law_that_can_be_named_has_formulas() -> None:
    assert set(LAWS) == set(get_args(Law))


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
@pytest.mark.parametrize("foveal_scale", [0.5, 1.0, 7.0])
def test_formulas_of_a_law_agree_with_each_other(law, foveal_scale) -> None:
    exponent = np.linspace(0.1, 5, 50)
    radius = law.radius(np.exp(exponent), foveal_scale)
    np.testing.assert_allclose(law.exponent(radius, foveal_scale), exponent)
    step = 1e-6
    difference = law.radius(np.exp(exponent + step), foveal_scale) - law.radius(np.exp(exponent - step), foveal_scale)
    np.testing.assert_allclose(law.slope(radius, foveal_scale), difference / (2 * step), rtol=1e-6)
    assert np.log(law.outer_growth(20.0, foveal_scale)) == pytest.approx(
        float(law.exponent(np.array(OUTER[law]), foveal_scale))
    )


OUTER = {LAWS["monopole"]: 20.0, LAWS["opencv"]: 19.0, LAWS["paper-2018"]: 20.0}
"""Radius in px that ring R has where the outer radius is 20; OpenCV's maxRadius is one more."""
