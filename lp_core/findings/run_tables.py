"""All tables of `RUN/measures/` from what was measured of each network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from lp_core.findings import channel_table, firing, twin_table
from lp_core.findings.layer_evolution import evolution_values
from lp_core.findings.matched import matched_values
from lp_core.findings.values import (
    ALL_LAYERS,
    PLACES,
    TRAINED,
    Values,
    angle_values,
    channel_values,
    foveal_values,
    grouping_values,
    values_table,
    with_differences,
)
from lp_core.measures.lesion_conditions import lesion_values
from lp_core.network.layers import VGG_16, Architecture
from lp_core.run import files
from lp_core.settings import ViewName, ViewSettings

if TYPE_CHECKING:
    import numpy as np

    from lp_core.exemplars.ring_activity import LayerActivity
    from lp_core.findings.nines import Nines


@dataclass(frozen=True)
class MeasuredNetwork:
    """What was measured of one network.

    Attributes:
        view, network: its names.
        grouping: its rows of the table of groupings; None if its nines are not measured.
        activity: by layer, where its channels fire; empty if its scan does not have it.
    """

    view: ViewName
    network: str
    grouping: pa.Table | None = None
    activity: Mapping[str, LayerActivity] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasuredChannels:
    """What was measured of the channels of a view's trained network.

    Attributes:
        nines: their exemplars.
        effects: of the complete ones (`grouping.channel_effects`).
        active_C: share of the images that activate each channel; None if the scan did not count.
    """

    nines: Nines
    effects: pa.Table
    active_C: np.ndarray | None = None


@dataclass(frozen=True)
class RunTables:
    """The tables of a run, by file name, and the values that its claims are judged by."""

    tables: dict[str, pa.Table]
    values: Values = field(default_factory=dict)

    def with_table(self, name: str, table: pa.Table, values: Values) -> RunTables:
        """Return the same with one more table, and its values and their differences between views."""
        every = self.values | with_differences(values)
        return RunTables(self.tables | {name: table.combine_chunks(), files.VALUES: values_table(every)}, every)

    def complete_channels(self) -> dict[tuple[str, str], int]:
        """Return the number of channels with nine images, by view and layer."""
        counts: dict[tuple[str, str], int] = {}
        for row in self.tables[files.CHANNEL_MEASURES].select(["view", "layer", "complete"]).to_pylist():
            key = row["view"], row["layer"]
            counts[key] = counts.get(key, 0) + row["complete"]
        return counts


def run_tables(
    networks: Sequence[MeasuredNetwork],
    channels: Mapping[ViewName, MeasuredChannels],
    geometry: ViewSettings,
    *,
    independent: float = math.nan,
    twins: pa.Table | None = None,
    lesion: pa.Table | None = None,
    accuracy: Mapping[str, Mapping[str, float]] | None = None,
    evolution: Mapping[ViewName, tuple[pa.Table, pa.Table]] | None = None,
    architecture: Architecture = VGG_16,
) -> RunTables:
    """Return all tables of one run.

    Args:
        networks: of all views; `trained` and its controls.
        channels: of the trained networks, by view.
        geometry: of the views.
        independent: what G would be for independent images (`independent_concordance`); shown, never tested against.
        twins: `twin_table` of both views; None for one view.
        lesion: `lesion_table` of the log-polar view; None if it was not made.
        accuracy: validation top-1 in percent by view and network, where several epochs were scanned.
        evolution: `layer_table` and `layer_births` by view, where they were asked for.
        architecture: layers of the networks.
    """
    groupings = pa.concat_tables([found.grouping for found in networks if found.grouping is not None])
    active = [found for found in networks if found.activity]
    trained = {found.view: found.activity for found in networks if found.network == TRAINED}
    by_channel = pa.concat_tables(
        [_channels(measured, view, trained[view], geometry, architecture) for view, measured in channels.items()]
    )
    values = grouping_values(groupings, independent) | channel_values(by_channel)
    tables = {files.GROUPING: groupings, files.CHANNEL_MEASURES: by_channel}
    if active:
        tables[files.FIRING] = pa.concat_tables(
            [firing.firing_table(found.activity, found.view, found.network, geometry) for found in active]
        )
        tables[files.ANGLES] = pa.concat_tables(
            [firing.angle_table(found.activity, found.view, found.network) for found in active]
        )
        values |= angle_values(tables[files.ANGLES]) | _foveal_values(active, geometry, architecture)
    if evolution:
        for number, name in enumerate((files.EVOLUTION_MEASURES, files.BIRTH_MEASURES)):
            tables[name] = pa.concat_tables([_of_view(view, pair[number]) for view, pair in evolution.items()])
        for view, (layers, births) in evolution.items():
            values |= evolution_values(view, layers, births)
    values = with_differences(values) | matched_values(groupings, accuracy or {})
    if twins is not None:
        tables[files.TWINS] = twins
        values |= twin_table.twin_values(twins)
    if lesion is not None and len(lesion):
        tables[files.LESION] = lesion
        view = lesion["view"][0].as_py()
        values |= {(view, ALL_LAYERS, name): value for name, value in lesion_values(lesion).items()}
    tables[files.VALUES] = values_table(values)
    return RunTables({name: table.combine_chunks() for name, table in tables.items()}, values)


def _of_view(view: ViewName, table: pa.Table) -> pa.Table:
    return table.add_column(0, "view", pa.array([view] * len(table), pa.string()))


def _channels(
    measured: MeasuredChannels,
    view: ViewName,
    activity: Mapping[str, LayerActivity],
    geometry: ViewSettings,
    architecture: Architecture,
) -> pa.Table:
    place = {
        layer: firing.channel_firing(layer, seen, view, geometry, architecture) for layer, seen in activity.items()
    }
    return channel_table.channel_table(measured.nines, measured.effects, view, firing=place, active_C=measured.active_C)


def _foveal_values(networks: Sequence[MeasuredNetwork], geometry: ViewSettings, architecture: Architecture) -> Values:
    """Foveal indices of the trained networks against their controls."""
    trained = {found.view: found.activity for found in networks if found.network == TRAINED}
    values: Values = {}
    for found in networks:
        if found.network in PLACES and found.view in trained:
            indices = firing.foveal_indices(trained[found.view], found.activity, found.view, geometry, architecture)
            values |= foveal_values(found.view, found.network, indices)
    return values
