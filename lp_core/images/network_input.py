"""A decoded photograph and a crop -> the uint8 image that a network sees: the inner loop of training."""

from __future__ import annotations

import functools

import numpy as np

from lp_core.config import ViewName, ViewSettings
from lp_core.images.crop import Crop, resize_crop
from lp_core.images.log_polar import LogPolarMap, bands
from lp_core.images.sampling import Affine, sample_bands


@functools.lru_cache(maxsize=16)
def log_polar_map(settings: ViewSettings) -> LogPolarMap:
    """The map from the crop, resized to size x size, to the log-polar image."""
    return LogPolarMap(
        size=(settings.size, settings.size),
        sectors=settings.size,
        rings=settings.size,
        law=settings.law,
        radius=settings.radius,
        foveal_scale=settings.foveal_scale,
        prefilter=settings.prefilter,
    )


def network_input(image_HWC: np.ndarray, crop: Crop, view: ViewName, settings: ViewSettings) -> np.ndarray:
    """What the network of a view sees of a crop.

    Args:
        image_HWC: Decoded photograph, uint8 [H, W, 3].
        crop: The part to look at.
        view: `cartesian` (the crop resized) or `log_polar`.
        settings: Size, law and way of sampling.

    Returns:
        uint8 [size, size, 3]; rows are sectors and columns are rings in the log-polar view.
    """
    if view == "cartesian":
        return resize_crop(image_HWC, crop, settings.size)
    log_polar = log_polar_map(settings)
    if settings.sampling == "two-step":
        return log_polar.warp(resize_crop(image_HWC, crop, settings.size))
    y_scale, x_scale = crop.height / settings.size, crop.width / settings.size
    cy, cx = log_polar.centre_yx
    if crop.flip:
        cx = settings.size - 1 - cx
    y_centre, x_centre = crop.top + (cy + 0.5) * y_scale - 0.5, crop.left + (cx + 0.5) * x_scale - 0.5
    if crop.flip:
        x_scale = -x_scale
    return sample_bands(image_HWC, bands(log_polar, Affine(y_scale, y_centre, x_scale, x_centre)), log_polar.fill)
