"""Settings of the network: the shape of a VGG and its first weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lp_core.errors import check
from lp_core.network.layers import WIDTHS, Depth
from lp_core.settings.fields import Range, at_least, check_fields, setting

AnglePadding = Literal["zeros", "circular"]
Initialization = Literal["torchvision", "variance-preserving", "looks-linear"]
EVEN_CIRCLE = 2 ** (len(WIDTHS) - 1)
"""Rows of a circle must be a multiple of this, for the pools between a VGG's convolutions to halve it evenly."""


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """The shape of a VGG and its first weights.

    Source: each field names torchvision's value, which is the default.
    """

    depth: Depth = 16
    """Layers with weights: 16 is VGG-16; 11, 13 and 19 are its relatives."""
    modules: str = ""
    """Modules of a network of your own instead of a VGG, as --own-network writes them; empty for a VGG."""
    width: float = setting(1.0, Range(low=1 / 64, high=4, words="1/64 to 4"))
    """Multiplies every number of channels; 1 is torchvision's."""
    pool: int = setting(7, at_least(1))
    """Side of the grid that the classifier reads; 7 is torchvision's."""
    dropout: float = setting(0.5, Range(low=0, high=1, below=True, words="0 <= p < 1"))
    """Probability of dropping a unit of the classifier during training."""
    angle_padding: AnglePadding = "zeros"
    """`circular` wraps the rows (angles) of log-polar input in every convolution, which takes a view.size that is a
    multiple of 16; cartesian input is never wrapped."""
    initialization: Initialization = "torchvision"
    """`torchvision`: fan out, slow to start on small data. `variance-preserving`: He's fan in everywhere, small
    networks learn at once. `looks-linear`: pairs of channels of opposite sign, the shortest plateau at the start."""

    def __post_init__(self) -> None:
        check_fields(self, "network")
        check(
            not self.modules or self.angle_padding == "zeros",
            "network.angle-padding is circular, which a network of your own does not do; give zeros",
        )
