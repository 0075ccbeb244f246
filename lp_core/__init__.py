"""The science of Logpolar: arrays, tensors, tables, pictures and file formats. Knows nothing of Ray or clusters.

`__all__` lists the public names (docs/LIBRARY.md). Each is imported when it is first used (PEP 562), so importing
`lp_core` costs neither torch nor OpenCV.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers and editors, which do not run `__getattr__`
    from lp_core.errors import (
        ClusterError,
        DataError,
        InvariantError,
        LogpolarError,
        SettingError,
        StorageError,
        TrainingError,
    )
    from lp_core.exemplars.guided_backprop import guided_backprop
    from lp_core.exemplars.peaks import Peaks, find_peaks
    from lp_core.exemplars.top_k import TopK, merge
    from lp_core.images.log_polar import LogPolarMap
    from lp_core.images.tensor import InverseLogPolar, LogPolar
    from lp_core.measures.comparison import paired_difference
    from lp_core.measures.curveball import curveball
    from lp_core.measures.firing import foveal_index
    from lp_core.measures.grouping import clarity, concordance, distinct_classes
    from lp_core.measures.intervals import t_interval
    from lp_core.measures.statistics import permutation_p
    from lp_core.measures.twins import twin_channels
    from lp_core.measures.wordnet import lin_similarity
    from lp_core.network.inputs import normalized
    from lp_core.network.receptive_field import receptive_field
    from lp_core.network.stack import Stack
    from lp_core.network.vgg16 import VGG16
    from lp_core.run.weights import load_weights
    from lp_core.settings.network import NetworkSettings

__version__ = "0.2.0"

__all__ = [
    "VGG16",
    "ClusterError",
    "DataError",
    "InvariantError",
    "InverseLogPolar",
    "LogPolar",
    "LogPolarMap",
    "LogpolarError",
    "NetworkSettings",
    "Peaks",
    "SettingError",
    "Stack",
    "StorageError",
    "TopK",
    "TrainingError",
    "__version__",
    "clarity",
    "concordance",
    "curveball",
    "distinct_classes",
    "find_peaks",
    "foveal_index",
    "guided_backprop",
    "lin_similarity",
    "load_weights",
    "merge",
    "normalized",
    "paired_difference",
    "permutation_p",
    "receptive_field",
    "t_interval",
    "twin_channels",
]

_NAMES = {
    "errors": (
        "ClusterError",
        "DataError",
        "InvariantError",
        "LogpolarError",
        "SettingError",
        "StorageError",
        "TrainingError",
    ),
    "exemplars.guided_backprop": ("guided_backprop",),
    "exemplars.peaks": ("Peaks", "find_peaks"),
    "exemplars.top_k": ("TopK", "merge"),
    "images.log_polar": ("LogPolarMap",),
    "images.tensor": ("InverseLogPolar", "LogPolar"),
    "measures.comparison": ("paired_difference",),
    "measures.curveball": ("curveball",),
    "measures.firing": ("foveal_index",),
    "measures.grouping": ("clarity", "concordance", "distinct_classes"),
    "measures.intervals": ("t_interval",),
    "measures.statistics": ("permutation_p",),
    "measures.twins": ("twin_channels",),
    "measures.wordnet": ("lin_similarity",),
    "network.inputs": ("normalized",),
    "network.receptive_field": ("receptive_field",),
    "network.stack": ("Stack",),
    "network.vgg16": ("VGG16",),
    "run.weights": ("load_weights",),
    "settings.network": ("NetworkSettings",),
}
"""Public names by the module that has them."""
_MODULES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module 'lp_core' has no attribute '{name}'")
    value = getattr(import_module(f"lp_core.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Submodules that are imported, and all public names."""
    return sorted({*globals(), *__all__})
