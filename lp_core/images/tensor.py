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
    8 or 11 bits. `torch.export` and `torch.compile(fullgraph=True)` take the module, with any number of images. Without
    them, uint8 images in a CPU's memory, which have no gradients, go through `LogPolarMap.warp`: the same pixels within
    1 grey level for photographs, 2 for noise.

    Args:
        log_polar: The map.

    Shape: [..., C, H, W] -> [..., C, S, R].

    Source: equal to `LogPolarMap.warp` within 1e-9 in float64 (tests/lp_core/images/test_tensor.py).

    Raises:
        LogpolarError: The map's `fill` is not finite, which only the NumPy path can mix.

    Examples:
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
        """Positions of the samples, [S n, R n], and the same as `grid_sample` wants them, [1, S n, R n, 2]."""
        tables: dict[str, np.ndarray] = {}
        for order, band in enumerate(bands(self.log_polar)):
            y, x = (np.ascontiguousarray(axis.T) for axis in (band.y, band.x))
            height, width = _level_size(self.log_polar.size, band.level)
            tables |= {f"y{order}": y, f"x{order}": x}
            tables[f"grid{order}"] = np.stack([_from_edges(x, width), _from_edges(y, height)], -1)[None].astype("f4")
        return tables

    def forward(self, image: Tensor) -> Tensor:
        """The log-polar image of every image of a batch of any shape.

        Raises:
            ValueError: The last two sides are not those of the map.
            TypeError: The tensor holds truth values, complex numbers or the labels of a mask: they have no means.
        """
        _check(image, self.log_polar.size)
        if image.dtype == torch.uint8 and image.device.type == "cpu" and not torch.compiler.is_compiling():
            return _like(image, self._by_opencv(image))
        image_NCHW = _as_batch(image)
        fill = self.log_polar.fill
        level, level_NCHW, parts = 0, image_NCHW - fill if fill else image_NCHW, []  # sampling pads with zeros
        for order, (band_level, samples) in enumerate(self._levels_samples):
            while level < band_level:
                level, level_NCHW = level + 1, _half(level_NCHW)
            part_NCSR = _sample(level_NCHW, self._grid(order, level_NCHW))
            parts.append(F.avg_pool2d(part_NCSR, samples) if samples > 1 else part_NCSR)
        result_NCSR = torch.cat(parts, dim=3) if len(parts) > 1 else parts[0]
        return _like(image, result_NCSR + fill if fill else result_NCSR)

    def _by_opencv(self, image: Tensor) -> Tensor:
        """The same of uint8 images, [N, C, S, R]: the NumPy path is four times as fast."""
        plain_NHWC = _plain(image).reshape(-1, *image.shape[-3:] if image.ndim > 2 else (1, *image.shape)).movedim(1, 3)
        return torch.from_numpy(self.log_polar.warp(plain_NHWC.numpy())).movedim(3, 1)

    def _grid(self, order: int, image_NCHW: Tensor) -> Tensor:
        """Positions in a level, [1, S n, R n, 2], as precise as its pixels."""
        if image_NCHW.dtype == torch.float32:
            return self.get_buffer(f"grid{order}")
        return _grid(self.get_buffer(f"y{order}"), self.get_buffer(f"x{order}"), image_NCHW)

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

    Source: equal to `LogPolarMap.unwarp` within 1e-9 in float64 (tests/lp_core/images/test_tensor.py).
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
        _check(image, (self.log_polar.sectors, self.log_polar.rings))
        image_NCSR = _as_batch(image)
        known_1SR = self.get_buffer("known_SR").to(image_NCSR.dtype).expand(image_NCSR.shape[0], 1, -1, -1)
        zero = torch.zeros((), dtype=image_NCSR.dtype, device=image.device)
        # The share that is known travels as one more channel, through the same samples and means.
        stacked = torch.cat([torch.where(known_1SR > 0, image_NCSR, zero), known_1SR], dim=1)
        wrapped = torch.cat([stacked[:, :, -1:], stacked, stacked[:, :, :1]], dim=2)
        grid = _grid(self.get_buffer("row") + 1, self.get_buffer("column"), wrapped)
        fine = _sample(wrapped, grid) * self.get_buffer("seen_HW")
        mean = F.avg_pool2d(fine, self.supersample) if self.supersample > 1 else fine
        sum_NCHW, share_N1HW = mean[:, :-1], mean[:, -1:]
        known = share_N1HW > 0
        image_NCHW = sum_NCHW / torch.where(known, share_N1HW, torch.ones_like(share_N1HW))
        return _like(image, torch.where(known, image_NCHW, zero + self.log_polar.fill))


def _check(image: Tensor, size: tuple[int, int]) -> None:
    """Refuse tensors of another size, and those whose values have no means."""
    if image.ndim < 2 or tuple(image.shape[-2:]) != tuple(size):
        raise ValueError(f"the tensor has shape {tuple(image.shape)}; this map is for [..., {size[0]}, {size[1]}]")
    labels = isinstance(image, tv_tensors.Mask) and not image.dtype.is_floating_point
    if labels or image.dtype == torch.bool or image.dtype.is_complex:
        raise TypeError(
            f"the {type(image).__name__} holds {image.dtype} {'labels' if labels else 'values'}, which have no means; "
            "convert it to uint8 images or floating point shares"
        )


def _as_batch(image: Tensor) -> Tensor:
    """[N, C, H, W] in a dtype that is precise enough to sample in."""
    plain = _plain(image)
    precise = plain.to(plain.dtype if plain.dtype in (torch.float32, torch.float64) else torch.float32)
    channels = image.shape[-3] if image.ndim > 2 else 1
    return precise.reshape(-1, channels, *image.shape[-2:])


def _like(image: Tensor, result: Tensor) -> Tensor:
    """The result in the dtype, leading axes and kind of tensor that came in."""
    if not image.dtype.is_floating_point and result.dtype != image.dtype:
        limits = torch.iinfo(image.dtype)
        result = result.round().clamp(limits.min, limits.max)
    result = result.reshape(*image.shape[:-2], *result.shape[-2:]).to(image.dtype)
    return tv_tensors.wrap(result, like=image) if isinstance(image, tv_tensors.TVTensor) else result


def _plain(image: Tensor) -> Tensor:
    """The tensor without torchvision's class."""
    return image.as_subclass(Tensor) if isinstance(image, tv_tensors.TVTensor) else image


def _sample(image_NCHW: Tensor, grid_1SR2: Tensor) -> Tensor:
    """Bilinear samples of an image surrounded by zeros."""
    grid = grid_1SR2.expand(image_NCHW.shape[0], -1, -1, -1)
    return F.grid_sample(image_NCHW, grid, padding_mode="zeros", align_corners=False)


def _grid(y: Tensor, x: Tensor, image_NCHW: Tensor) -> Tensor:
    """Rows y and columns x of an image as `grid_sample` wants them, [1, S, R, 2]."""
    height, width = image_NCHW.shape[-2:]
    y, x = y.to(image_NCHW.dtype), x.to(image_NCHW.dtype)
    return torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)[None]


def _from_edges(position: np.ndarray, length: int) -> np.ndarray:
    """Positions in px from -1 to 1, counted from the edges of pixels: images of one pixel have coordinates, too."""
    return (2 * position.astype(np.float64) + 1) / length - 1


def _level_size(size: tuple[int, int], level: int) -> tuple[int, int]:
    """Height and width after so many halvings, rounded up."""
    height, width = (-(-side // 2**level) for side in size)
    return height, width


def _half(image_NCHW: Tensor) -> Tensor:
    """Mean of every 2 x 2 pixels; an odd last row or column counts twice."""
    height, width = image_NCHW.shape[-2:]
    return F.avg_pool2d(F.pad(image_NCHW, (0, width % 2, 0, height % 2), mode="replicate"), 2)
