"""From an exemplar and its gradient to the pictures of it in a panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from lp_core.config import Recipe, ViewName
from lp_core.exemplars.contrast import gradient_picture
from lp_core.exemplars.guided_backprop import wraps
from lp_core.images.network_input import log_polar_map
from lp_core.network.vgg16 import VGG16
from lp_core.report.montage import Tile

DISPLAY_SIDE = 224
"""Smallest side in px to which a log-polar image is mapped back."""

Box = tuple[int, int, int, int]


def exemplar_tile(
    exemplar: Mapping[str, Any],
    image_SRC: np.ndarray,
    gradient: torch.Tensor,
    network: VGG16,
    recipe: Recipe,
    view: ViewName,
) -> Tile:
    """The pictures of one exemplar.

    Args:
        exemplar: its row of exemplars.parquet.
        image_SRC: uint8 [S, R, 3], the network input.
        gradient: [3, L, L] of the unit with respect to normalised input, aligned to its receptive field.
        network: whose unit it is; whether it wraps rows decides what lies beyond the first and last.
        recipe: settings of the run.
        view: which network.
    """
    circular = wraps(network)
    top, left, bottom, right = (exemplar[f"rf_{edge}"] for edge in ("top", "left", "bottom", "right"))
    if circular and bottom - top > len(image_SRC):
        # The receptive field goes around the circle more than once: one turn about its middle shows all of it.
        hidden = (bottom - top - len(image_SRC)) // 2
        top, bottom = top + hidden, top + hidden + len(image_SRC)
        gradient = gradient[:, hidden : hidden + len(image_SRC)]
    box = (top, left, bottom, right)
    patch = cut(image_SRC, box, circular)
    feature = np.concatenate([gradient_picture(gradient), patch[..., 3:]], axis=2)
    pictures = {"feature": feature, "patch": patch}
    if view == "log_polar":
        canvas = np.full_like(image_SRC, 128)
        inside = patch[..., 3] > 0
        row, col = np.nonzero(inside)
        canvas[(row + top) % len(canvas), col + left] = feature[inside][:, :3]
        clipped = box if circular else (max(top, 0), left, min(bottom, len(image_SRC)), right)
        pictures["mapped_feature"] = mapped_back(canvas, recipe, clipped)
        pictures["mapped_patch"] = mapped_back(image_SRC, recipe, clipped)
    name = str(exemplar["class_name"])
    return Tile(exemplar["rank"], name, exemplar["activation"], **pictures)


def cut(image_SRC: np.ndarray, box: Box, circular: bool) -> np.ndarray:
    """A box of an image, uint8 [h, w, 4]; alpha is 0 in the padding.

    Args:
        image_SRC: uint8 [S, R, 3].
        box: (top, left, bottom, right), half-open; may reach beyond the image.
        circular: whether rows beyond the edges are those of the other edge.
    """
    top, left, bottom, right = box
    rows, cols = np.arange(top, bottom), np.arange(left, right)
    row_inside = np.ones(len(rows), bool) if circular else (rows >= 0) & (rows < image_SRC.shape[0])
    col_inside = (cols >= 0) & (cols < image_SRC.shape[1])
    cells = image_SRC[np.ix_(rows % image_SRC.shape[0], cols % image_SRC.shape[1])]
    alpha = (row_inside[:, None] & col_inside).astype(np.uint8) * 255
    return np.concatenate([cells * (alpha[..., None] > 0), alpha[..., None]], axis=2)


def mapped_back(image_SRC: np.ndarray, recipe: Recipe, box: Box | None = None) -> np.ndarray:
    """A log-polar image as it lies in the photograph, uint8 [H, W, 4]; alpha is 0 outside the sampled disc (and box).

    Args:
        image_SRC: uint8 [S, R, 3].
        recipe: settings of the view.
        box: only this part, (top, left, bottom, right) in px of the log-polar image, half-open.
    """
    scale = -(-DISPLAY_SIDE // recipe.view.size)
    picture, alpha = log_polar_map(recipe.view).unwarp(image_SRC, box=box, scale=scale)
    return np.concatenate([picture, np.round(alpha * 255).astype(np.uint8)[..., None]], axis=2)
