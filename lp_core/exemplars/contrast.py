"""How a gradient becomes a picture: one rule for every figure, so that pictures can be compared."""

from __future__ import annotations

import numpy as np
import torch

SHARE = 0.995
"""Share of a picture's values that is shown without clipping. Our choice: a few extreme px must not grey the rest."""


def gradient_picture(gradient_N3SR: torch.Tensor | np.ndarray) -> np.ndarray:
    """Return gradients as pictures about mid-grey, each scaled by itself.

    Zero is grey (128); the 99.5th percentile of the magnitudes other than zero over all pixels and colours is black or
    white. Colours are those of the input: a red px means that more red there would raise the activation.

    Args:
        gradient_N3SR: gradient with respect to normalised RGB, [3, S, R] or [N, 3, S, R].

    Returns:
        uint8 [S, R, 3] or [N, S, R, 3]; all 128 where the gradient is zero everywhere.

    Source: our choice. Springenberg et al. 2014 and the figures compared with scale by the extreme value, which one px
    decides.
    """
    gradient = np.asarray(torch.as_tensor(gradient_N3SR).detach().float().cpu())
    if gradient.ndim == 4:
        pictures = [gradient_picture(gradient_3SR) for gradient_3SR in gradient]
        return np.stack(pictures) if pictures else np.empty((0, *gradient.shape[2:], 3), np.uint8)
    magnitude = np.abs(gradient[gradient != 0])
    scale = np.quantile(magnitude, SHARE) if magnitude.size else 1.0
    shown = 128 + 127 * np.clip(gradient / scale, -1, 1)
    return np.round(shown).astype(np.uint8).transpose(1, 2, 0)
