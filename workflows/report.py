"""`logpolar report`: one static page about a run."""

from __future__ import annotations

import io
import json
import posixpath
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from lp_core.dataset.faulty_rows import recorded
from lp_core.dataset.feed import Feed, used_rows
from lp_core.images.network_input import log_polar_map
from lp_core.report.contents import ReportData
from lp_core.run.stage import stage_run
from lp_core.setting_names import setting_roles, with_settings
from lp_core.settings import Recipe, ViewName, to_dict
from lp_core.storage import Storage
from tasks.progress import say
from workflows.repeat import commands
from workflows.session import Session
from workflows.stages import VALIDATION, StageGraph

SAMPLES = 6
EXEMPLAR_PICTURES = 5000
"""Most images whose network inputs are kept with the report: an atlas of all channels would copy the data set."""


def report(session: Session) -> None:
    """Write `report/index.html` from what the other stages left.

    Raises:
        SettingError: a stage is not finished, or what it left was made with other settings.
    """
    run, recipe = session.run, session.recipe
    stage = session.stages.report()
    session.stages.require(*stage.before, redo="run")
    if stage.is_finished():
        say("report: finished before")
        return
    from lp_core.report.atlas import per_row
    from lp_core.report.page import write_report

    with stage_run(stage) as watch:
        data = _report_data(session)
        photographs = _exemplar_pictures(session, data, "cartesian")
        log_polar_images = _exemplar_pictures(session, data, "log_polar")
        data = replace(
            data,
            photographs=photographs.places,
            log_polar_images=log_polar_images.places,
            per_row=per_row(recipe.view.size),
        )
        files = write_report(data) | photographs.files | log_polar_images.files
        for name, content in files.items():
            run.write_bytes(f"report/{name}", content)
    stage.finish(watch.seconds, files=len(files))
    say(f"report: {run.path('report/index.html')}")


def _report_data(session: Session) -> ReportData:
    from lp_core.exemplars.table import read_exemplars
    from lp_core.report.contents import ViewReport

    run, recipe, dataset = session.run, session.recipe, session.dataset
    manifests = {view: _manifests(session.stages, view) for view in recipe.views}
    made = made_with(recipe, [manifest for stages in manifests.values() for manifest in stages.values()])
    views = {}
    for view in recipe.views:
        folder = run / view
        panels: dict[str, dict[int, str]] = {}
        for file in folder.files("panels"):
            _, layer, name = file.split("/")
            panels.setdefault(layer, {})[int(name.partition(".")[0])] = f"../{view}/{file}"
        features = pq.read_table(io.BytesIO(folder.read_bytes("features.parquet"))).to_pylist()
        drawn = {(line["layer"], line["channel"]) for line in features}
        drawn |= {(layer, channel) for layer, channels in panels.items() for channel in channels}
        table = read_exemplars(io.BytesIO(folder.read_bytes("exemplars.parquet")))
        views[view] = ViewReport(
            evaluation=folder.read_json("evaluation.json"),
            by_class=pq.read_table(io.BytesIO(folder.read_bytes("classes.parquet"))).to_pylist(),
            metrics=_metrics(folder),
            panels=panels,
            exemplars=[line for line in table.to_pylist() if (line["layer"], line["channel"]) in drawn],
            features=features,
            folder=f"../{view}",
        )
    config = run.read_json("config.json")
    facts: dict[str, Any] = {
        "training images": len(used_rows(recipe, "train")),
        "validation images": len(used_rows(recipe, "validation")),
    }
    facts |= measured_otherwise(recipe, manifests)
    quarantined = {(one["split"], one["row"]) for view in recipe.views for one in recorded(run / view)}
    if quarantined:
        facts["of them undecodable, left out"] = len(quarantined)
    seconds = {f"{name} {view}": stages[name]["seconds"] for view, stages in manifests.items() for name in stages}
    return ReportData(
        rule=recipe.visualize.rule,
        title=f"Logpolar: {posixpath.basename(run.path())}",
        views=views,
        classes=len(dataset.class_names),
        comparison=run.read_json("comparison.json") if len(views) > 1 else None,
        command=_command(session, made),
        recipe=_shown(made),
        samples=_samples(recipe, dataset.class_names),
        dataset=facts,
        versions=config["versions"],
        seconds=seconds,
        log_polar_map=log_polar_map(recipe.view),
        wraps=recipe.network.angle_padding == "circular",
    )


def _metrics(folder: Storage) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl; none of a network that was trained elsewhere."""
    if not folder.exists("metrics.jsonl"):
        return []
    return [json.loads(line) for line in folder.read_bytes("metrics.jsonl").splitlines()]


def _manifests(stages: StageGraph, view: ViewName) -> dict[str, dict[str, Any]]:
    """What the stages of a view noted when they finished, by their names."""
    shown = (stages.source(view), stages.evaluate(view), stages.scan(view), stages.visualize(view))
    return {stage.name: stage.manifest() or {} for stage in shown}


def made_with(recipe: Recipe, manifests: list[dict[str, Any]]) -> Recipe:
    """The settings that a run was made with: those of the stages also where the present ones decide no result."""
    roles = setting_roles(recipe)
    noted = {name: value for manifest in manifests for name, value in manifest.get("other_settings", {}).items()}
    # A data set that has moved is still the same; later commands need to find it.
    return with_settings(
        recipe, {name: value for name, value in noted.items() if roles.get(name) == "placement" and name != "data.path"}
    )


@dataclass
class _Pictures:
    """Network inputs as files of the report, and where among them each image is."""

    files: dict[str, bytes] = field(default_factory=dict)
    places: dict[str, tuple[str, int]] = field(default_factory=dict)


def _exemplar_pictures(session: Session, data: ReportData, kind: ViewName) -> _Pictures:
    """The inputs of exemplars in one view, for the page's close look at one of them: many on a sheet."""
    from lp_core.report.atlas import contact_sheet, per_row, webp

    lines = [
        (line["channel"] not in view.panels.get(line["layer"], {}), line["rank"], line["row"], line["image_id"])
        for view in data.views.values()
        for line in view.exemplars
        if line["row"] is not None
    ]
    # Of channels with panels first, then the highest activations.
    names = {row: image_id for *_, row, image_id in sorted(lines)}
    rows = np.sort(np.array(list(names)[:EXEMPLAR_PICTURES], np.int64))
    pictures = _Pictures()
    batches = Feed(session.recipe, kind).evaluation_batches("validation", rows, per_row(session.recipe.view.size) ** 2)
    for number, batch in enumerate(batches):
        if len(batch.rows_N) == 0:
            continue  # rows that cannot be decoded any more
        file = f"inputs/{kind}/{number:03d}.webp"
        pictures.files[file] = webp(contact_sheet(list(batch.images_NSRC)), quality=85)
        for place, row in enumerate(batch.rows_N.tolist()):
            pictures.places[names[row]] = (file, place)
    return pictures


def measured_otherwise(recipe: Recipe, manifests: dict[ViewName, dict[str, dict[str, Any]]]) -> dict[str, float]:
    """What the page says where the validation curves of a training are of another crop than the accuracies."""
    noted = {view: stages.get("train", {}).get("other_settings", {}) for view, stages in manifests.items()}
    crops = {view: settings.get("data.eval-crop", recipe.data.eval_crop) for view, settings in noted.items()}
    return {
        f"eval_crop of the training curves, {view}": crop
        for view, crop in crops.items()
        if crop != recipe.data.eval_crop
    }


def _shown(made: Recipe) -> dict[str, Any]:
    """The settings as the page lists them; whatever else was scanned, it shows exemplars of the validation split."""
    settings, split = to_dict(made), made.scan.split
    if split != VALIDATION:
        settings["scan"]["split"] = f"{VALIDATION}, {split}"
    return settings


def _command(session: Session, made: Recipe) -> str:
    """What makes the run again."""
    sources = {view: session.stages.source(view) for view in made.views}
    weights = {view: stage.fact("source") for view, stage in sources.items() if stage.name == "weights"}
    drawn = made.name == "demo" and made.data.path == (session.run / "dataset").uri and not weights
    return commands(made, weights, built_in_data=drawn)


def _samples(recipe: Recipe, class_names: list[str]) -> list[Any]:
    """The first validation photographs of different classes, after a seeded shuffle."""
    from lp_core.report.page import Sample
    from lp_core.report.tiles import mapped_back

    rows = np.random.default_rng(recipe.seed).permutation(used_rows(recipe, "validation"))[: 8 * SAMPLES]
    feeds: dict[ViewName, Feed] = {"cartesian": Feed(recipe, "cartesian"), "log_polar": Feed(recipe, "log_polar")}
    batches = {view: next(feed.evaluation_batches("validation", rows, len(rows))) for view, feed in feeds.items()}
    labels = batches["cartesian"].labels_N
    first_of_class = sorted(np.unique(labels, return_index=True)[1])[:SAMPLES]
    return [
        Sample(
            class_name=class_names[labels[place]],
            cartesian=batches["cartesian"].images_NSRC[place],
            log_polar=batches["log_polar"].images_NSRC[place],
            mapped_back=mapped_back(batches["log_polar"].images_NSRC[place], recipe),
        )
        for place in first_of_class
    ]
