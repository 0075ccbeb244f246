"""A decoded photograph and a crop -> the uint8 image that a network sees: the inner loop of training."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from lp_core.images.crop import Crop, crop_part, turned_crop
from lp_core.images.geometry import bands, cells
from lp_core.images.log_polar import LogPolarMap
from lp_core.images.look import STRAIGHT, Look, masked
from lp_core.images.sampling import Affine, Fill, sample, sampling_bands
from lp_core.settings import ViewName, ViewSettings

MEAN_COLOUR = (124, 116, 104)
"""ImageNet's mean colour in whole grey levels; about 0 in a network. Source: `lp_core.network.inputs.MEAN`."""


@functools.lru_cache(maxsize=16)
def log_polar_map(settings: ViewSettings) -> LogPolarMap:
    """The map from the crop, resized to size x size, to the log-polar image."""
    return LogPolarMap(
        size=(settings.size, settings.size),
        sectors=settings.shape("log_polar")[0],
        rings=settings.rings,
        law=settings.law,
        radius=settings.radius,
        foveal_scale=settings.foveal_scale,
        prefilter=settings.prefilter,
        seam_degrees=settings.seam_degrees,
    )


def network_input(
    image_HWC: np.ndarray,
    crop: Crop,
    view: ViewName,
    settings: ViewSettings,
    look: Look = STRAIGHT,
    other_HWC: np.ndarray | None = None,
) -> np.ndarray:
    """What the network of a view sees of a crop.

    Args:
        image_HWC: Decoded photograph, uint8 [H, W, 3].
        crop: The part to look at; what lies beyond it, or beyond the photograph, has the colour of `settings.fill`.
            Where a look brings it into the ordinary view, and in both around a disc or window whose fill is the mean
            colour, it has the mean colour.
        view: `cartesian` (the crop resized; with `equal_information` or `fisheye` the log-polar image mapped back) or
            `log_polar`.
        settings: Size, law and way of sampling.
        look: How to look at the crop. Its map is composed with that of the view: the photograph is sampled once.
        other_HWC: What a mask shows where it hides, with the mask fill `photograph`: uint8, as large as the whole px
            that the crop touches.

    Returns:
        uint8 [*settings.shape(view), 3]; rows are sectors and columns are rings in the log-polar view.

    Raises:
        ValueError: the look leads beside the photograph, or `other_HWC` is missing or of another size.
    """
    if look != STRAIGHT:
        image_HWC, crop = crop_part(image_HWC, look.crop(crop))
        image_HWC = masked(image_HWC, crop, look, MEAN_COLOUR, other_HWC)
    if view == "cartesian" and not settings.mapped_back:
        return turned_crop(image_HWC, crop, settings.size, look.rotation, look.gaze_shift_yx, MEAN_COLOUR)
    image_SRC = _log_polar_input(image_HWC, crop, settings, look)
    if view == "log_polar":
        return image_SRC
    # From the rounded image that the log-polar network gets: it knows no more either.
    return log_polar_map(settings).unwarp(image_SRC, inverse="fisheye" if settings.fisheye else "exact")[0]


def _log_polar_input(image_HWC: np.ndarray, crop: Crop, settings: ViewSettings, look: Look) -> np.ndarray:
    sectors = settings.shape("log_polar")[0]
    turned = round(look.rotation * sectors / 360)  # rows
    rest = round(look.rotation - turned * 360 / sectors, 9)
    log_polar = _gazing_map(settings, look.gaze_shift_yx, rest)
    fill = MEAN_COLOUR if settings.fill == "mean" or look.frames else log_polar.fill
    if settings.sampling == "two-step":
        resized_HWC = turned_crop(image_HWC, crop, settings.size, 0.0)
        image_SRC = sample(resized_HWC, bands(log_polar), fill)
    else:
        image_SRC = sample_composed(image_HWC, crop, log_polar, fill)
    if settings.blank_within > 0:
        image_SRC[log_polar.looks_within(settings.blank_within)] = MEAN_COLOUR
    return np.roll(image_SRC, -turned, axis=0) if turned else image_SRC


@functools.lru_cache(maxsize=512)  # a tolerance test looks at every photograph with some 150 of them
def _gazing_map(settings: ViewSettings, gaze_shift_yx: tuple[float, float], degrees: float) -> LogPolarMap:
    """The map of a gaze that is shifted, and an eye that is turned clockwise."""
    log_polar = log_polar_map(settings)
    if gaze_shift_yx != (0.0, 0.0):
        cy, cx = (at + shift * settings.size for at, shift in zip(log_polar.centre_yx, gaze_shift_yx, strict=True))
        log_polar = replace(log_polar, fixation_yx=(cy, cx))
    return replace(log_polar, seam_degrees=log_polar.seam_degrees + degrees) if degrees else log_polar


def sample_composed(image_HWC: np.ndarray, crop: Crop, log_polar: LogPolarMap, fill: Fill | None = None) -> np.ndarray:
    """The log-polar image of a crop, sampled from the photograph itself: crop, flip, resize and warp are one map.

    Args:
        image_HWC: [H, W, C], any dtype that `LogPolarMap.warp` takes.
        crop: Not beside the photograph.
        log_polar: Map of the crop resized to `log_polar.size`.
        fill: Value or colour beyond the crop; that of the map unless given.

    Returns:
        [S, R, C], same dtype.
    """
    height, width = log_polar.size
    cy, cx = log_polar.centre_yx
    if crop.flip:
        cx = width - 1 - cx
    part_HWC, inside = crop_part(image_HWC, crop)
    y_scale, x_scale = crop.height / height, crop.width / width
    view = Affine(
        y_scale=y_scale,
        y_offset=inside.top + (cy + 0.5) * y_scale - 0.5,
        x_scale=-x_scale if crop.flip else x_scale,
        x_offset=inside.left + (cx + 0.5) * x_scale - 0.5,
    )
    placed = sampling_bands(cells(log_polar), view, prefilter=log_polar.prefilter, keep=False)
    return sample(part_HWC, placed, log_polar.fill if fill is None else fill)
