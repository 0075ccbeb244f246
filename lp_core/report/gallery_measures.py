"""What was measured of each channel, as the gallery's data files hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lp_core.report.measured import Measured, Row, is_known

TITLES = {
    "G": "G",
    "G_z": "z of G",
    "W": "W",
    "W_z": "z of W",
    "E": "E",
    "M": "M",
    "eccentricity_px": "eccentricity (px)",
    "foveal_index": "foveal index",
    "padding_share": "share of padding",
    "fill_share": "share of fill",
}
"""Columns of measures/channels.parquet that the gallery sorts and filters by, and what it calls them; its page says
what they mean."""
ASCENDING = ("eccentricity_px",)
"""Those whose smallest values come first."""


def measured_channels(measured: Measured | None) -> dict[tuple[str, str, int], Row]:
    """Return what was measured of each channel by view, layer and number; nothing of a run without measures."""
    rows = () if measured is None else measured.tables.get("channels", ())
    return {(row["view"], row["layer"], row["channel"]): row for row in rows}


def shown_measures(channels: Mapping[tuple[str, str, int], Row]) -> dict[str, str]:
    """Return the measures that any channel has a value of, and their titles."""
    return {name: title for name, title in TITLES.items() if any(is_known(row.get(name)) for row in channels.values())}


def measure_columns(
    channels: Mapping[tuple[str, str, int], Row], names: Sequence[str], view: str, layer: str, numbers: Sequence[int]
) -> dict[str, list[float | None]]:
    """Return a column of values for each measure, null where there is none; in the order of the channels' numbers."""
    rows: list[Mapping[str, Any]] = [channels.get((view, layer, number), {}) for number in numbers]
    return {name: [_shown(row.get(name)) for row in rows] for name in names}


def _shown(value: float | None) -> float | None:
    """A value with three digits, as short as JSON writes it."""
    return float(f"{value:.3g}") if value is not None and is_known(value) else None
