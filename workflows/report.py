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
from lp_core.errors import check
from lp_core.images.network_input import log_polar_map
from lp_core.report.contents import ReportData
from lp_core.run.stage import Stage, stage_run
from lp_core.settings import Recipe, Rule, ViewName, to_dict
from lp_core.storage import Storage
from tasks.progress import say
from workflows.session import Session
from workflows.weights import imported_weights

SAMPLES = 6
EXEMPLAR_PICTURES = 5000
"""Most images whose network inputs are kept with the report: an atlas of all channels would copy the data set."""
STAGES = ("train", "evaluate", "scan", "visualize")


def report(session: Session) -> None:
    """Write `report/index.html` from what the other stages left.

    Raises:
        SettingError: a stage of a view is not finished.
    """
    run, recipe = session.run, session.recipe
    manifests: dict[ViewName, dict[str, Any]] = {}
    for view in recipe.views:
        folder = run / view
        stages = ("weights", *STAGES[1:]) if imported_weights(folder) else STAGES
        for name in stages:
            check(
                folder.exists(f"stages/{name}.json"),
                f"{run}: {name} of view {view} is not finished; run `logpolar {name}` first",
            )
        manifests[view] = {name: folder.read_json(f"stages/{name}.json") for name in stages}
    fingerprints = {
        view: {name: one["fingerprint"] for name, one in stages.items()} for view, stages in manifests.items()
    }
    stage = Stage(run, "report", {"views": list(recipe.views), "stages": fingerprints})
    if stage.is_finished():
        say("report: finished before")
        return
    from lp_core.report.atlas import per_row
    from lp_core.report.page import write_report

    with stage_run(stage) as watch:
        data = _report_data(session, manifests)
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


def _report_data(session: Session, manifests: dict[ViewName, dict[str, Any]]) -> ReportData:
    from lp_core.exemplars.table import read_exemplars
    from lp_core.report.contents import ViewReport

    run, recipe, dataset = session.run, session.recipe, session.dataset
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
    facts = {
        "training images": len(used_rows(recipe, "train")),
        "validation images": len(used_rows(recipe, "validation")),
    }
    quarantined = {(one["split"], one["row"]) for view in recipe.views for one in recorded(run / view)}
    if quarantined:
        facts["of them undecodable, left out"] = len(quarantined)
    seconds = {f"{name} {view}": stages[name]["seconds"] for view, stages in manifests.items() for name in stages}
    return ReportData(
        rule=_rule(run, manifests),
        title=f"Logpolar: {posixpath.basename(run.path())}",
        views=views,
        classes=len(dataset.class_names),
        comparison=run.read_json("comparison.json") if len(views) > 1 and run.exists("comparison.json") else None,
        command=_command(recipe),
        recipe=to_dict(recipe),
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


def _rule(run: Storage, manifests: dict[ViewName, dict[str, Any]]) -> Rule:
    """By which rule the features of all views were made."""
    rules = {view: stages["visualize"]["inputs"]["visualize"]["rule"] for view, stages in manifests.items()}
    told = ", ".join(f"{view} by {rule}" for view, rule in rules.items())
    check(len(set(rules.values())) == 1, f"{run}: features were made by two rules ({told}); run `logpolar visualize`")
    return next(iter(rules.values()))


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


def _command(recipe: Recipe) -> str:
    if recipe.recipe == "demo":
        return "logpolar demo"
    return f"logpolar run --recipe {recipe.recipe} --run RUN --data.path DATA"


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
