"""What goes into a network: images as normalised tensors, in batches of a fixed size."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet's RGB in [0, 1]. Source: torchvision's reference training."""


_scales: dict[torch.device, tuple[Tensor, Tensor]] = {}
"""Mean and standard deviation of uint8 values on each device, copied once: a copy to a GPU waits for it."""


def normalized(images_NSRC: np.ndarray | Tensor, device: torch.device) -> Tensor:
    """Return uint8 RGB [N, S, R, 3] as float32 [N, 3, S, R], ImageNet's mean at 0 and deviation at 1, channels last.

    `(image / 255 - mean) / deviation`, with mean (0.485, 0.456, 0.406) and deviation (0.229, 0.224, 0.225) of red,
    green and blue. Two passes over the images on the device: the first reads uint8 and writes float32, the second works
    in place.

    Args:
        images_NSRC: uint8 RGB, rows S and columns R of either view.
        device: where the result lies.

    Source: torchvision's reference training.
    """
    mean, std = _scale(device)
    return torch.sub(as_tensor(images_NSRC, device), mean).div_(std).permute(0, 3, 1, 2)


def as_tensor(values: np.ndarray | Tensor, device: torch.device) -> Tensor:
    """Return a tensor on the device, to be read only: on a CPU it is the array's own memory, which may be read-only.

    A GPU copies from pinned memory, which torch keeps until then and reuses later, so nobody waits for the copy.
    """
    if isinstance(values, Tensor):
        return values.to(device, non_blocking=True)
    if device.type != "cuda":
        # torch.from_numpy warns of arrays of the object store, which are read-only.
        return torch.from_dlpack(values).to(device)
    dtype = torch.from_numpy(np.empty(0, values.dtype)).dtype
    pinned = torch.empty(values.shape, dtype=dtype, pin_memory=True)
    np.copyto(pinned.numpy(), values)
    return pinned.to(device, non_blocking=True)


def _scale(device: torch.device) -> tuple[Tensor, Tensor]:
    if device not in _scales:
        with torch.inference_mode(False):  # kept beyond the block of whoever asks first
            mean, std = (torch.tensor(values, device=device) * 255 for values in (MEAN, STD))
        _scales[device] = mean, std
    return _scales[device]


def filled(images_NSRC: np.ndarray, batch_size: int) -> np.ndarray:
    """Return the batch at its full size, filled with black: kernels round differently for other batch sizes."""
    missing = batch_size - len(images_NSRC)
    return np.concatenate([images_NSRC, np.zeros((missing, *images_NSRC.shape[1:]), np.uint8)])
