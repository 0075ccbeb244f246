"""The tolerance test as tables: curves with simultaneous bands, and their numbers with paired intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from lp_core.errors import DataError
from lp_core.findings.values import ALL_LAYERS, DIFFERENCE, Values
from lp_core.measures.tolerance import (
    hits,
    percentile_interval,
    points,
    resampled,
    share_without_looking,
    simultaneous_band,
    summaries,
)
from lp_core.settings import VIEW_NAMES, ViewName

SCHEMA = pa.schema(
    [
        ("view", pa.string()),
        ("transform", pa.string()),
        ("value", pa.float64()),
        ("value_x", pa.float64()),
        ("images", pa.int64()),
        *((name, pa.float64()) for name in ("top1", "low", "high")),
    ]
)
SUMMARY_SCHEMA = pa.schema(
    [
        ("view", pa.string()),
        ("measure", pa.string()),
        ("images", pa.int64()),
        *((name, pa.float64()) for name in ("value", "low", "high")),
    ]
)


def tolerance_curves(
    answers: Mapping[ViewName, Mapping[str, np.ndarray]], classes: int, size: int, seed: int
) -> tuple[pa.Table, pa.Table, Values]:
    """Return the curves of all views (`SCHEMA`), their numbers (`SUMMARY_SCHEMA`), and these by name.

    Accuracies are in percent; `low` and `high` of a curve hold all of its points together with 95 % confidence. Numbers
    (`summaries`) have percentile intervals, also that of the difference between the views, whose resamples are the
    same images. What has no value, or no end, is null.

    Args:
        answers: by view, of `tasks/tolerance.py`.
        classes: of the data set.
        size: of the network input in px.
        seed: of the resamples.

    Raises:
        DataError: the views answered to different images.
    """
    rows = {view: given["row_N"] for view, given in answers.items()}
    first = next(iter(rows.values()))
    if any(not np.array_equal(first, row_N) for row_N in rows.values()):
        counts = ", ".join(f"{len(row_N):,} in {view}" for view, row_N in rows.items())
        raise DataError(f"the views answered to different images ({counts}); measure both again")
    hit = {view: hits(given) for view, given in answers.items()}
    chance, guess = 1 / classes, share_without_looking(next(iter(answers.values()))["label_N"])
    mean_BP = resampled(np.concatenate(list(hit.values()), 1), np.random.default_rng(seed))
    curves, summary, values, images = [], [], Values(), len(first)
    found: dict[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]] = {}
    for place, (view, hit_NP) in enumerate(hit.items()):
        mine_BP = mean_BP[:, place * len(points()) : (place + 1) * len(points())]
        curves += _curve_rows(view, hit_NP.mean(0), mine_BP, images)
        estimate, mine = (summaries(mean, chance, size / 2, guess) for mean in (hit_NP.mean(0), mine_BP))
        found[view] = estimate, mine
    if len(found) == len(VIEW_NAMES):
        (ordinary, ordinary_B), (other, other_B) = (found[view] for view in VIEW_NAMES)
        with np.errstate(invalid="ignore"):  # infinity less infinity has no value
            found[DIFFERENCE] = (
                {name: other[name] - ordinary[name] for name in other},
                {name: other_B[name] - ordinary_B[name] for name in other},
            )
    for whose, (value, value_B) in found.items():
        for name in value:
            low, high = percentile_interval(value_B[name])
            number = float(value[name])
            row = {"view": whose, "measure": name, "images": images}
            summary.append(row | {"value": _known(number), "low": _known(low), "high": _known(high)})
            if whose != DIFFERENCE and math.isfinite(number):
                values[whose, ALL_LAYERS, f"tolerance.{name}"] = number
    return pa.Table.from_pylist(curves, SCHEMA), pa.Table.from_pylist(summary, SUMMARY_SCHEMA), values


def _curve_rows(view: str, mean_P: np.ndarray, mean_BP: np.ndarray, images: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    transforms = [point.transform for point in points()]
    for transform in dict.fromkeys(transforms):
        places = [index for index, name in enumerate(transforms) if name == transform]
        low_P, high_P = simultaneous_band(mean_P[places], mean_BP[:, places], images)
        for place, low, high in zip(places, low_P.tolist(), high_P.tolist(), strict=True):
            point = points()[place]
            row: dict[str, object] = {
                "view": view,
                "transform": transform,
                "value": point.value,
                "value_x": point.value_x,
            }
            row |= {"images": images, "top1": 100 * float(mean_P[place]), "low": 100 * low, "high": 100 * high}
            rows.append(row)
    return rows


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
