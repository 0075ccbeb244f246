"""The result of a scan of some images: the nine of every channel, sums over all images, and what computed them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lp_core.exemplars.arrays_file import read_arrays
from lp_core.exemplars.channel_statistics import ChannelStatistics, merge_statistics
from lp_core.exemplars.ring_activity import RingActivity, merge_rings
from lp_core.exemplars.top_k import TopK, merge
from lp_core.network.layers import VGG_16, Architecture

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
    def empty(
        cls,
        layer_channels: Mapping[str, int],
        shape_SR: tuple[int, int],
        threshold_C: np.ndarray,
        architecture: Architecture = VGG_16,
    ) -> ScanResult:
        """Return the result of no images; units above their channel's threshold will count as strong."""
        statistics = ChannelStatistics.empty(layer_channels, shape_SR, architecture)
        return cls(TopK.empty(sum(layer_channels.values())), statistics, RingActivity.empty(threshold_C))

    def to_bytes(self, maxima_NC: np.ndarray | None = None, hash_N: np.ndarray | None = None) -> bytes:
        """Return an .npz file; equal results give equal bytes. It also holds images' maxima and hashes, if given."""
        arrays = self.top_k.to_arrays() | self.statistics.to_arrays() | self.rings.to_arrays()
        arrays["machines"] = np.array(self.machines, np.str_)
        of_images = {"maxima_NC": maxima_NC, "hash_N": hash_N}
        arrays |= {name: array for name, array in of_images.items() if array is not None}
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=False, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> ScanResult:
        """Return what `to_bytes` came from.

        Raises:
            ValueError: the file is damaged, or another one.
        """
        arrays = read_arrays(data, but=("maxima_NC", "hash_N"))
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
    return _of_images(data, "maxima_NC")


def hashes_of(data: bytes) -> np.ndarray:
    """Return uint64 [N], the hashes of the photographs, where the file holds their maxima; in the same order.

    Raises:
        ValueError: the file is damaged, or holds none.
    """
    return _of_images(data, "hash_N")


def _of_images(data: bytes, name: str) -> np.ndarray:
    arrays = read_arrays(data, only=name)
    if name not in arrays:
        raise ValueError(f"the result holds no {'maxima' if name == 'maxima_NC' else 'hashes'}")
    return arrays[name]
