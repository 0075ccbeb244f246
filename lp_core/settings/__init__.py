"""The settings of a run: frozen dataclasses whose field names are also the command line's (`--train.batch-size 64`)."""

from lp_core.settings.data import DataSettings
from lp_core.settings.measure import MeasureSettings
from lp_core.settings.network import AnglePadding, Initialization, NetworkSettings
from lp_core.settings.recipe import Recipe, recipe_from_dict, to_dict
from lp_core.settings.scan import OTHER_CROP, Control, ScanSettings
from lp_core.settings.train import TrainSettings
from lp_core.settings.view import VIEW_NAMES, ViewName, ViewSettings
from lp_core.settings.visualize import Rule, VisualizeSettings

__all__ = [
    "OTHER_CROP",
    "VIEW_NAMES",
    "AnglePadding",
    "Control",
    "DataSettings",
    "Initialization",
    "MeasureSettings",
    "NetworkSettings",
    "Recipe",
    "Rule",
    "ScanSettings",
    "TrainSettings",
    "ViewName",
    "ViewSettings",
    "VisualizeSettings",
    "recipe_from_dict",
    "to_dict",
]
