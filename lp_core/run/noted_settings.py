"""Settings that finished stages noted in their manifests, where those of the present command may differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lp_core.setting_names import setting_roles, with_settings
from lp_core.settings import Recipe, ViewName

Manifest = Mapping[str, Any]
"""What a stage wrote when it finished."""


def made_with(recipe: Recipe, manifests: Iterable[Manifest]) -> Recipe:
    """The settings that a run was made with: where a setting decides no result, the value that a stage noted.

    Args:
        recipe: settings of the present command, which agree with the manifests in all that decides results.
        manifests: of the run's stages, in the order in which they were made.
    """
    roles = setting_roles(recipe)
    noted = {name: value for manifest in manifests for name, value in manifest.get("other_settings", {}).items()}
    # A data set that has moved is still the same; later commands need to find it.
    return with_settings(
        recipe, {name: value for name, value in noted.items() if roles.get(name) == "placement" and name != "data.path"}
    )


def measured_otherwise(recipe: Recipe, manifests: Mapping[ViewName, Mapping[str, Manifest]]) -> dict[str, float]:
    """Crops of the validation curves that differ from those of the accuracies, by a name for the report's table.

    Args:
        recipe: settings of the present command.
        manifests: by view and stage.
    """
    noted = {view: stages.get("train", {}).get("other_settings", {}) for view, stages in manifests.items()}
    crops = {view: settings.get("data.eval-crop", recipe.data.eval_crop) for view, settings in noted.items()}
    return {
        f"eval_crop of the training curves, {view}": crop
        for view, crop in crops.items()
        if crop != recipe.data.eval_crop
    }
