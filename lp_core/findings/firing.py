"""Where the channels of a network fire, by ring and by angle, from the sums that a scan keeps.

Shapes: C channels of a layer, B ring bins, E = B + 1 edges, S sectors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lp_core.images.network_input import log_polar_map
from lp_core.measures import rings
from lp_core.measures.firing import foveal_index, harmonics, mean_share, shares
from lp_core.network.layers import VGG_16, Architecture
from lp_core.network.receptive_field import map_shape, receptive_field
from lp_core.settings import ViewName, ViewSettings

if TYPE_CHECKING:
    from lp_core.exemplars.ring_activity import LayerActivity

SCHEMA = pa.schema(
    [
        ("view", pa.string()),
        ("network", pa.string()),
        ("layer", pa.string()),
        ("bin", pa.int64()),
        ("radius_from", pa.float64()),
        ("radius_to", pa.float64()),
        ("cell_share", pa.float64()),
        ("area_share", pa.float64()),
        ("share", pa.float64()),
        ("share_active", pa.float64()),
        ("share_above", pa.float64()),
    ]
)
ANGLE_SCHEMA = pa.schema(
    [
        ("view", pa.string()),
        ("network", pa.string()),
        ("layer", pa.string()),
        ("order", pa.int64()),
        ("resultant", pa.float64()),
        ("direction", pa.float64()),
    ]
)
ORDERS = (1, 2, 4)
"""Harmonics of the angle: a side, an axis, and what a square crop leaves. Source: the specification."""
INNER_RADIUS = 4.0
"""px of the second, smaller fovea: 32 % of the rings at 224 px with a foveal scale of 1. Source: the specification."""


def foveal_radii(geometry: ViewSettings) -> dict[str, float]:
    """Return the radii in px within which the foveal index counts, by the ending of the measure's name.

    The first, without ending, is that within which neighbouring sectors are less than a pixel apart.
    """
    return {"": rings.fovea_radius(geometry.size), ".within_4_px": INNER_RADIUS}


def within_radius(
    layer: str,
    activity: LayerActivity,
    view: ViewName,
    geometry: ViewSettings,
    radius: float,
    architecture: Architecture = VGG_16,
) -> np.ndarray:
    """Return float64 [B]: share of each bin's units whose centre is within a radius in px."""
    if view == "log_polar":
        columns = map_shape(layer, geometry.shape(view), architecture)[1]
        radius_of = log_polar_map(geometry).radius_of
        stride = receptive_field(layer, architecture).stride
        return rings.share_within(rings.bin_edges(columns), stride, radius_of, radius)
    # Units of the ordinary view lie evenly in the photograph: a bin's share is that of its area.
    area_E = np.asarray(activity.radius_E, np.float64) ** 2
    return np.clip((radius**2 - area_E[:-1]) / np.diff(area_E), 0.0, 1.0)


def layer_share(sum_CB: np.ndarray) -> np.ndarray:
    """Return float64 [B]: `mean_share`; NaN where no channel of the layer has anything."""
    return mean_share(sum_CB) if np.asarray(sum_CB).any() else np.full(np.shape(sum_CB)[1], math.nan)


def firing_table(
    activity: Mapping[str, LayerActivity], view: ViewName, network: str, geometry: ViewSettings
) -> pa.Table:
    """Return one row per layer and bin, `SCHEMA`: shares of cells, of the photograph's area, and of what fires.

    Args:
        activity: by layer (`read_ring_activity`).
        view, network: the first columns.
        geometry: of the view.
    """
    size, centre_yx = (geometry.size, geometry.size), log_polar_map(geometry).centre_yx
    parts = [SCHEMA.empty_table()]
    for layer, seen in activity.items():
        bins = len(seen.cells_B)
        columns = {"view": [view] * bins, "network": [network] * bins, "layer": [layer] * bins, "bin": np.arange(bins)}
        columns |= {"radius_from": seen.radius_E[:-1], "radius_to": seen.radius_E[1:]}
        columns |= {"cell_share": seen.cells_B / seen.cells_B.sum()}
        columns |= {"area_share": rings.area_share(seen.radius_E, size, centre_yx)}
        columns |= {"share": layer_share(seen.sum_CB), "share_active": layer_share(seen.active_CB)}
        columns |= {"share_above": layer_share(seen.above_CB)}
        parts.append(pa.table(columns, SCHEMA))
    return pa.concat_tables(parts).combine_chunks()


def angle_table(activity: Mapping[str, LayerActivity], view: ViewName, network: str) -> pa.Table:
    """Return one row per layer and harmonic, `ANGLE_SCHEMA`; all live channels of a layer count the same.

    The harmonics are those of the mean activation per unit of each sector. `resultant` is 0 (no preference) to 1, NaN
    for a layer without live channels; `direction` is in degrees, clockwise on the screen from the right, 0 to 360 /
    order.
    """
    rows = []
    for layer, seen in activity.items():
        # Sectors of the ordinary view hold different numbers of units: their mean activation is compared.
        cells_S = seen.sector_cells_S
        mean_CS = np.divide(seen.sector_CS, cells_S, out=np.zeros(seen.sector_CS.shape), where=cells_S > 0)
        harmonic_CO = harmonics(mean_CS, ORDERS)
        live_C = ~np.isnan(harmonic_CO[:, 0])
        mean_O = harmonic_CO[live_C].mean(0) if live_C.any() else np.full(len(ORDERS), math.nan + 0j)
        for order, mean in zip(ORDERS, mean_O, strict=True):
            direction = float(np.degrees(np.angle(mean)) / order % (360 / order))
            row = {"view": view, "network": network, "layer": layer, "order": order}
            rows.append(row | {"resultant": float(abs(mean)), "direction": direction})
    return pa.Table.from_pylist(rows, ANGLE_SCHEMA)


def foveal_indices(
    activity: Mapping[str, LayerActivity],
    control: Mapping[str, LayerActivity],
    view: ViewName,
    geometry: ViewSettings,
    architecture: Architecture = VGG_16,
) -> dict[tuple[str, str], float]:
    """Return the foveal index of each layer against a control, by layer and the ending of the radius' name.

    NaN where a layer is dead, where the control has nothing within the radius, or where the innermost bin of the layer
    reaches beyond it: such a map does not tell the fovea from what surrounds it.
    """
    indices = {}
    for layer, seen in activity.items():
        share_B, expected_B = layer_share(seen.sum_CB), layer_share(control[layer].sum_CB)
        for ending, radius in foveal_radii(geometry).items():
            within_B = within_radius(layer, seen, view, geometry, radius, architecture)
            is_resolved = seen.radius_E[1] <= radius
            indices[layer, ending] = float(foveal_index(share_B, expected_B, within_B)) if is_resolved else math.nan
    return indices


def channel_firing(
    layer: str,
    activity: LayerActivity,
    view: ViewName,
    geometry: ViewSettings,
    architecture: Architecture = VGG_16,
) -> tuple[np.ndarray, np.ndarray]:
    """Return foveal index against uniform cells, and mean radius in px of the activation, float64 [C] each.

    For sorting channels of one layer; a radius is that of the middle of its bin. NaN for dead channels and for layers
    of one bin; an index of -inf (nothing in the fovea) is NaN, too, and so is that of a layer whose innermost bin
    reaches beyond the fovea.
    """
    share_CB = shares(activity.sum_CB)
    cell_B = activity.cells_B / activity.cells_B.sum()
    fovea = rings.fovea_radius(geometry.size)
    within_B = within_radius(layer, activity, view, geometry, fovea, architecture)
    index_C = foveal_index(share_CB, cell_B, within_B)
    is_known_C = np.isfinite(index_C) & (activity.radius_E[1] <= fovea)
    middle_B = (activity.radius_E[:-1] + activity.radius_E[1:]) / 2
    radius_C = share_CB @ middle_B if len(middle_B) > 1 else np.full(len(share_CB), math.nan)
    return np.where(is_known_C, index_C, math.nan), radius_C
