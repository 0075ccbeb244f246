"""What channels keep of their activation under rotation and scale, layer by layer."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa

from lp_core.findings.values import Values
from lp_core.measures.retention import TRANSFORMS, half_angle, retention

SCHEMA = pa.schema(
    [
        ("view", pa.string()),
        ("layer", pa.string()),
        ("transform", pa.string()),
        ("value", pa.float64()),
        ("channels", pa.int64()),
        *((name, pa.float64()) for name in ("median", "low", "high")),
    ]
)


def retention_curves(
    view: str, layer_C: np.ndarray, layers: list[str], item_M2: np.ndarray, value_ML: np.ndarray
) -> tuple[pa.Table, Values]:
    """Return one row for each layer, transform and value (`SCHEMA`), and numbers by name.

    `median`, `low` and `high` are quartiles over the channels of what they keep (`retention`): they describe one
    network. `tolerance.retention.<transform>` is the median over channels of their mean over the values;
    `tolerance.retention.half_angle` is that of the median curve, left out where half is kept at every angle.

    Args:
        view: whose network.
        layer_C: int, place in `layers` of every channel.
        layers: names.
        item_M2, value_ML: of `tasks/retention.py`.
    """
    rows, values = list[dict[str, object]](), Values()
    for transform, of_looks in TRANSFORMS.items():
        kept_CL = retention(value_ML, item_M2[:, 1], len(layer_C), transform)
        for number, layer in enumerate(layers):
            mine_CL = kept_CL[(layer_C == number) & ~np.isnan(kept_CL[:, 0])]
            if not len(mine_CL):
                continue
            low_L, median_L, high_L = np.quantile(mine_CL, [0.25, 0.5, 0.75], axis=0)
            for place, value in enumerate(of_looks):
                row: dict[str, object] = {"view": view, "layer": layer, "transform": transform, "value": value}
                row |= {"channels": len(mine_CL), "median": float(median_L[place])}
                rows.append(row | {"low": float(low_L[place]), "high": float(high_L[place])})
            values[view, layer, f"tolerance.retention.{transform}"] = float(np.median(mine_CL.mean(1)))
            if transform == "rotation" and math.isfinite(half_angle(median_L)):
                values[view, layer, "tolerance.retention.half_angle"] = half_angle(median_L)
    return pa.Table.from_pylist(rows, SCHEMA), values
