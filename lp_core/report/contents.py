"""What a report shows, as plain data: `run_data.py` reads it from a run folder, `page.py` makes pages of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lp_core.report.picture import Picture
from lp_core.settings import Rule, ViewName

if TYPE_CHECKING:
    from lp_core.images.log_polar import LogPolarMap
    from lp_core.report.measured import Measured
    from lp_core.report.percentile_nines import PercentileNine

Exemplar = Mapping[str, Any]
"""A row of exemplars.parquet."""


@dataclass(frozen=True, kw_only=True)
class EvolutionStrip:
    """The best exemplar of a channel at every epoch."""

    path: str
    """Of the picture, relative to RUN/report."""
    epochs: Sequence[Mapping[str, Any]]
    """Rows of strips.parquet, ascending."""


@dataclass(frozen=True, kw_only=True)
class ViewReport:
    """The results of one view."""

    evaluation: Mapping[str, Any]
    """As in evaluation.json; accuracies in percent."""
    by_class: Sequence[Mapping[str, Any]] = ()
    """Rows of classes.parquet. Optional."""
    metrics: Sequence[Mapping[str, Any]] = ()
    """The lines of metrics.jsonl; `plots.training_curves` says which keys it draws."""
    panels: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Layer -> channel -> path of the panel relative to RUN/report, such as "../log_polar/panels/conv5_2/137.png"."""
    exemplars: Sequence[Exemplar] = ()
    """Rows of exemplars.parquet, at least those of the channels that were drawn."""
    features: Sequence[Mapping[str, Any]] = ()
    """Rows of features.parquet: where in the atlas each exemplar was drawn."""
    random_weights: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Layer -> channel -> path of its features with random weights, relative to RUN/report. Optional."""
    strips: Mapping[tuple[str, int], EvolutionStrip] = field(default_factory=dict)
    """By layer and channel. Optional."""
    lower: Sequence[Mapping[str, Any]] = ()
    """Rows of lower_exemplars.parquet of the channels with panels. Optional."""
    folder: str = ""
    """The view's folder relative to RUN/report, such as "../log_polar"."""

    def exemplars_of(self) -> dict[tuple[str, int], list[Exemplar]]:
        """(layer, channel) -> its exemplars by rank, without the places that no image has taken."""
        exemplars: dict[tuple[str, int], list[Exemplar]] = {}
        for row in self.exemplars:
            if row["class_name"] is not None:
                exemplars.setdefault((row["layer"], row["channel"]), []).append(row)
        return {key: sorted(rows, key=lambda row: row["rank"]) for key, rows in exemplars.items()}

    def sheets(self) -> dict[str, dict[int, tuple[str, int]]]:
        """Layer -> channel -> its sheet of the atlas, relative to RUN/report, and its row on it."""
        sheets: dict[str, dict[int, tuple[str, int]]] = {}
        for row in self.features:
            position = (f"{self.folder}/{row['sheet']}", row["sheet_row"])
            sheets.setdefault(row["layer"], {})[row["channel"]] = position
        return sheets


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One photograph as the two networks see it."""

    class_name: str
    cartesian: Picture
    """uint8 [H, W, 3]: network input of the ordinary view."""
    log_polar: Picture
    """uint8 [S, R, 3]: network input of the log-polar view."""
    mapped_back: Picture
    """uint8 [H, W, 4]: what the log-polar image still holds of the photograph; alpha 0 where it holds nothing."""


@dataclass(frozen=True, kw_only=True)
class Cascade:
    """The drawn cascade of one channel: its place, and where its picture lies, relative to RUN/report."""

    view: ViewName
    layer: str
    channel: int
    path: str
    size: tuple[int, int]
    """Width and height in px."""


@dataclass(frozen=True, kw_only=True)
class ReportData:
    """Everything that the page shows, as plain values."""

    title: str
    views: Mapping[ViewName, ViewReport]
    """In the order in which they are shown."""
    classes: int
    """Number of classes, for the level of chance."""
    comparison: Mapping[str, Any] | None = None
    """As in comparison.json, where both views were measured."""
    network: str = "VGG-16 without batch normalisation"
    """In a few words."""
    command: str = ""
    """The command line that makes the run again."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """Resolved settings, sections as nested mappings."""
    samples: Sequence[Sample] = ()
    dataset: Mapping[str, Any] = field(default_factory=dict)
    """Facts about the photographs, such as {"training images": 2400}."""
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Stage -> how long it took."""
    rule: Rule = "guided"
    """By which the features were made."""
    log_polar_map: LogPolarMap | None = None
    """Positions of the log-polar view's cells in the photograph, for drawing receptive fields there."""
    wraps: bool = False
    """Whether receptive fields of the log-polar network continue across the first and the last sector."""
    photographs: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """image_id -> contact sheet, relative to RUN/report, and place on it of the photograph as the ordinary network gets
    it. Optional."""
    log_polar_images: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """image_id -> the same of the log-polar image. Optional."""
    measured: Measured | None = None
    """What `measure` found; None if the run was not measured."""
    field_degrees: float | None = None
    """Visual angle that the crop's side spans; None if nobody said it."""
    nines: Sequence[PercentileNine] = ()
    """Channels at percentiles of grouping, of all views."""
    cascades: Sequence[Cascade] = ()
    """Pictures while the weights become random, of all views; those of the last layer of each view come first."""
    per_row: int = 1
    """Pictures in a row of a contact sheet."""

    def layers(self) -> dict[str, list[int]]:
        """Channels that were drawn in any view, by layer, in the order of the exemplars, which is the network's.

        Layers without exemplars come last, by the numbers in their names: features.3 before features.10.
        """
        drawn = [channels for view in self.views.values() for channels in (view.panels, view.sheets())]
        found = {layer for channels in drawn for layer in channels}
        listed = dict.fromkeys(row["layer"] for view in self.views.values() for row in view.exemplars)
        order = [*(layer for layer in listed if layer in found), *sorted(found - listed.keys(), key=_by_number)]
        return {name: sorted({channel for channels in drawn for channel in channels.get(name, {})}) for name in order}


def _by_number(name: str) -> list[str | int]:
    """Key to sort names by the numbers in them."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def class_summary(exemplars: Sequence[Exemplar]) -> str:
    """The classes of some exemplars, the most frequent first: "tench (3), hen (2), clog"."""
    counter = Counter(str(row["class_name"]) for row in exemplars)
    return ", ".join(f"{name} ({times})" if times > 1 else name for name, times in counter.most_common())
