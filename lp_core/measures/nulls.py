"""Inputs and channels that keep everything but what is in question: scrambled photographs, rotated channels.

Other nulls: `independent_images` (N0), `curveball` (N1), `rings.cell_share` (uniform cells). Untrained networks (N2)
and shuffled labels (N3) are runs of their own.
"""

from __future__ import annotations

import numpy as np

from lp_core.images.look import Look
from lp_core.settings import ViewName

FIXATION_STEP, FIXATION_STEPS = 0.05, 5
"""Random fixations lie on a grid of these steps, as shares of the crop's sides, so many to each side of the middle: at
most a quarter of a side away, so that three quarters of it stay in view. Source: our choice; with few fixations their
maps are made once."""


def phase_scrambled(image_HWC: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a photograph with its spectrum and colours, but without its edges and objects.

    One random phase is added to all colours, so that the power of every frequency and the correlation between colours
    stay: a network that fires elsewhere than on photographs does not respond to spectrum and colour alone.

    Args:
        image_HWC: [H, W, C], any real type.
        rng: draws the phases.

    Returns:
        Same shape: integers are rounded and clipped to their range, which changes the spectrum slightly;
        others come back as float64 with equal spectrum and mean.

    Raises:
        ValueError: not [H, W, C].

    Source: Prichard & Theiler 1994, "Generating surrogate data for time series with several simultaneously measured
        variables": equal added phases keep the cross-spectra.
    """
    if image_HWC.ndim != 3 or 0 in image_HWC.shape:
        raise ValueError(f"the photograph has shape {image_HWC.shape}; give [H, W, C]")
    from scipy import fft  # by halves of the spectrum, a third of the time of np.fft's whole ones

    size = image_HWC.shape[:2]
    # The phases of real noise: opposite frequencies get opposite ones, so the result is real.
    turn_HW = fft.rfft2(rng.standard_normal(size))
    turn_HW /= np.abs(turn_HW)
    turn_HW[0, 0] = 1.0  # keeps the mean colour
    spectrum_CHW = fft.rfft2(np.moveaxis(image_HWC, 2, 0).astype(np.float64))
    scrambled_HWC = np.moveaxis(fft.irfft2(spectrum_CHW * turn_HW, s=size), 0, 2)
    if not np.issubdtype(image_HWC.dtype, np.integer):
        return scrambled_HWC
    limits = np.iinfo(image_HWC.dtype)
    return np.clip(np.rint(scrambled_HWC), limits.min, limits.max).astype(image_HWC.dtype)


def random_fixation(view: ViewName, rng: np.random.Generator) -> Look:
    """Return how to look at a photograph from a random point about the middle, uniform on a grid of 11 x 11.

    What a network does more in its fovea than this gives comes from what photographers put in the middle (null S3). In
    the log-polar view the gaze moves within the crop; the crop of the ordinary view moves by as much, so its middle is
    that point, too.

    Args:
        view: of the network.
        rng: of the photograph; both views draw the same point.
    """
    y, x = (FIXATION_STEP * rng.integers(-FIXATION_STEPS, FIXATION_STEPS + 1, 2)).tolist()
    return Look(gaze_shift_yx=(y, x)) if view == "log_polar" else Look(crop_shift_yx=(y, x))


def random_rotation(channels: int, rng: np.random.Generator) -> np.ndarray:
    """Return a random orthogonal matrix, float64 [C, C], uniform (Haar).

    Mixing a layer's channels by it keeps all that the layer says and forgets its axes (null N4): grouping that
    remains is not a property of channels.

    Raises:
        ValueError: fewer than one channel.

    Source: Bau et al. 2017, "Network Dissection", section 3.2; Mezzadri 2007 for the signs.
    """
    if channels < 1:
        raise ValueError(f"there are {channels} channels; give at least 1")
    q_CC, r_CC = np.linalg.qr(rng.standard_normal((channels, channels)))
    return q_CC * np.sign(np.diag(r_CC))


def mixed_channels(map_NCSR: np.ndarray, rotation_CC: np.ndarray) -> np.ndarray:
    """Return the activations after ReLU of a layer in the rotated basis, [N, C, S, R], same dtype.

    Mixed channels can be negative; their peaks are the largest positive values, as for channels.

    Raises:
        ValueError: the matrix does not fit the number of channels.
    """
    channels = map_NCSR.shape[1]
    if rotation_CC.shape != (channels, channels):
        raise ValueError(f"a layer of {channels} channels cannot be mixed by a matrix of shape {rotation_CC.shape}")
    precise = np.result_type(map_NCSR.dtype, np.float32)
    mixed = np.tensordot(rotation_CC.astype(precise), map_NCSR.astype(precise, copy=False), axes=(1, 1))  # [C, N, S, R]
    return np.moveaxis(mixed, 0, 1).astype(map_NCSR.dtype, copy=False)
