"""The activation of one layer's maps by ring bin and by sector, image by image.

Shapes: N images, C channels, P units of a map, B bins, S sectors, G regions.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lp_core.exemplars.map_regions import MapRegions
from lp_core.images.scratch import scratch

BLOCK = 2**16
"""Numbers that are squared and compared at a time on a CPU. Source: measured, 2^16 to 2^18 are equally fast and a third
faster than a whole map of conv1_1, because they stay in the cache (`benchmarks/scan_rings.py`)."""


class LayerSums(NamedTuple):
    """Sums over the units of one layer's maps, float64; counts are whole numbers."""

    sum_NBC: np.ndarray
    square_NBC: np.ndarray
    active_NBC: np.ndarray
    """Units above 0."""
    above_NBC: np.ndarray
    """Units above their channel's threshold."""
    sector_NSC: np.ndarray


class LayerTensors(NamedTuple):
    """The same where the maps are."""

    sum_NBC: Tensor
    square_NBC: Tensor
    active_NBC: Tensor
    above_NBC: Tensor
    sector_NSC: Tensor


@torch.no_grad()
def ring_sums(a_NCSR: Tensor, regions: MapRegions, threshold_C: Tensor, *, at_once: bool = False) -> LayerSums:
    """Return what each image's map of a layer sums up to.

    Numbers are added in float32, in an order that depends on the shape of the map alone: an image has the same sums in
    any company.

    Args:
        a_NCSR: activations after ReLU; fastest in `torch.channels_last`.
        regions: of the layer.
        threshold_C: float32, on the same device.
        at_once: all images of the batch together, which suits a GPU, instead of one after the other.
    """
    sums = ring_tensors(a_NCSR, regions, threshold_C, at_once=at_once)
    return LayerSums(*(values.cpu().numpy() for values in sums))


@torch.no_grad()
def ring_tensors(a_NCSR: Tensor, regions: MapRegions, threshold_C: Tensor, *, at_once: bool = False) -> LayerTensors:
    """Return the same as `ring_sums` where the maps are; nobody waits for a GPU."""
    images, channels, rows, cols = a_NCSR.shape
    units, device = rows * cols, a_NCSR.device
    room = max(1, BLOCK // channels)
    together, block = (images, units) if at_once or a_NCSR.is_cuda else (max(1, room // units), min(room, units))
    bins = len(regions.radius_E) - 1
    joined, counted = [], []
    for first in range(0, images, together):
        a_NPC = a_NCSR[first : first + together].permute(0, 2, 3, 1).reshape(-1, units, channels).float().contiguous()
        region_KC = _grouped(a_NPC.view(-1, channels), _Groups(regions, "region", 0, units), len(a_NPC))
        order, start, share = _joining(regions, len(a_NPC), device)
        # Added row by row like the rest: a product of matrices is slow for few channels.
        joined.append(torch.embedding_bag(region_KC, order, start, False, 0, False, share, False)[0])
        counted.append(_counted(a_NPC, regions, threshold_C, block))
    sums, sectors = torch.cat(joined).view(images, -1, channels).double().tensor_split([bins], 1)
    squares, active, above = torch.cat(counted, 1).double()
    return LayerTensors(sums, squares, active, above, sectors)


def _counted(a_NPC: Tensor, regions: MapRegions, threshold_C: Tensor, block: int) -> Tensor:
    """Sums of squares, units above 0 and units above the threshold by bin, [3, N, B, C]."""
    images, units, channels = a_NPC.shape
    bins = len(regions.radius_E) - 1
    total_KC = torch.zeros(3 * images * bins, channels, device=a_NPC.device)
    made_3NPC = _room((3, images, block, channels), a_NPC.device)
    for start in range(0, units, block):
        b_NPC = a_NPC[:, start : start + block]
        if b_NPC.shape[1] < block:
            made_3NPC = _room((3, *b_NPC.shape), a_NPC.device)
        square_NPC, active_NPC, above_NPC = made_3NPC
        torch.mul(b_NPC, b_NPC, out=square_NPC)
        torch.sign(b_NPC, out=active_NPC)
        torch.gt(b_NPC, threshold_C, out=above_NPC)
        groups = _Groups(regions, "bin", start, min(start + block, units))
        total_KC += _grouped(made_3NPC.view(-1, channels), groups, 3 * images)
    return total_KC.view(3, images, bins, channels)


def _room(shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Memory for numbers that are soon overwritten; on a CPU the same every time, because fresh pages are slow."""
    if device.type != "cpu":
        return torch.empty(shape, device=device)
    return torch.from_numpy(scratch.array("ring sums", shape, np.dtype(np.float32)))


class _Groups(NamedTuple):
    """Names groups of some units of a map: what `_indices` is remembered by."""

    regions: MapRegions
    kind: str
    first: int
    last: int

    def of_units(self) -> tuple[np.ndarray, int]:
        """The group of each unit, and the number of groups."""
        region_P = self.regions.region_P[self.first : self.last]
        if self.kind == "region":
            return region_P, len(self.regions.bin_G)
        return self.regions.bin_G[region_P], len(self.regions.radius_E) - 1


def _grouped(a_KC: Tensor, groups: _Groups, images: int) -> Tensor:
    """Sums over groups of each image's units: `embedding_bag` adds rows of a table as fast as memory is read."""
    order, start = _indices(groups, images, a_KC.device)
    return torch.embedding_bag(a_KC, order, start, False, 0, False, None, False)[0]


@functools.lru_cache(maxsize=4096)
def _indices(groups: _Groups, images: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Units of several images sorted by image and group, and where each group starts."""
    group_P, count = groups.of_units()
    order_P = np.argsort(group_P, kind="stable")
    start_G = np.searchsorted(group_P[order_P], np.arange(count))
    offset_N1 = np.arange(images)[:, None] * len(group_P)
    return torch.from_numpy((order_P + offset_N1).ravel()).to(device), torch.from_numpy(
        (start_G + offset_N1).ravel()
    ).to(device)


@functools.lru_cache(maxsize=256)
def _joining(regions: MapRegions, images: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Regions of several images that add up to bins, then to sectors; where each of these starts; and their shares."""
    bin_BG = np.arange(len(regions.radius_E) - 1)[:, None] == regions.bin_G
    share_JG = np.concatenate([bin_BG, regions.sector_GS.T]).astype(np.float32)
    target_K, region_K = np.nonzero(share_JG)
    start_J = np.searchsorted(target_K, np.arange(len(share_JG)))
    order_NK = region_K + np.arange(images)[:, None] * share_JG.shape[1]
    start_NJ = start_J + np.arange(images)[:, None] * len(region_K)
    share_NK = np.tile(share_JG[target_K, region_K], images)
    order, start, share = (torch.from_numpy(array.ravel()).to(device) for array in (order_NK, start_NJ, share_NK))
    return order, start, share
