"""The numbers that claims are judged by, one per view, layer and measure, under the names of `measure.toml`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lp_core.measures.rules import ALL_LAYERS as ALL_LAYERS
from lp_core.settings import VIEW_NAMES

SCHEMA = pa.schema([("view", pa.string()), ("layer", pa.string()), ("measure", pa.string()), ("value", pa.float64())])
DIFFERENCE = "log_polar - cartesian"
"""What stands for a view where both are compared."""
TRAINED, UNTRAINED, SCRAMBLED, ROTATED = "trained", "untrained", "scrambled", "rotated"
FIXATIONS = "random-fixations"
PLACES = {UNTRAINED: "untrained", SCRAMBLED: "scrambled", FIXATIONS: "fixations"}
"""Networks and photographs that places are compared with (S1, S2, S3), and how names of measures call them."""
EMBEDDED = ("M_90", "M_50", "M", "E_half", "E_quarter", "E")
"""Measures whose name goes on with that of an embedding; none comes before a longer one that begins with it."""

Values = dict[tuple[str, str, str], float]
"""By view, layer and name of the measure."""


@dataclass(frozen=True)
class Absence:
    """A measure that could not be made.

    Attributes:
        view: whose measure.
        measure: beginning of its name in `values.parquet`, whole words; empty for all measures of the view.
        reason: in words.
    """

    view: str
    measure: str
    reason: str

    def concerns(self, view: str, measure: str) -> bool:
        """Whether a measure of a view, or of the difference of views, is missing because of this."""
        return self.view in view.split(" - ") and (not self.measure or f"{measure}.".startswith(f"{self.measure}."))


def grouping_values(table: pa.Table, independent: float = math.nan) -> Values:
    """Return the values of a table of groupings (`grouping.SCHEMA`): means, Deltas and differences of Delta.

    Lambda is Delta of the trained network less that of the untrained one of the same seed;
    `against_rotated` is the same against the layer's channels mixed by a random rotation.

    Args:
        table: of all views and networks.
        independent: G of independent images (null N0), the same everywhere.
    """
    rows = {(row["network"], row["view"], row["layer"], row["measure"]): row for row in table.to_pylist()}
    values: Values = {}
    for (network, view, layer, measure), row in rows.items():
        if network != TRAINED:
            continue
        kept = {name: row[name] for name in ("mean", "delta", "significant_share")}
        kept |= {"independent": independent} if measure == "G" else {}
        if untrained := rows.get((UNTRAINED, view, layer, measure)):
            kept |= {"delta.untrained": untrained["delta"], "lambda": row["delta"] - untrained["delta"]}
        if rotated := rows.get((ROTATED, view, layer, measure)):  # N4
            kept |= {"against_rotated": row["delta"] - rotated["delta"]}
        values |= {(view, layer, grouping_name(measure, name)): value for name, value in kept.items()}
    return _known(values)


def grouping_name(measure: str, statistic: str) -> str:
    """Return the name of a statistic of a measure: `grouping.G.lambda`, `grouping.E.lambda.cartesian_embedding`."""
    name, embedding = measure_and_embedding(measure)
    return f"grouping.{name}.{statistic}" + (f".{embedding}_embedding" if embedding else "")


def measure_and_embedding(measure: str) -> tuple[str, str]:
    """Return `M_90` and `cartesian` of `M_90_cartesian`; without an embedding the name itself and nothing."""
    for name in EMBEDDED:
        if measure.startswith(f"{name}_"):
            return name, measure.removeprefix(f"{name}_")
    return measure, ""


def channel_values(table: pa.Table) -> Values:
    """Return what the channels of each layer are on average (`channel_table.SCHEMA`).

    Grouping by other measures than the primary one, M, and the shares of dead channels and of those that few images
    activate.
    """
    values: Values = {}
    view_C, layer_C = (np.array(table[name].to_pylist()) for name in ("view", "layer"))
    for view, layer in dict.fromkeys(zip(view_C.tolist(), layer_C.tolist(), strict=True)):
        mine_C = (view_C == view) & (layer_C == layer)
        for name in ("dead", "few_active"):
            is_C = table[name].to_numpy(zero_copy_only=False)[mine_C]
            values[view, layer, f"channels.{name}_share"] = float(is_C.mean())
        for name in ("distinct", "purity", "entropy", "M"):
            value_C = table[name].to_numpy()[mine_C]
            known_C = value_C[~np.isnan(value_C)]
            values[view, layer, f"grouping.{name}.mean"] = float(known_C.mean()) if len(known_C) else math.nan
    return _known(values)


def angle_values(table: pa.Table) -> Values:
    """Return each layer's resultant lengths less those of its controls (`firing.ANGLE_SCHEMA`)."""
    rows = {(row["network"], row["view"], row["layer"], row["order"]): row["resultant"] for row in table.to_pylist()}
    values: Values = {}
    for (network, view, layer, order), resultant in rows.items():
        for control, called in PLACES.items():
            if network == TRAINED and (control, view, layer, order) in rows:
                name = f"firing.angle.order_{order}.against_{called}"
                values[view, layer, name] = resultant - rows[control, view, layer, order]
    return _known(values)


def foveal_values(view: str, control: str, indices: Mapping[tuple[str, str], float]) -> Values:
    """Return foveal indices against a control under their names (`firing.foveal_indices`)."""
    named = {
        (view, layer, f"firing.foveal_index{ending}.against_{PLACES[control]}"): index
        for (layer, ending), index in indices.items()
    }
    return _known(named)


def with_differences(values: Values) -> Values:
    """Return the values, and what the log-polar view has more than the ordinary one where both are known.

    The ordinary view's Lambda comes along as `<measure>.cartesian`: margins of difference claims are shares of it.
    """
    ordinary, other = VIEW_NAMES
    differences: Values = {}
    for (view, layer, measure), value in values.items():
        if view == other and (ordinary, layer, measure) in values:
            before = values[ordinary, layer, measure]
            differences[DIFFERENCE, layer, measure] = value - before
            if measure.endswith(".lambda"):
                differences[DIFFERENCE, layer, f"{measure}.cartesian"] = before
    return values | differences


def values_table(values: Values) -> pa.Table:
    """Return one row per number, `SCHEMA`, in the order of the mapping."""
    rows = [(*key, value) for key, value in values.items()]
    columns = zip(*rows, strict=True) if rows else ([] for _ in SCHEMA)
    return pa.table([list(column) for column in columns], SCHEMA)


def values_of(table: pa.Table) -> Values:
    """Return what `values_table` was made of."""
    rows: Iterable[dict[str, object]] = table.select(SCHEMA.names).to_pylist()
    return {(str(row["view"]), str(row["layer"]), str(row["measure"])): float(row["value"]) for row in rows}  # type: ignore[arg-type]


def _known(values: Values) -> Values:
    """Without NaN and infinity: a measure that could not be made has no row."""
    return {key: value for key, value in values.items() if math.isfinite(value)}
