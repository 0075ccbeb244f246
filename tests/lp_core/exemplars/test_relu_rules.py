"""`relu_rules` lets back what the papers say, for every rule that settings can name."""

from typing import get_args

import pytest
import torch

from lp_core.exemplars.relu_rules import RELU_RULES
from lp_core.settings import Rule


def test_every_rule_that_can_be_named_has_a_function() -> None:
    assert set(RELU_RULES) == set(get_args(Rule))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("guided", [2.0, 0.0, 0.0, 0.0]), ("deconvnet", [2.0, 0.0, 3.0, 0.0]), ("gradient", [2.0, -1.0, 0.0, 0.0])],
)
def test_signs_and_activity_decide(rule, expected) -> None:
    """Springenberg et al. 2014, figure 1, in one dimension."""
    gradient, active = torch.tensor([2.0, -1.0, 3.0, -4.0]), torch.tensor([True, True, False, False])
    assert (RELU_RULES[rule](gradient, active) == torch.tensor(expected)).all()
