"""A recipe: the complete settings of a run, and its form in JSON."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from lp_core.errors import check
from lp_core.settings.data import DataSettings
from lp_core.settings.fields import Range, check_fields, option_of, selection, setting
from lp_core.settings.measure import MeasureSettings
from lp_core.settings.network import EVEN_CIRCLE, NetworkSettings
from lp_core.settings.scan import ScanSettings
from lp_core.settings.train import TrainSettings
from lp_core.settings.view import VIEW_NAMES, ViewName, ViewSettings
from lp_core.settings.visualize import VisualizeSettings


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides the result of a run."""

    name: str = field(metadata={"role": "placement", "option": "recipe"})
    """Recipe that this run started from: a name, or MODULE:FUNCTION of your own."""
    seed: int = setting(0, Range(low=0, high=2**63, below=True, words="0 or more, below 2^63"))
    """Seed of weights, order, crops and of the channels drawn for panels."""
    views: tuple[ViewName, ...] = selection(VIEW_NAMES)
    """Networks to train: `cartesian`, `log_polar` or both."""
    data: DataSettings = field(default_factory=DataSettings)
    geometry: ViewSettings = field(default_factory=ViewSettings, metadata={"option": "view"})
    network: NetworkSettings = field(default_factory=NetworkSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    scan: ScanSettings = field(default_factory=ScanSettings)
    visualize: VisualizeSettings = field(default_factory=VisualizeSettings)
    measure: MeasureSettings = field(default_factory=MeasureSettings)

    def __post_init__(self) -> None:
        check_fields(self, "", Recipe)  # a command line adds fields that are not settings
        check(len(self.views) >= 1, "views is empty; give cartesian, log_polar or both")
        check(len(set(self.views)) == len(self.views), f"views names one twice: {' '.join(self.views)}")
        # A pool that drops an odd last row breaks the circle there: neighbouring units would look at rows that are not
        # neighbours, and a unit's receptive field would be no box.
        sectors = self.geometry.shape("log_polar")[0]
        wraps = self.network.angle_padding == "circular" and "log_polar" in self.views
        near = max(2, round(sectors / EVEN_CIRCLE)) * EVEN_CIRCLE
        named, such_as = ("view.size", f"such as {near}, ") if self.geometry.sectors is None else ("view.sectors", "")
        check(
            # A network of your own, which a command line names, takes the place of these settings and wraps nothing.
            not wraps or sectors % EVEN_CIRCLE == 0 or bool(getattr(self, "own_network", None)),
            f"{named} is {sectors}, and with network.angle-padding circular the pools would drop rows of the circle; "
            f"give a multiple of {EVEN_CIRCLE}, {such_as}or network.angle-padding zeros",
        )
        check(
            not self.network.modules or self.geometry.sectors in (None, self.geometry.size),
            f"view.sectors is {self.geometry.sectors}, and a network of your own has square input; leave it out",
        )
        check(
            self.train.workers <= self.data.lanes,
            f"train.workers is {self.train.workers}, more than data.lanes {self.data.lanes}; raise data.lanes",
        )
        check(
            self.train.batch_size >= self.data.lanes,
            f"train.batch-size is {self.train.batch_size}, less than data.lanes {self.data.lanes}; "
            "raise the one or lower the other",
        )


def to_dict(settings: Any) -> dict[str, Any]:
    """A settings dataclass as nested plain values, by the names of the command line's options, ready for JSON."""
    values = dataclasses.asdict(settings)
    return {option_of(member): values[member.name] for member in dataclasses.fields(settings)}


def recipe_from_dict(values: dict[str, Any]) -> Recipe:
    """The recipe that `to_dict` (also after a round through JSON) came from.

    Raises:
        KeyError, TypeError: a section is missing, or a field is unknown.
        SettingError: a value is not allowed.
    """
    sections = {
        "data": DataSettings,
        "view": ViewSettings,
        "network": NetworkSettings,
        "train": TrainSettings,
        "scan": ScanSettings,
        "visualize": VisualizeSettings,
        "measure": MeasureSettings,
    }
    arguments = _with_tuples(values)
    arguments["name"] = arguments.pop("recipe")
    del arguments["view"]
    values = {"measure": {}} | values  # which runs of earlier versions do not have
    for key, section in sections.items():
        arguments["geometry" if key == "view" else key] = section(**_of_today(_with_tuples(values[key])))
    return Recipe(**arguments)


def _of_today(section: dict[str, Any]) -> dict[str, Any]:
    """A section as today's version writes it: these settings were true, or false unless asked for."""
    words = {"maxima": "always", "compile": "on"}
    return {
        name: (words[name] if value else "auto") if name in words and isinstance(value, bool) else value
        for name, value in section.items()
    }


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    """The values with JSON's lists as tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
