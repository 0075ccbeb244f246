"""Settings of the views: how a cropped photograph becomes a network input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from lp_core.errors import SettingError, check
from lp_core.images.laws import Law, NamedRadius
from lp_core.settings.fields import Range, check_fields, setting

ViewName = Literal["cartesian", "log_polar"]
VIEW_NAMES: tuple[ViewName, ...] = get_args(ViewName)
Sampling = Literal["composed", "two-step"]
FillColour = Literal["black", "mean"]


@dataclass(frozen=True, kw_only=True)
class ViewSettings:
    """How a cropped photograph becomes a network input.

    All but `size`, `equal_information` and `fisheye` concern the log-polar view; with either of the last two they
    concern both.
    """

    size: int = setting(224, Range(low=32, words="at least 32, because VGG-16 halves its input five times"))
    """Side of the network input in px: rows = sectors, columns = rings, unless `sectors` is given."""
    sectors: int | None = setting(None, Range(low=32, words="at least 32, because VGG-16 halves its input five times"))
    """Rows of the log-polar input, `size` unless given. It has as many cells in any shape: rings = size² / sectors."""
    law: Law = "monopole"
    """How the radius grows with the ring."""
    foveal_scale: float = setting(1.0, Range(low=0, above=True, words="a positive number of px"))
    """The monopole's `a`, in px of the crop resized to `size`: within it sampling is about linear."""
    radius: float | NamedRadius = setting(
        "corner", Range(low=0, above=True, words=f"a positive number of px, or {' or '.join(get_args(NamedRadius))}")
    )
    """Outermost radius in px of the crop resized to `size`, or the half diagonal, or the half side."""
    sampling: Sampling = "composed"
    """`composed` samples the decoded photograph once; `two-step` resizes to `size` first, as the paper did."""
    prefilter: bool = True
    """Average the photograph over each sample's footprint where the periphery is undersampled."""
    blank_within: float = setting(0.0, Range(low=0, words="0 or more px, less than the outermost ring"))
    """Rings nearer to the fixation than this, in px of the crop resized to `size`, show the mean colour: a lesion that
    the network is trained with."""
    fill: FillColour = "black"
    """What the log-polar view shows beyond the crop: black, or ImageNet's mean colour, about 0 in a network."""
    equal_information: bool = False
    """The cartesian view shows no more than the log-polar one: its input is the log-polar image mapped back."""
    fisheye: bool = False
    """The same, but the cartesian view keeps the magnification: all rings are equally wide, as through a fisheye. No
    places are measured in it: it goes until `evaluate`."""
    seam_degrees: float = setting(0.0, Range(low=0, high=360, below=True, words="degrees, 0 <= angle < 360"))
    """Where the circle is cut open: the angle of row 0, clockwise on the screen from the right. It matters to networks
    without circular padding."""

    def __post_init__(self) -> None:
        check_fields(self, "view")
        if self.sectors is not None and (self.size**2 % self.sectors or self.rings < 32):
            raise SettingError(
                f"view.sectors is {self.sectors}; give a divisor of the {self.size} x {self.size} cells of the input "
                f"that leaves at least 32 rings: {', '.join(map(str, self.possible_sectors()))}"
            )
        check(
            not (self.equal_information and self.fisheye),
            "view.equal-information and view.fisheye are both on; each makes the cartesian view another way: give one",
        )
        logarithmic = self.law != "monopole"
        check(
            isinstance(self.radius, str) or not logarithmic or self.radius > 1,
            f"view.radius is {self.radius}; the {self.law} law takes its logarithm: give more than 1 px",
        )
        outermost = self.size / 2 if isinstance(self.radius, str) else min(self.radius, self.size / 2)
        check(
            self.blank_within < outermost,
            f"view.blank-within is {self.blank_within}; give 0 or more px, less than the outermost ring: "
            f"{outermost:g} px here",
        )

    @property
    def rings(self) -> int:
        """Columns of the log-polar input."""
        return self.size**2 // (self.sectors or self.size)

    @property
    def mapped_back(self) -> bool:
        """Whether the cartesian view is made of the log-polar image."""
        return self.equal_information or self.fisheye

    def shape(self, view: ViewName) -> tuple[int, int]:
        """Rows and columns of a view's network input."""
        return (self.size, self.size) if view == "cartesian" else (self.sectors or self.size, self.rings)

    def possible_sectors(self) -> list[int]:
        """The numbers of sectors that a size allows, ascending."""
        cells = self.size**2
        return [sectors for sectors in range(32, cells // 32 + 1) if cells % sectors == 0]
