"""What a ReLU lets back: one function per rule.

To add a rule: its name in `lp_core.settings.Rule`, its function in `RELU_RULES`, its title in `lp_core/report/tile.py`,
and a hook in `tests/reference/guided_backprop.py`. `guided_backprop` applies it at every ReLU from the unit down.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from lp_core.settings import Rule

ReluRule = Callable[[Tensor, Tensor], Tensor]
"""(gradient above a ReLU, where the ReLU was active) -> gradient below it, all of one shape."""


def guided(gradient: Tensor, active: Tensor) -> Tensor:
    """Positive gradients where the ReLU was active. Source: Springenberg et al. 2014."""
    return gradient.clamp(min=0) * active


def deconvnet(gradient: Tensor, active: Tensor) -> Tensor:
    """Positive gradients, whether or not the ReLU was active. Source: Zeiler & Fergus 2014."""
    return gradient.clamp(min=0)


def plain_gradient(gradient: Tensor, active: Tensor) -> Tensor:
    """All gradients where the ReLU was active: the derivative itself."""
    return gradient * active


RELU_RULES: dict[Rule, ReluRule] = {"guided": guided, "deconvnet": deconvnet, "gradient": plain_gradient}
"""The rules by the names that settings give them."""
