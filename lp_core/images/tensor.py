"""The log-polar map on PyTorch tensors: differentiable, on any device, and equal to the NumPy path.

Shapes: N images, C channels, H W image pixels, S sectors, R rings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import tv_tensors

from lp_core.errors import check
from lp_core.images.geometry import bands
from lp_core.images.inverse import inverse_table
from lp_core.images.log_polar import LogPolarMap


class _Tables(nn.Module):
    """A module with float32 tables that follow its device, and never its dtype: `.half()` and the like keep them exact.

    Tables are no part of the state dict: they are made from the map.
    """

    def _tables(self) -> dict[str, np.ndarray]:
        """The tables by name."""
        raise NotImplementedError

    def _register(self) -> None:
        for name, table in self._tables().items():
            self.register_buffer(name, torch.from_numpy(table), persistent=False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Every conversion of a module goes through here: `to`, `half`, `type`, `cuda`, `to_empty`."""
        before = dict(self.named_buffers(recurse=False))
        super()._apply(fn, recurse)
        for name, table in before.items():
            device = self.get_buffer(name).device
            if table.is_meta and device.type != "meta":
                table = torch.from_numpy(self._tables()[name])
            # Values are always the table's: `to_empty` brings memory without them, `half` rounds them.
            setattr(self, name, table.to(device))
        return self


class LogPolar(_Tables):
    """Image tensors to log-polar image tensors; also a torchvision v2 transform.

    Integers are sampled in float32 and rounded, half and bfloat16 in float32 and cast back: positions need more than
    8 or 11 bits. `torch.export` and `torch.compile(fullgraph=True)` take the module, with any number of images.

    Args:
        log_polar: The map.

    Shape: [..., C, H, W] -> [..., C, S, R].

    Raises:
        LogpolarError: The map's `fill` is not finite, which only the NumPy path can mix.

    >>> import torch
    >>> LogPolar(LogPolarMap(size=(64, 64), sectors=32, rings=48))(torch.rand(2, 3, 64, 64)).shape
    torch.Size([2, 3, 32, 48])
    """

    def __init__(self, log_polar: LogPolarMap) -> None:
        super().__init__()
        check(
            np.isfinite(log_polar.fill).item(),
            f"fill is {log_polar.fill}; give LogPolar a map with a finite number",
            ValueError,
        )
        self.log_polar = log_polar
        self._levels_samples = [(band.level, band.samples) for band in bands(log_polar)]
        self._register()

    def _tables(self) -> dict[str, np.ndarray]:
        return {
            f"{axis}{order}": table
            for order, band in enumerate(bands(self.log_polar))
            for axis, table in (("y", band.y), ("x", band.x))
        }

    def forward(self, image: Tensor) -> Tensor:
        """The log-polar image of every image of a batch of any shape.

        Raises:
            ValueError: The last two sides are not those of the map.
            TypeError: The tensor holds truth values, complex numbers or the labels of a mask: they have no means.
        """
        image_NCHW = _as_batch(image, self.log_polar.size)
        fill = self.log_polar.fill
        level, level_NCHW, parts = 0, image_NCHW - fill, []  # sampling pads with zeros
        for order, (band_level, samples) in enumerate(self._levels_samples):
            while level < band_level:
                level, level_NCHW = level + 1, _half(level_NCHW)
            part_NCRS = _sample(level_NCHW, self.get_buffer(f"y{order}"), self.get_buffer(f"x{order}"))
            parts.append(F.avg_pool2d(part_NCRS, samples) if samples > 1 else part_NCRS)
        return _like(image, torch.cat(parts, dim=2).transpose(2, 3) + fill)

    def extra_repr(self) -> str:
        """The map."""
        return str(self.log_polar)


class InverseLogPolar(_Tables):
    """Log-polar image tensors back to image tensors; equal to `LogPolarMap.unwarp`.

    Args:
        log_polar: The map that made them.
        scale: Pixels of the result per px of the image.
        supersample: n of n x n samples that a pixel is the mean of.

    Shape: [..., C, S, R] -> [..., C, scale H, scale W].
    """

    def __init__(self, log_polar: LogPolarMap, *, scale: int = 1, supersample: int = 1) -> None:
        super().__init__()
        self.log_polar = log_polar
        self.supersample, self._scale = supersample, scale * supersample
        self._register()

    def _tables(self) -> dict[str, np.ndarray]:
        table = inverse_table(self.log_polar, self._scale, "exact")
        return {"row": table.row, "column": table.column, "seen_HW": table.seen_HW, "known_SR": table.known_SR}

    def forward(self, image: Tensor) -> Tensor:
        """The image of every log-polar image of a batch of any shape; `fill` where nothing is known.

        Raises:
            ValueError: The last two sides are not those of the map's log-polar image.
            TypeError: As of `LogPolar`.
        """
        image_NCSR = _as_batch(image, (self.log_polar.sectors, self.log_polar.rings))
        known_1SR = self.get_buffer("known_SR").to(image_NCSR.dtype).expand(image_NCSR.shape[0], 1, -1, -1)
        zero = torch.zeros((), dtype=image_NCSR.dtype, device=image.device)
        # The share that is known travels as one more channel, through the same samples and means.
        stacked = torch.cat([torch.where(known_1SR > 0, image_NCSR, zero), known_1SR], dim=1)
        wrapped = torch.cat([stacked[:, :, -1:], stacked, stacked[:, :, :1]], dim=2)
        fine = _sample(wrapped, self.get_buffer("row") + 1, self.get_buffer("column")) * self.get_buffer("seen_HW")
        mean = F.avg_pool2d(fine, self.supersample) if self.supersample > 1 else fine
        sum_NCHW, share_N1HW = mean[:, :-1], mean[:, -1:]
        known = share_N1HW > 0
        image_NCHW = sum_NCHW / torch.where(known, share_N1HW, torch.ones_like(share_N1HW))
        return _like(image, torch.where(known, image_NCHW, zero + self.log_polar.fill))


def _as_batch(image: Tensor, size: tuple[int, int]) -> Tensor:
    """[N, C, H, W] in a dtype that is precise enough to sample in."""
    if image.ndim < 2 or tuple(image.shape[-2:]) != tuple(size):
        raise ValueError(f"the tensor has shape {tuple(image.shape)}; this map is for [..., {size[0]}, {size[1]}]")
    labels = isinstance(image, tv_tensors.Mask) and not image.dtype.is_floating_point
    if labels or image.dtype == torch.bool or image.dtype.is_complex:
        raise TypeError(
            f"the {type(image).__name__} holds {image.dtype} {'labels' if labels else 'values'}, which have no means; "
            "convert it to uint8 images or floating point shares"
        )
    plain = image.as_subclass(Tensor) if isinstance(image, tv_tensors.TVTensor) else image
    precise = plain.to(plain.dtype if plain.dtype in (torch.float32, torch.float64) else torch.float32)
    channels = image.shape[-3] if image.ndim > 2 else 1
    return precise.reshape(-1, channels, *size)


def _like(image: Tensor, result: Tensor) -> Tensor:
    """The result in the dtype, leading axes and kind of tensor that came in."""
    if not image.dtype.is_floating_point:
        limits = torch.iinfo(image.dtype)
        result = result.round().clamp(limits.min, limits.max)
    result = result.reshape(*image.shape[:-2], *result.shape[-2:]).to(image.dtype)
    return tv_tensors.wrap(result, like=image) if isinstance(image, tv_tensors.TVTensor) else result


def _sample(image_NCHW: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Bilinear samples of an image surrounded by zeros, at rows y and columns x."""
    height, width = image_NCHW.shape[-2:]
    y, x = y.to(image_NCHW.dtype), x.to(image_NCHW.dtype)
    # align_corners=False counts from the edges of pixels, so that images of one pixel have coordinates, too.
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)
    return F.grid_sample(
        image_NCHW, grid.expand(image_NCHW.shape[0], -1, -1, -1), padding_mode="zeros", align_corners=False
    )


def _half(image_NCHW: Tensor) -> Tensor:
    """Mean of every 2 x 2 pixels; an odd last row or column counts twice."""
    height, width = image_NCHW.shape[-2:]
    return F.avg_pool2d(F.pad(image_NCHW, (0, width % 2, 0, height % 2), mode="replicate"), 2)
