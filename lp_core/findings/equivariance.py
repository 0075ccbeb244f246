"""Equivariance errors as a table of layers, and the numbers of it that a sweep compares."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from lp_core.findings.values import Values
from lp_core.measures.equivariance import Turn

SCHEMA = pa.schema(
    [
        ("view", pa.string()),
        ("layer", pa.string()),
        ("padding", pa.string()),
        ("own_padding", pa.bool_()),
        ("degrees", pa.float64()),
        ("rows", pa.int64()),
        ("images", pa.int64()),
        *((name, pa.float64()) for name in ("error", "low", "high", "unmoved", "unrelated")),
    ]
)


def equivariance_table(
    view: str, layers: Sequence[str], paddings: Sequence[str], turns: Sequence[Turn], errors: Mapping[str, np.ndarray]
) -> pa.Table:
    """Return one row for each layer, padding and turn, `SCHEMA`.

    `error`, `unmoved` and `unrelated` are means over the images, `low` and `high` quartiles of the error over them:
    they describe one network. Layers and turns whose error is not known are left out.

    Args:
        view: whose network.
        layers: L names.
        paddings: P, the network's own first.
        turns: T.
        errors: of `tasks/equivariance.py`.
    """
    rows = []
    for p, padding in enumerate(paddings):
        for number, layer in enumerate(layers):
            unrelated = _mean(errors["unrelated_NPL"][:, p, number])
            for t, turn in enumerate(turns):
                error_N = errors["error_NPTL"][:, p, t, number]
                known_N = error_N[~np.isnan(error_N)]
                if not len(known_N):
                    continue
                low, high = np.quantile(known_N, [0.25, 0.75]).tolist()
                row: dict[str, object] = {"view": view, "layer": layer, "padding": padding, "own_padding": p == 0}
                row |= {"degrees": turn.degrees, "rows": turn.rows, "images": len(known_N)}
                row |= {"error": float(known_N.mean()), "low": low, "high": high}
                rows.append(row | {"unmoved": _mean(errors["unmoved_NPTL"][:, p, t, number]), "unrelated": unrelated})
    return pa.Table.from_pylist(rows, SCHEMA)


def equivariance_values(table: pa.Table) -> Values:
    """Return means over turns by layer, `tolerance.equivariance.<name>`.

    `quarter_turns`: the error of turns by 90, 180 and 270 degrees with the network's own padding, `quarter_turns.zeros`
    and `.circular` with either; `small_turns` likewise of the others, which only log-polar views make. `unmoved` and
    `unrelated`: the controls of quarter turns with the own padding.
    """
    found: dict[tuple[str, str, str], list[float]] = {}
    for row in table.to_pylist():
        name = "quarter_turns" if row["degrees"] % 90 == 0 else "small_turns"
        numbers = {f"{name}.{row['padding']}": row["error"]}
        if row["own_padding"]:
            numbers[name] = row["error"]
            if name == "quarter_turns":
                numbers |= {control: row[control] for control in ("unmoved", "unrelated")}
        for number, value in numbers.items():
            found.setdefault((row["view"], row["layer"], f"tolerance.equivariance.{number}"), []).append(value)
    means = {key: float(np.mean(values)) for key, values in found.items()}
    return {key: mean for key, mean in means.items() if math.isfinite(mean)}


def _mean(value_N: np.ndarray) -> float:
    known_N = value_N[~np.isnan(value_N)]
    return float(known_N.mean()) if len(known_N) else math.nan
