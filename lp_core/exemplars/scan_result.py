"""The result of a scan of some images: the nine of every channel, sums over all images, and what computed them."""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from zipfile import BadZipFile

import numpy as np

from lp_core.exemplars.channel_statistics import ChannelStatistics, merge_statistics
from lp_core.exemplars.ring_activity import RingActivity, merge_rings
from lp_core.exemplars.top_k import TopK, merge

LARGEST_HALF = float(np.finfo(np.float16).max)
"""Largest finite number of half precision, 65,504."""


@dataclass(frozen=True)
class ScanResult:
    """The result of a scan of some images; `join_results` adds those of other images.

    Attributes:
        top_k: the nine of every channel.
        statistics: counts over all of the images.
        rings: activation by eccentricity and angle, over all of the images.
        machines: descriptions of the processors that computed them (`machine`), sorted.
    """

    top_k: TopK
    statistics: ChannelStatistics
    rings: RingActivity
    machines: tuple[str, ...] = ()

    @classmethod
    def empty(cls, layer_channels: Mapping[str, int], shape_SR: tuple[int, int], threshold_C: np.ndarray) -> ScanResult:
        """Return the result of no images; units above their channel's threshold will count as strong."""
        statistics = ChannelStatistics.empty(layer_channels, shape_SR)
        return cls(TopK.empty(sum(layer_channels.values())), statistics, RingActivity.empty(threshold_C))

    def to_bytes(self, maxima_NC: np.ndarray | None = None) -> bytes:
        """Return an .npz file; equal results give equal bytes. It also holds the maxima of the images, if given."""
        arrays = self.top_k.to_arrays() | self.statistics.to_arrays() | self.rings.to_arrays()
        arrays["machines"] = np.array(self.machines, np.str_)
        if maxima_NC is not None:
            arrays["maxima_NC"] = maxima_NC
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=False, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> ScanResult:
        """Return what `to_bytes` came from.

        Raises:
            ValueError: the file is damaged, or another one.
        """
        arrays = _arrays(data, but="maxima_NC")
        try:
            machines = tuple(arrays["machines"].tolist())
            statistics, rings = ChannelStatistics.from_arrays(arrays), RingActivity.from_arrays(arrays)
            return cls(TopK.from_arrays(arrays), statistics, rings, machines)
        except KeyError as error:
            raise ValueError(f"not the result of a scan: {error} is missing") from None


def join_results(a: ScanResult, b: ScanResult) -> ScanResult:
    """Return the result of the images of both: associative and commutative, down to the bytes.

    Raises:
        ValueError: an image was counted in both, or strong units by different thresholds.
    """
    machines = tuple(sorted({*a.machines, *b.machines}))
    statistics = merge_statistics(a.statistics, b.statistics)
    return ScanResult(merge(a.top_k, b.top_k), statistics, merge_rings(a.rings, b.rings), machines)


def half_precision(value_NC: np.ndarray) -> np.ndarray:
    """Return maxima as float16: the nearest one, of two equally near the even one; at most 65,504 instead of infinity.

    The relative error is at most 2^-11 above 6.1e-5; an absolute one of 3e-8 below, where small maxima may become 0.
    """
    return np.minimum(value_NC, LARGEST_HALF).astype(np.float16)


def maxima_of(data: bytes) -> np.ndarray:
    """Return float16 [N, C], the maxima that the file of a result holds, in the order of the images scanned.

    Raises:
        ValueError: the file is damaged, or holds none.
    """
    arrays = _arrays(data, only="maxima_NC")
    if "maxima_NC" not in arrays:
        raise ValueError("the result holds no maxima")
    return arrays["maxima_NC"]


def _arrays(data: bytes, *, but: str = "", only: str = "") -> dict[str, np.ndarray]:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return {name: file[name] for name in file.files if name != but and only in ("", name)}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, AttributeError) as error:
        raise ValueError(f"damaged result of a scan ({type(error).__name__})") from None
