"""The files of each stage, and what settings ask for besides the usual ones."""

from __future__ import annotations

from typing import Any

from lp_core.run import files
from lp_core.setting_names import setting_roles, setting_values
from lp_core.settings import Recipe

WRITES = {
    "first_weights": (files.FIRST_WEIGHTS,),
    "weights": (files.WEIGHTS,),
    "train": (files.WEIGHTS, files.METRICS, f"{files.CHECKPOINTS}/", f"{files.HISTORY}/epoch_*"),
    "evaluate": (files.EVALUATION, files.CLASSES, files.PREDICTIONS),
    "compare": (files.COMPARISON,),
    "scan": (
        *(files.EXEMPLARS, files.CHANNELS, files.PLACES, files.RINGS),
        *(files.MAXIMA, files.MAXIMA_IMAGES, files.LOWER_EXEMPLARS),
    ),
    "changes": (files.CHANGES,),
    "evolution": (files.EVOLUTION, files.BIRTHS, files.EVOLUTION_LAYERS, files.LAYER_BIRTHS),
    "visualize": (f"{files.PANELS}/", f"{files.ATLAS}/", files.FEATURES, f"{files.RANDOM_WEIGHTS}/"),
    "tolerance": (files.TOLERANCE,),
    "retention": (files.RETENTION,),
    "equivariance": (files.EQUIVARIANCE,),
    "sanity": (files.SANITY, f"{files.SANITY_PICTURES}/"),
    "strips": (f"{files.STRIPS}/", files.STRIP_TABLE),
    "measure": (f"{files.MEASURES}/", files.FINDINGS),
    "report": (f"{files.REPORT}/",),
}
"""Files of each stage, relative to its folder; `stages/<name>.json`, its manifest, comes last."""


def chosen_parts(recipe: Recipe) -> dict[str, Any]:
    """Return what the settings ask for besides the usual stages and files, by setting."""
    usual, roles = setting_values(Recipe(name=recipe.name)), setting_roles(recipe)
    values = setting_values(recipe)
    chosen = [name for name, role in roles.items() if role == "selection" and name != "views"]
    return {name: values[name] for name in chosen if values[name] != usual[name]}
