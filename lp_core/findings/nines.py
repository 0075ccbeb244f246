"""The nine images of every channel as arrays, read from a table of exemplars.

Shapes: C channels of all layers, K places of each (nine).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from lp_core.exemplars import KEEP
from lp_core.exemplars.top_k import EMPTY
from lp_core.images.network_input import log_polar_map
from lp_core.settings import ViewName, ViewSettings

BORDER_SHARE = 0.1
"""Places whose receptive field lies on padding and fill by less than this count as inside. Source: the specification of
the measures; edges of padding attract peaks."""


@dataclass(frozen=True)
class Nines:
    """The nine of all channels of one network.

    Attributes:
        layers: names, in order.
        layer_C: int, index into `layers`.
        channel_C: int, number of the channel within its layer.
        image_CK: int64, row number of the image; `EMPTY` where a channel has fewer images.
        label_CK: int64, its class; -1 where there is no image.
        padding_CK, fill_CK: float64, share of the receptive field on the padding, and on the fill beside the
            photograph; NaN where there is no image.
        middle_CK2: float64, row and column of the middle of the receptive field, in px of the network input; NaN where
            there is no image, None if it is not known.
    """

    layers: tuple[str, ...]
    layer_C: np.ndarray
    channel_C: np.ndarray
    image_CK: np.ndarray
    label_CK: np.ndarray
    padding_CK: np.ndarray
    fill_CK: np.ndarray
    middle_CK2: np.ndarray | None = None

    @property
    def dead_C(self) -> np.ndarray:
        """Channels that no image activates, bool [C]."""
        return (self.image_CK == EMPTY).all(1)

    @property
    def complete_C(self) -> np.ndarray:
        """Channels with nine images, bool [C]; only these are tested for grouping."""
        return (self.image_CK != EMPTY).all(1)

    @property
    def at_border_CK(self) -> np.ndarray:
        """Places whose receptive field lies on padding or fill by `BORDER_SHARE` or more, bool [C, K]."""
        return ~(self.padding_CK + self.fill_CK < BORDER_SHARE)

    def channels(self, layer: str) -> np.ndarray:
        """Return bool [C]: the channels of a layer."""
        return self.layer_C == self.layers.index(layer)

    def only(self, chosen_C: np.ndarray) -> Nines:
        """Return the nine of some channels; `layers` stays."""
        names = ("layer_C", "channel_C", "image_CK", "label_CK", "padding_CK", "fill_CK", "middle_CK2")
        arrays = {name: getattr(self, name) for name in names}
        return replace(self, **{name: array[chosen_C] for name, array in arrays.items() if array is not None})

    def eccentricity_CK(self, view: ViewName, geometry: ViewSettings) -> np.ndarray | None:
        """Return the distance of each receptive field's middle from the fixation, in px of the resized crop.

        Those of deep units of the log-polar view are rough: their fields reach over many rings. None if not known.
        """
        if self.middle_CK2 is None:
            return None
        log_polar = log_polar_map(geometry)
        if view == "log_polar":
            return log_polar.radius_of(np.clip(self.middle_CK2[..., 1], 0, log_polar.rings - 1))
        offset_CK2 = self.middle_CK2 - log_polar.centre_yx
        return np.hypot(offset_CK2[..., 0], offset_CK2[..., 1])


def nines_of(table: pa.Table) -> Nines:
    """Return what a table of exemplars holds (`read_exemplars`).

    Raises:
        ValueError: the table does not have nine lines for every channel.
    """
    if len(table) % KEEP:
        raise ValueError(f"the table of exemplars has {len(table)} lines, not {KEEP} for every channel")
    names = table["layer"].to_numpy().reshape(-1, KEEP)[:, 0]
    layers = tuple(dict.fromkeys(names.tolist()))
    share = {name: _share(table, f"{name}_share") for name in ("padding", "fill")}
    return Nines(
        layers,
        np.array([layers.index(name) for name in names], np.int64),
        table["channel"].to_numpy().reshape(-1, KEEP)[:, 0].astype(np.int64),
        table["row"].fill_null(EMPTY).to_numpy().reshape(-1, KEEP),
        table["label"].fill_null(-1).to_numpy().reshape(-1, KEEP),
        share["padding"],
        share["fill"],
        np.stack([_middle(table, "rf_top", "rf_bottom"), _middle(table, "rf_left", "rf_right")], 2),
    )


def values_of_rows(row_N: np.ndarray, value_N: np.ndarray, image_CK: np.ndarray) -> np.ndarray:
    """Return the value of each image [C, K], given those of all images that were scanned.

    Args:
        row_N: int, ascending row numbers.
        value_N: one value per row number.
        image_CK: row numbers among `row_N`.

    Raises:
        ValueError: an image is not among the row numbers.
    """
    index_CK = np.minimum(np.searchsorted(row_N, image_CK), len(row_N) - 1)
    if not (row_N[index_CK] == image_CK).all():
        raise ValueError(f"row {image_CK[row_N[index_CK] != image_CK][0]} of the exemplars is no image of the scan")
    return value_N[index_CK]


def _middle(table: pa.Table, first: str, end: str) -> np.ndarray:
    """The middle px of a half-open range [C, K]; NaN where there is no image."""
    low, high = (table[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in (first, end))
    return ((low + high - 1) / 2).reshape(-1, KEEP)


def _share(table: pa.Table, name: str) -> np.ndarray:
    """A column of shares [C, K]; 0 where the table has none, as the cartesian view has no fill."""
    if name not in table.column_names:
        return np.zeros((len(table) // KEEP, KEEP))
    return table[name].cast(pa.float64()).to_numpy(zero_copy_only=False).reshape(-1, KEEP)
