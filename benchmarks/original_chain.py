"""The peer of `input_chain` and `loader`: photograph to network input as the original authors' code made it."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from PIL import Image
from torchvision import transforms

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels, 0 to 1. Source: torchvision's documentation of its weights."""
SCALE, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)
"""Of RandomResizedCrop. Source: torchvision's defaults."""


def warp_polar(image: np.ndarray) -> np.ndarray:
    """`cv2.warpPolar` on a square image, with as many rows and columns, out to the corners."""
    side = image.shape[0]
    flags = cv2.INTER_LINEAR | cv2.WARP_FILL_OUTLIERS | cv2.WARP_POLAR_LOG
    return cv2.warpPolar(image, (side, side), (side / 2, side / 2), side / 2 * 2**0.5, flags)


class OriginalChain:
    """torchvision's RandomResizedCrop and flip, `cv2.warpPolar`, ToTensor, Normalize."""

    def __init__(
        self,
        size: int = 224,
        scale: tuple[float, float] = SCALE,
        ratio: tuple[float, float] = RATIO,
        flip: float = 0.5,
        view: str = "log_polar",
    ) -> None:
        self.view = view
        self.crop = transforms.Compose(
            [transforms.RandomResizedCrop(size, scale, ratio), transforms.RandomHorizontalFlip(flip)]
        )
        self.finish = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, SPREAD)])

    def __call__(self, photograph: Image.Image) -> torch.Tensor:
        """Return float [3, size, size] of a photograph of any mode."""
        image = np.asarray(self.crop(photograph.convert("RGB")))
        return self.finish(warp_polar(image) if self.view == "log_polar" else image)
