"""What a report shows, read from the files of a run."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow.compute as pc

from lp_core.dataset.faulty_rows import recorded
from lp_core.dataset.feed import Feed
from lp_core.dataset.folder import DatasetFolder
from lp_core.exemplars.table import read_exemplars
from lp_core.images.network_input import log_polar_map
from lp_core.network.layers import Architecture, architecture_of, primary_layer
from lp_core.report.cascade_picture import cascade_size
from lp_core.report.contact_sheet import per_row
from lp_core.report.contents import Cascade, EvolutionStrip, ReportData, ViewReport
from lp_core.report.measured import Measured, is_known, read_measured
from lp_core.report.percentile_nines import PercentileNine, percentile_nines
from lp_core.report.samples import samples
from lp_core.run.files import (
    CLASSES,
    COMPARISON,
    EVALUATION,
    FEATURES,
    LOWER_EXEMPLARS,
    METRICS,
    PANELS,
    RANDOM_WEIGHTS,
    SANITY_PICTURES,
    STRIP_TABLE,
    STRIPS,
)
from lp_core.run.noted_settings import Manifest, measured_otherwise
from lp_core.settings import NetworkSettings, Recipe, ViewName
from lp_core.storage import Storage


def report_data(
    run: Storage,
    recipe: Recipe,
    dataset: DatasetFolder,
    feeds: Mapping[ViewName, Feed],
    manifests: Mapping[ViewName, Mapping[str, Manifest]],
) -> ReportData:
    """What the page shows of a finished run, except settings, commands and the inputs of exemplars.

    Args:
        run: the run folder.
        recipe: settings of the run.
        dataset: the data set.
        feeds: what reads its photographs, by view; both views.
        manifests: by view, in the order in which they are shown, and stage.
    """
    views = {view: read_view(run / view, f"../{view}", strips=recipe.visualize.evolution) for view in manifests}
    measured = read_measured(run)
    if measured and (degrees := recipe.measure.field_degrees):
        measured = replace(measured, degrees_per_px=degrees / recipe.geometry.size)
    return ReportData(
        rule=recipe.visualize.rule,
        title=f"Logpolar: {posixpath.basename(run.path())}",
        network=network_words(recipe.network),
        views=views,
        classes=len(dataset.class_names),
        comparison=run.read_json(COMPARISON) if len(views) > 1 else None,
        samples=samples(recipe, feeds, dataset.class_names),
        dataset=_photographs(run, recipe, feeds["cartesian"], manifests),
        seconds={f"{name} {view}": stages[name]["seconds"] for view, stages in manifests.items() for name in stages},
        log_polar_map=log_polar_map(recipe.geometry),
        wraps=recipe.network.angle_padding == "circular",
        per_row=per_row(recipe.geometry),
        measured=measured,
        field_degrees=recipe.measure.field_degrees,
        cascades=[
            cascade
            for view in views
            for cascade in _cascades(run / view, view, architecture_of(recipe.network), measured)
        ],
        nines=[nine for view in views for nine in _nines(run / view, view, views[view], measured)],
    )


def network_words(settings: NetworkSettings) -> str:
    """Return what the report calls a network."""
    if not settings.modules:
        return f"VGG-{settings.depth} without batch normalisation"
    layers = list(architecture_of(settings).channels)
    return f"{len(layers)} layers, {layers[0]} to {layers[-1]}" if len(layers) > 1 else f"1 layer, {layers[0]}"


def _nines(folder: Storage, view: ViewName, report: ViewReport, measured: Measured | None) -> list[PercentileNine]:
    """Channels of one layer at percentiles of grouping, with their nine; none where that was not measured."""
    if measured is None:
        return []
    rows = measured.rows("channels", view=view)
    if not rows:
        return []
    layer = primary_layer(list(dict.fromkeys(row["layer"] for row in rows)))
    channels = [row for row in rows if row["layer"] == layer and row["complete"]]
    rows = read_exemplars(folder).filter(pc.equal(pc.field("layer"), layer)).to_pylist()
    exemplars = replace(report, exemplars=rows).exemplars_of()
    return percentile_nines([row for row in channels if is_known(row["G"])], exemplars, view, report, folder)


def _cascades(folder: Storage, view: ViewName, architecture: Architecture, measured: Measured | None) -> list[Cascade]:
    """Drawn cascades, those of the last layer first; none where pictures were not tested."""
    if measured is None or not measured.rows("pictures", view=view):
        return []
    drawn = _by_channel(folder, SANITY_PICTURES, f"../{view}")
    layers = [layer for layer in reversed(architecture.channels) if layer in drawn]
    return [
        Cascade(view=view, layer=layer, channel=channel, path=path, size=cascade_size(layer, architecture))
        for layer in layers
        for channel, path in drawn[layer].items()
    ]


def read_view(folder: Storage, address: str, *, strips: bool = False) -> ViewReport:
    """What the page shows of one view.

    Args:
        folder: the view's folder in the run.
        address: of that folder, relative to RUN/report.
        strips: whether strips are shown where they were drawn.
    """
    panels = _by_channel(folder, PANELS, address)
    features = folder.read_table(FEATURES).to_pylist()
    drawn = {(row["layer"], row["channel"]) for row in features}
    drawn |= {(layer, channel) for layer, channels in panels.items() for channel in channels}
    exemplars = read_exemplars(folder).to_pylist()
    return ViewReport(
        evaluation=folder.read_json(EVALUATION),
        by_class=folder.read_table(CLASSES).to_pylist(),
        metrics=_metrics(folder),
        panels=panels,
        exemplars=[row for row in exemplars if (row["layer"], row["channel"]) in drawn],
        features=features,
        random_weights=_by_channel(folder, RANDOM_WEIGHTS, address),
        strips=_strips(folder, address) if strips and folder.exists(STRIP_TABLE) else {},
        lower=[row for row in _lower(folder) if row["channel"] in panels.get(row["layer"], {})],
        folder=address,
    )


def _by_channel(folder: Storage, name: str, address: str) -> dict[str, dict[int, str]]:
    """Layer -> channel -> path of its picture, of a folder with a picture for each channel."""
    pictures: dict[str, dict[int, str]] = {}
    for file in folder.files(name):
        _, layer, channel = file.split("/")
        pictures.setdefault(layer, {})[int(channel.partition(".")[0])] = f"{address}/{file}"
    return pictures


def _strips(folder: Storage, address: str) -> dict[tuple[str, int], EvolutionStrip]:
    """By layer and channel, the strips that were drawn."""
    epochs: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in folder.read_table(STRIP_TABLE).sort_by("epoch").to_pylist():
        epochs.setdefault((row["layer"], row["channel"]), []).append(row)
    return {
        (layer, channel): EvolutionStrip(path=f"{address}/{STRIPS}/{layer}/{channel}.webp", epochs=rows)
        for (layer, channel), rows in epochs.items()
    }


def _lower(folder: Storage) -> list[dict[str, Any]]:
    """Exemplars at lower quantiles; none of a scan that did not keep its maxima."""
    return folder.read_table(LOWER_EXEMPLARS).to_pylist() if folder.exists(LOWER_EXEMPLARS) else []


def _metrics(folder: Storage) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl; none of a network that was trained elsewhere."""
    if not folder.exists(METRICS):
        return []
    return [json.loads(line) for line in folder.read_bytes(METRICS).splitlines()]


def _photographs(
    run: Storage, recipe: Recipe, feed: Feed, manifests: Mapping[ViewName, Mapping[str, Manifest]]
) -> dict[str, Any]:
    """Facts about the photographs, by the names that the page shows."""
    facts: dict[str, Any] = {
        "training images": len(feed.used_rows("train")),
        "validation images": len(feed.used_rows("validation")),
    }
    facts |= measured_otherwise(recipe, manifests)
    quarantined = {(row["split"], row["row"]) for view in manifests for row in recorded(run / view)}
    if quarantined:
        facts["of them undecodable, left out"] = len(quarantined)
    return facts
