"""The tests of pictures (`lp_core/exemplars/sanity.py`) as a table of layers, and the numbers that claims rest on."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from lp_core.findings.values import Values

SCHEMA = pa.schema(
    [
        ("view", pa.string()),
        ("layer", pa.string()),
        ("rule", pa.string()),
        ("test", pa.string()),
        ("depth", pa.int32()),
        ("mean", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("channels", pa.int32()),
        ("exemplars", pa.int32()),
        ("left_out", pa.int32()),
    ]
)
QUARTILES = (0.25, 0.75)
"""`low` and `high` of the table: quantiles of the channels. Not an interval: channels of one network are no sample."""
LEAST_SPREAD = 0.05
"""Least distance of retest from chance for which a share between the two is given. Source: our choice. In conv4_3 of
a VGG-16 of random weights, rank correlations of unrelated pictures reach 0.92, of equal ones 0.99."""


def picture_table(view: str, rows: pa.Table) -> pa.Table:
    """Return one row for each layer, rule, test and depth, `SCHEMA`.

    Every channel counts the same: `mean`, `low` and `high` are over the means of the channels. `left_out` counts
    exemplars for which the test could not be made; `exemplars` those for which it was.

    Args:
        view: whose network.
        rows: of sanity.parquet.
    """
    groups: dict[tuple[str, str, str, int], dict[int, list[float]]] = {}
    for row in rows.to_pylist():
        key = row["layer"], row["rule"], row["test"], row["depth"]
        value = math.nan if row["value"] is None else row["value"]
        groups.setdefault(key, {}).setdefault(row["channel"], []).append(value)
    table = []
    for (layer, rule, test, depth), channels in groups.items():
        values = np.concatenate([np.array(of_channel) for of_channel in channels.values()])
        means = [float(np.nanmean(of_channel)) for of_channel in channels.values() if not np.isnan(of_channel).all()]
        row = {"view": view, "layer": layer, "rule": rule, "test": test, "depth": depth, "channels": len(means)}
        row |= {"exemplars": int((~np.isnan(values)).sum()), "left_out": int(np.isnan(values).sum())}
        if means:
            low, high = np.quantile(means, QUARTILES).tolist()
            row |= {"mean": float(np.mean(means)), "low": low, "high": high}
        table.append(row)
    return pa.Table.from_pylist(table, SCHEMA)


def channels_tested(table: pa.Table) -> dict[tuple[str, str], int]:
    """Return how many channels were tested at most, by view and layer, from `picture_table`."""
    counts: dict[tuple[str, str], int] = {}
    for row in table.to_pylist():
        key = row["view"], row["layer"]
        counts[key] = max(counts.get(key, 0), row["channels"])
    return counts


def picture_values(table: pa.Table) -> Values:
    """Return the numbers of each layer and rule by name, `pictures.<rule>.<name>`, from `picture_table`.

    `survives` is where the likeness to the picture of random weights lies between that of unrelated pictures (0) and
    that of the picture to itself under noise (1); it is left out where these two are too near each other. `edges` is
    the likeness to the edges of the own image less that to another image's. Effects are shares of the activation: what
    is left after the control less what is left after the test.
    """
    seen: dict[tuple[str, str, str], dict[str, dict[int, float]]] = {}
    for row in table.to_pylist():
        if row["mean"] is not None:
            tests = seen.setdefault((row["view"], row["layer"], row["rule"]), {})
            tests.setdefault(row["test"], {})[row["depth"]] = row["mean"]
    values: Values = {}
    for (view, layer, rule), tests in seen.items():
        values |= {
            (view, layer, f"pictures.{rule}.{name}"): value
            for name, value in rule_values(tests).items()
            if math.isfinite(value)
        }
    return values


def rule_values(tests: Mapping[str, Mapping[int, float]]) -> dict[str, float]:
    """Return the numbers of one layer and rule by name; NaN where they are not known.

    Args:
        tests: means by test and depth.
    """
    full = {test: of_depth[max(of_depth)] for test, of_depth in tests.items()}
    own = {test: of_depth.get(0, math.nan) for test, of_depth in tests.items()}

    def less(a: str, b: str) -> float:
        return own.get(a, math.nan) - own.get(b, math.nan)

    return {
        "random": full.get("random", math.nan),
        "chance": full.get("chance", math.nan),
        "retest": full.get("retest", math.nan),
        "survives": survival(full.get("random"), full.get("chance"), full.get("retest")),
        "survives_ssim": survival(full.get("random_ssim"), full.get("chance_ssim"), full.get("retest_ssim")),
        "edges": less("edges", "edges_chance"),
        "edges_random": full.get("edges", math.nan) - own.get("edges_chance", math.nan),
        "deletion.effect": less("deletion_elsewhere", "deletion_box"),
        "deletion.left": own.get("deletion_box", math.nan),
        "occlusion.against_random": less("occlusion_random", "occlusion_energy"),
        "occlusion.against_edges": less("occlusion_edges", "occlusion_energy"),
        "gradient_norm": own.get("gradient_norm", math.nan),
    }


def survival(random: float | None, chance: float | None, retest: float | None) -> float:
    """Return where a likeness lies between chance (0) and retest (1); NaN where one is unknown or the two are near."""
    if random is None or chance is None or retest is None or not retest - chance >= LEAST_SPREAD:
        return math.nan
    return (random - chance) / (retest - chance)
