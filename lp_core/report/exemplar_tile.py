"""From an exemplar and its gradient to the pictures of it in a panel, and to numbers about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import torch

from lp_core.exemplars.contrast import gradient_picture
from lp_core.exemplars.crop import cut, effective_box, paste
from lp_core.exemplars.field_measures import field_measures, one_turn
from lp_core.exemplars.guided_backprop import wraps
from lp_core.images.network_input import log_polar_map
from lp_core.measures.rings import fovea_radius
from lp_core.network.receptive_field import Box
from lp_core.network.stack import Stack
from lp_core.report.tile import Tile
from lp_core.settings import Recipe, ViewName

DISPLAY_SIDE = 224
"""Smallest side in px to which a log-polar image is mapped back."""
SAMPLES = 4
"""Samples of a mapped feature per px of the network input, along either axis: a px near the fovea is the mean of many
cells. Photographs are smooth there, gradients are not."""


def exemplar_tile(
    exemplar: Mapping[str, Any],
    image_SRC: np.ndarray,
    gradient: torch.Tensor,
    network: torch.nn.Module | Stack,
    recipe: Recipe,
    view: ViewName,
) -> Tile:
    """The pictures of one exemplar.

    Args:
        exemplar: its row of exemplars.parquet, and the `wnid` of its class, if that has one.
        image_SRC: uint8 [S, R, 3], the network input.
        gradient: [3, L, L] of the unit with respect to normalised input, aligned to its receptive field.
        network: whose unit it is; whether it wraps rows decides what lies beyond the first and last.
        recipe: settings of the run.
        view: which network.
    """
    circular = wraps(network)
    top, left, bottom, right = (exemplar[f"rf_{edge}"] for edge in ("top", "left", "bottom", "right"))
    box = Box(top, left, bottom, right)
    if circular:  # one turn shows all of a receptive field that goes around the circle more than once
        box, kept = one_turn(box, len(image_SRC))
        gradient = gradient[:, kept]
    pixels, inside = cut(image_SRC, box, wraps=circular)
    feature = gradient_picture(gradient)
    pictures = {"feature": _with_alpha(feature, inside), "patch": _with_alpha(pixels, inside)}
    if view == "log_polar":
        placed = paste(_with_alpha(feature, inside), box, image_SRC.shape[:2], wraps=circular)
        canvas = np.where(placed[..., 3:] > 0, placed[..., :3], np.uint8(128))
        clipped = box if circular else box._replace(top=max(top, 0), bottom=min(bottom, len(image_SRC)))
        pictures["mapped_feature"] = mapped_back(canvas, recipe, clipped, samples=SAMPLES)
        pictures["mapped_patch"] = mapped_back(image_SRC, recipe, clipped)
    name = str(exemplar["class_name"])
    effective = effective_box(gradient.numpy(), box) if gradient.any() else None
    log_polar = log_polar_map(recipe.geometry) if view == "log_polar" else None
    fovea = fovea_radius(recipe.geometry.size)
    measures = field_measures(gradient.numpy(), image_SRC, box, log_polar, fovea, wraps=circular)
    return Tile(
        exemplar["rank"],
        name,
        exemplar["activation"],
        **pictures,
        effective=effective,
        measures=measures,
        wnid=exemplar.get("wnid"),
    )


def _with_alpha(pixels_hwC: np.ndarray, inside_hw: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels_hwC, inside_hw[..., None].astype(np.uint8) * 255], axis=2)


def mapped_back(image_SRC: np.ndarray, recipe: Recipe, box: Box | None = None, *, samples: int = 1) -> np.ndarray:
    """A log-polar image as it lies in the photograph, uint8 [H, W, 4]; alpha is 0 outside the sampled disc (and box).

    Args:
        image_SRC: uint8 [S, R, 3].
        recipe: settings of the view.
        box: only this part, (top, left, bottom, right) in px of the log-polar image, half-open.
        samples: at least so many along a px of the photograph at network size.
    """
    scale = -(-DISPLAY_SIDE // recipe.geometry.size)
    picture, alpha = log_polar_map(recipe.geometry).unwarp(
        image_SRC, box=box, scale=scale, supersample=-(-samples // scale)
    )
    with_alpha = cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)
    return cv2.insertChannel(np.rint(alpha * 255).astype(np.uint8), with_alpha, 3)
