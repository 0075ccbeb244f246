"""How strongly every channel responds by eccentricity and by angle, over all units of all images.

Whole-number sums only, so that any order and any division of the images gives the same bytes. In the log-polar view
bins are neighbouring rings, in the cartesian one annuli of eccentricity.

Shapes: C channels (of all layers one after the other, or of one layer), B bins, E = B + 1 edges, S sectors.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from lp_core.errors import DataError, check
from lp_core.exemplars.arrays_file import read_arrays
from lp_core.exemplars.map_regions import SECTORS, map_regions
from lp_core.measures.rings import BINS
from lp_core.network.layers import VGG_16, Architecture
from lp_core.run.files import RINGS
from lp_core.settings import ViewName, ViewSettings

if TYPE_CHECKING:  # readers of the file need no torch, and a scan itself no storage
    from lp_core.exemplars.ring_sums import LayerSums
    from lp_core.storage import Storage

SUM_UNIT = 2.0**20
"""Steps of a sum of activations per unit of activation. Source: our choice; 50,000 images of 1,792 units in a bin may
have a mean of 98,000, and an image's sum is rounded by less than 5e-7."""
SQUARE_UNIT = 2.0**16
"""The same for sums of squares; such a bin may have a root mean square of 1,250. Source: our choice."""


@dataclass
class RingActivity:
    """Sums over images and units; grows by `push`, and pieces are joined by `merge_rings`.

    The images are those of the `ChannelStatistics` beside it, which sees to it that each counts once.

    Attributes:
        threshold_C: float32, the activation above which a unit counts as strong.
        sum_CB: int64, sum of the activation in units of 2^-20; bins that a layer does not have stay 0.
        square_CB: int64, sum of its square in units of 2^-16.
        active_CB: int64, units above 0.
        above_CB: int64, units above the threshold.
        sector_CS: int64, sum of the activation by sector of the angle, in units of 2^-20.
    """

    threshold_C: np.ndarray
    sum_CB: np.ndarray
    square_CB: np.ndarray
    active_CB: np.ndarray
    above_CB: np.ndarray
    sector_CS: np.ndarray

    @classmethod
    def empty(cls, threshold_C: np.ndarray) -> RingActivity:
        """Return the sums of no images."""
        channels = len(threshold_C)
        sums, squares, active, above = (np.zeros((channels, BINS), np.int64) for _ in range(4))
        sectors = np.zeros((channels, SECTORS), np.int64)
        return cls(threshold_C.astype(np.float32), sums, squares, active, above, sectors)

    def push(self, first: int, sums: LayerSums) -> None:
        """Add some images' sums of one layer, each image rounded by itself.

        Args:
            first: the layer's first channel.
            sums: of the layer.

        Raises:
            DataError: the activations are too large to be counted.
        """
        units = (SUM_UNIT, SQUARE_UNIT, 1.0, 1.0, SUM_UNIT)
        for total_CK, values_NKC, unit in zip(self.totals(), sums, units, strict=True):
            whole_NKC = np.rint(values_NKC * unit)
            bins, channels = whole_NKC.shape[1:]
            part_CK = total_CK[first : first + channels, :bins]
            check_room(part_CK.max(initial=0) + whole_NKC.sum(0).max(initial=0))
            part_CK += whole_NKC.astype(np.int64).sum(0).T

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return plain arrays by name, for `np.savez_compressed`; equal sums give equal bytes."""
        return {f"rings_{field.name}": getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> RingActivity:
        """Return what `to_arrays` came from.

        Raises:
            KeyError: an array is missing.
        """
        return cls(*(arrays[f"rings_{field.name}"] for field in fields(cls)))

    def totals(self) -> tuple[np.ndarray, ...]:
        """The sums, in the order of `LayerSums`."""
        return self.sum_CB, self.square_CB, self.active_CB, self.above_CB, self.sector_CS


def merge_rings(a: RingActivity, b: RingActivity) -> RingActivity:
    """Return the sums of the images of both: associative and commutative, down to the bytes.

    Raises:
        ValueError: the thresholds differ.
        DataError: the activations are too large to be counted.
    """
    if not np.array_equal(a.threshold_C, b.threshold_C):
        raise ValueError("units that were counted above different thresholds cannot be joined")
    for one_CK, other_CK in zip(a.totals(), b.totals(), strict=True):
        check_room(float(one_CK.max(initial=0)) + float(other_CK.max(initial=0)))
    joined = [one_CK + other_CK for one_CK, other_CK in zip(a.totals(), b.totals(), strict=True)]
    return RingActivity(a.threshold_C, *joined)


@dataclass(frozen=True, eq=False)
class LayerActivity:
    """The activation of a layer's channels by ring bin and by sector, over all units of all images.

    Attributes:
        radius_E: float64, px of the crop resized to the network's input, at which each bin starts and the last ends.
        cells_B: int64, units of the map in each bin.
        sum_CB: float64, sum over images and units of the activation after ReLU.
        square_CB: float64, the same of its square.
        active_CB: int64, units of all images above 0.
        above_CB: int64, units of all images above the channel's threshold.
        threshold_C: float64, q99 of the activation over units of the images of a first look.
        sector_CS: float64, sum of the activation by sector; sector k has its middle at k/16 of a turn, clockwise.
        sector_cells_S: float64, units in each sector.
    """

    radius_E: np.ndarray
    cells_B: np.ndarray
    sum_CB: np.ndarray
    square_CB: np.ndarray
    active_CB: np.ndarray
    above_CB: np.ndarray
    threshold_C: np.ndarray
    sector_CS: np.ndarray
    sector_cells_S: np.ndarray


def by_layer(
    rings: RingActivity,
    layer_channels: Mapping[str, int],
    view: ViewName,
    geometry: ViewSettings,
    architecture: Architecture = VGG_16,
) -> dict[str, LayerActivity]:
    """Return the sums of each layer in units of activation, with what its bins and sectors are."""
    layers, first = {}, 0
    for layer, count in layer_channels.items():
        regions, mine = map_regions(view, geometry, layer, architecture), slice(first, first + count)
        cells_B = regions.cells_B
        layers[layer] = LayerActivity(
            regions.radius_E,
            cells_B,
            rings.sum_CB[mine, : len(cells_B)] / SUM_UNIT,
            rings.square_CB[mine, : len(cells_B)] / SQUARE_UNIT,
            rings.active_CB[mine, : len(cells_B)],
            rings.above_CB[mine, : len(cells_B)],
            rings.threshold_C[mine].astype(np.float64),
            rings.sector_CS[mine] / SUM_UNIT,
            regions.cells_S,
        )
        first += count
    return layers


def rings_bytes(layers: Mapping[str, LayerActivity]) -> bytes:
    """Return the .npz file of all layers: arrays `<layer>/<attribute>`; equal sums give equal bytes."""
    arrays = {
        f"{layer}/{field.name}": getattr(found, field.name)
        for layer, found in layers.items()
        for field in fields(found)
    }
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def read_ring_activity(folder: Storage) -> dict[str, LayerActivity]:
    """Return the activation by ring and sector that a scan left in its folder, by layer in the order of the network.

    Raises:
        DataError: there is none, it is damaged, or another file.
    """
    path = folder.path(RINGS)
    try:
        arrays = read_arrays(folder.read_bytes(RINGS))
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: an earlier version scanned, or the scan is not finished; scan again"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}; remove it and scan again") from None
    names = [field.name for field in fields(LayerActivity)]
    layers = list(dict.fromkeys(array.rpartition("/")[0] for array in arrays if "/" in array))  # in order, as written
    missing = [f"{layer}/{name}" for layer in layers for name in names if f"{layer}/{name}" not in arrays]
    check(
        bool(layers) and not missing,
        f"{path} is not the activation by ring that a scan writes: "
        f"{missing[0] if missing else 'every layer'} is missing; remove it and scan again",
        DataError,
    )
    return {layer: LayerActivity(*(arrays[f"{layer}/{name}"] for name in names)) for layer in layers}


def check_room(largest: float) -> None:
    """Refuse sums that may not fit in 63 bits.

    Raises:
        DataError: the largest sum is 2^62 steps or more.
    """
    check(
        largest < 2.0**62,
        "activations are too large to be added up exactly over all images: a sum exceeds 2^62 steps; "
        "check the weights, or scan fewer images (data.limit)",
        DataError,
    )
