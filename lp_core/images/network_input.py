"""A decoded photograph and a crop -> the uint8 image that a network sees: the inner loop of training."""

from __future__ import annotations

import functools
import math

import numpy as np

from lp_core.images.crop import Crop, resize_crop
from lp_core.images.geometry import cells
from lp_core.images.log_polar import LogPolarMap
from lp_core.images.sampling import Affine, sample, sampling_bands
from lp_core.settings import ViewName, ViewSettings

MEAN_COLOUR = (124, 116, 104)
"""ImageNet's mean colour in whole grey levels; about 0 in a network. Source: `lp_core.network.inputs.MEAN`."""


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
        crop: The part to look at; what lies beyond it is as black as what lies beyond the photograph.
        view: `cartesian` (the crop resized; with `equal_information` the log-polar image mapped back) or `log_polar`.
        settings: Size, law and way of sampling.

    Returns:
        uint8 [size, size, 3]; rows are sectors and columns are rings in the log-polar view.
    """
    if view == "cartesian":
        if settings.equal_information:
            # From the rounded image that the log-polar network gets: it knows no more either.
            return log_polar_map(settings).unwarp(_log_polar_input(image_HWC, crop, settings))[0]
        return resize_crop(image_HWC, crop, settings.size)
    return _log_polar_input(image_HWC, crop, settings)


def _log_polar_input(image_HWC: np.ndarray, crop: Crop, settings: ViewSettings) -> np.ndarray:
    log_polar = log_polar_map(settings)
    if settings.sampling == "two-step":
        image_SRC = log_polar.warp(resize_crop(image_HWC, crop, settings.size))
    else:
        image_SRC = sample_composed(image_HWC, crop, log_polar)
    if settings.blank_within > 0:
        image_SRC[log_polar.looks_within(settings.blank_within)] = MEAN_COLOUR
    return image_SRC


def sample_composed(image_HWC: np.ndarray, crop: Crop, log_polar: LogPolarMap) -> np.ndarray:
    """The log-polar image of a crop, sampled from the photograph itself: crop, flip, resize and warp are one map.

    Args:
        image_HWC: [H, W, C], any dtype that `LogPolarMap.warp` takes.
        crop: Inside the photograph.
        log_polar: Map of the crop resized to `log_polar.size`.

    Returns:
        [S, R, C], same dtype.
    """
    height, width = log_polar.size
    cy, cx = log_polar.centre_yx
    if crop.flip:
        cx = width - 1 - cx
    top, left = max(0, math.floor(crop.top)), max(0, math.floor(crop.left))
    part_HWC = image_HWC[top : math.ceil(crop.top + crop.height), left : math.ceil(crop.left + crop.width)]
    y_scale, x_scale = crop.height / height, crop.width / width
    view = Affine(
        y_scale=y_scale,
        y_offset=crop.top - top + (cy + 0.5) * y_scale - 0.5,
        x_scale=-x_scale if crop.flip else x_scale,
        x_offset=crop.left - left + (cx + 0.5) * x_scale - 0.5,
    )
    bands = sampling_bands(cells(log_polar), view, prefilter=log_polar.prefilter, keep=False)
    return sample(part_HWC, bands, log_polar.fill)
