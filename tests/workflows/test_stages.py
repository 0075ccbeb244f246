"""Which settings make which stages stale, one by one, and what a person is then told."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lp_core.errors import LogpolarError
from lp_core.run.noted_settings import made_with, measured_otherwise
from lp_core.run.stage import Stage
from lp_core.setting_names import setting_roles, setting_values, shown_value, with_settings
from lp_core.settings import Recipe
from lp_core.storage import Storage
from tests.workflows.finished_run import TESTS, finish_on_paper, stages_of
from workflows.recipes import demo
from workflows.report import report
from workflows.session import Session
from workflows.stage_parts import WRITES
from workflows.stage_table import document, graph
from workflows.stages import StageGraph

VIEWS = ("cartesian", "log_polar")
NOTHING: set[str] = set()
REPORT = {"report"}
DRAWN = {"visualize cartesian", "visualize log_polar", "report"}
JUDGED = {"measure", "report"}
TURNED = {"equivariance cartesian", "equivariance log_polar"}
TOLERATED = {"tolerance cartesian", "tolerance log_polar"} | TURNED
RETAINED = {"retention cartesian", "retention log_polar"}
SANE = {"sanity cartesian", "sanity log_polar"}
SCANNED = {"scan cartesian", "scan log_polar"} | DRAWN | JUDGED | TOLERATED | RETAINED | SANE
MEASURED = {"evaluate cartesian", "evaluate log_polar", "compare"} | SCANNED
TRAINED = {"train cartesian", "train log_polar"} | MEASURED
LOG_POLAR = {f"{name} log_polar" for name in ("train", "evaluate", "scan", "visualize", *TESTS)} | {
    "compare",
    "measure",
    "report",
}
CARTESIAN = {name.replace("log_polar", "cartesian") for name in LOG_POLAR}

STALE = {
    "recipe": ("another", NOTHING),
    "seed": (1, TRAINED),
    "views": (("cartesian",), REPORT),
    "data.path": ("COPY", NOTHING),
    "data.limit": (20, TRAINED),
    "data.max-quarantined": (0.5, NOTHING),
    "data.crop-scale": ((0.5, 1.0), TRAINED),
    "data.crop-ratio": ((0.5, 2.0), TRAINED),
    "data.flip": (0.25, TRAINED),
    "data.shuffle-labels": (True, TRAINED),
    "data.random-masks": (0.5, TRAINED),
    "data.eval-crop": (0.8, MEASURED),
    "data.lanes": (2, TRAINED),
    "data.shuffle-window": (64, TRAINED),
    "data.min-class-mix": (0.5, NOTHING),
    "view.size": (48, TRAINED),
    "view.sectors": (128, LOG_POLAR),
    "view.law": ("opencv", LOG_POLAR),
    "view.foveal-scale": (2.0, LOG_POLAR),
    "view.radius": ("inscribed", LOG_POLAR),
    "view.sampling": ("two-step", LOG_POLAR),
    "view.prefilter": (False, LOG_POLAR),
    "view.blank-within": (2.0, LOG_POLAR),
    "view.fill": ("mean", LOG_POLAR),
    "view.equal-information": (True, CARTESIAN),
    "view.fisheye": (True, CARTESIAN),
    "network.depth": (11, TRAINED),
    "network.modules": ("0 Conv2d 3 4 3 1 1 1 1; 0.relu ReLU; 1 Flatten", TRAINED),
    "view.seam-degrees": (90.0, LOG_POLAR),
    "network.width": (0.125, TRAINED),
    "network.pool": (2, TRAINED),
    "network.dropout": (0.3, TRAINED),
    "network.angle-padding": ("circular", TRAINED),
    "network.initialization": ("looks-linear", TRAINED),
    "train.epochs": (3, TRAINED),
    "train.batch-size": (48, TRAINED),
    "train.micro-batch": (12, TRAINED),
    "train.optimizer": ("sgd", TRAINED),
    "train.learning-rate": (0.002, TRAINED),
    "train.reference-batch": (12, TRAINED),
    "train.momentum": (0.8, TRAINED),
    "train.weight-decay": (0.01, TRAINED),
    "train.schedule": ("steps", TRAINED),
    "train.step-epochs": (10, TRAINED),
    "train.warmup-epochs": (0.5, TRAINED),
    "train.label-smoothing": (0.1, TRAINED),
    "train.precision": ("bf16", TRAINED),
    "train.deterministic": (False, TRAINED),
    "train.compile": ("on", NOTHING),
    "train.device": ("cpu", NOTHING),
    "train.workers": (2, NOTHING),
    "train.min-workers": (1, NOTHING),
    "train.cpus-per-worker": (2, NOTHING),
    "train.checkpoint-every-steps": (5, NOTHING),
    "train.keep-checkpoints": (4, NOTHING),
    "train.validate-every-epochs": (2, NOTHING),
    "train.keep-weights-every-epochs": (1, NOTHING),
    "train.log-every-steps": (7, NOTHING),
    "train.tensorboard": (True, NOTHING),
    "scan.batch-size": (16, SCANNED - TURNED),
    "scan.piece-rows": (64, NOTHING),
    "scan.gpus-per-task": (0.5, NOTHING),
    "scan.split": ("train", REPORT),
    "scan.control": ("rotated-basis", REPORT),
    "scan.checkpoints": ("1", REPORT),
    "scan.maxima": ("always", REPORT),
    "visualize.layers": (("conv3_3",), DRAWN),
    "visualize.channels": ("1,2", DRAWN),
    "visualize.few": (1, DRAWN),
    "visualize.gallery": ("all", DRAWN),
    "visualize.random-weights": (True, DRAWN),
    "visualize.evolution": (True, REPORT),
    "visualize.rule": ("deconvnet", DRAWN),
    "visualize.format": ("webp", DRAWN),
    "measure.samples": (19, JUDGED),
    "measure.lesion": (False, JUDGED),
    "measure.embedding": ("module:function", JUDGED),
    "measure.patches": (True, JUDGED),
    "measure.rotated-basis": (True, REPORT),
    "measure.random-fixations": (True, REPORT),
    "measure.tolerance": (True, REPORT),
    "measure.tolerance-images": (7, TOLERATED),
    "measure.field-degrees": (27.0, REPORT),
    "measure.sanity": (True, REPORT),
    "measure.sanity-channels": (3, SANE),
    "measure.sanity-layers": (("conv1_1",), SANE),
    "measure.evolution": (True, REPORT),
}
"""Another value of every setting, and the stages that it makes stale. Slow to read, and meant to be read."""

OF_THE_NETWORK = {"seed", "data.limit", "view.size", "view.law", "view.foveal-scale", "view.radius", "view.sampling"}
OF_THE_NETWORK |= {
    "view.sectors",
    "view.blank-within",
    "view.fill",
    "view.equal-information",
    "view.fisheye",
    "view.seam-degrees",
    "view.prefilter",
    "network.depth",
    "network.modules",
    "network.width",
    "network.pool",
    "network.dropout",
    "network.angle-padding",
}
OF_THE_NETWORK |= {"network.initialization"}
"""What a measurement of weights from elsewhere still depends on, of the settings of a training."""

NAMES = list(setting_values(Recipe(name="any")))


def prepared(recipe: Recipe, name: str) -> Recipe:
    """The recipe with settings that let the named one change."""
    changes = {"train.workers": 2 - (name == "train.workers")} | ({"view.size": 64} if name == "view.sectors" else {})
    return with_settings(recipe, changes)


def changed(recipe: Recipe, name: str, tmp_path) -> Recipe:
    value = STALE[name][0]
    if value == "COPY":
        shutil.copytree(recipe.data.path, tmp_path / "copy")
        value = str(tmp_path / "copy")
    assert value != setting_values(recipe)[name]
    return with_settings(recipe, {name: value})


def stale(graph: StageGraph) -> set[str]:
    """Stages that are not finished with the graph's settings, or that read from one that is not."""

    def fresh(stage: Stage) -> bool:
        return stage.is_finished() and all(map(fresh, stage.before))

    return {name for name, stage in stages_of(graph).items() if not fresh(stage)}


def test_no_setting_is_without_an_entry():
    assert set(NAMES) == set(STALE)


@pytest.mark.parametrize("imported", [False, True], ids=["trained", "imported"])
@pytest.mark.parametrize("name", NAMES)
def test_a_setting_makes_exactly_these_stages_stale(name, imported, small_recipe, tmp_path):
    small_recipe = prepared(small_recipe, name)
    run = Storage.at(tmp_path / "run")
    finish_on_paper(small_recipe, run, imported)
    recipe, (_, expected) = changed(small_recipe, name, tmp_path), STALE[name]
    if imported and expected & {f"train {view}" for view in VIEWS}:
        expected = expected - {f"train {view}" for view in VIEWS} if name in OF_THE_NETWORK else NOTHING
    assert stale(StageGraph(recipe, run)) == expected
    # A role in settings.py says the same: `placement` and `selection` make nothing stale that is asked for.
    if not imported:
        assert (setting_roles(recipe)[name] == "result") == (expected not in (NOTHING, REPORT))


@pytest.mark.parametrize("name", [name for name in NAMES if STALE[name][1] != REPORT])
def test_the_report_refuses_or_accepts_accordingly(name, small_recipe, tmp_path, capsys):
    small_recipe = prepared(small_recipe, name)
    run = Storage.at(tmp_path / "run")
    finish_on_paper(small_recipe, run)
    recipe = changed(small_recipe, name, tmp_path)
    before = run.read_bytes("config.json")
    if STALE[name][1] in (NOTHING, TOLERATED, SANE):  # the report shows nothing of it
        report(Session(recipe, run))
        assert "report: finished before" in capsys.readouterr().out
        return
    with pytest.raises(LogpolarError) as error:
        report(Session(recipe, run))
    message = str(error.value)
    assert "\n" not in message
    old, new = (shown_value(setting_values(one)[name]) for one in (small_recipe, recipe))
    if name == "train.reference-batch":  # counts by the rate that it leads to
        name, old, new = "train.learning-rate", "0.001", "0.002"
    assert f"was made with {name} {old}, now {new}" in message
    of_both = ("view.size", "view.equal-information", "view.fisheye")
    view = "log_polar" if name.startswith("view.") and name not in of_both else "cartesian"
    whose = "measurement" if name.startswith("measure.") else f" of view {view}"
    assert f"{whose} was made" in message
    remedy = "or another --run" if STALE[name][1] & {f"train {view}" for view in VIEWS} else "run `logpolar run --run "
    assert remedy in message
    assert run.read_bytes("config.json") == before


@pytest.mark.parametrize("old_manifests", [False, True], ids=["now", "before manifests named settings"])
def test_the_message_names_stage_setting_both_values_and_the_command(small_recipe, tmp_path, old_manifests):
    run = Storage.at(tmp_path)
    graph = finish_on_paper(small_recipe, run)
    if old_manifests:
        for file in (file for file in run.files() if "stages/" in file):
            content = run.read_json(file)
            run.write_json(file, {key: value for key, value in content.items() if "settings" not in key})
    other = replace(small_recipe, data=replace(small_recipe.data, eval_crop=0.8))
    with pytest.raises(LogpolarError) as error:
        StageGraph(other, run).require(graph.scan("cartesian").before[0], StageGraph(other, run).scan("cartesian"))
    assert str(error.value) == (
        f"{run}: scan of view cartesian was made with data.eval-crop 1, now 0.8; "
        f"run `logpolar scan --run {run} --data.eval-crop 0.8`"
    )
    Session(other, run).write_config()
    with pytest.raises(LogpolarError, match=rf"run `logpolar run --run {run}`$"):
        StageGraph(other, run).require(StageGraph(other, run).scan("cartesian"), redo="run")
    StageGraph(other, run).scan("cartesian").finish(1.0, exemplars="e cartesian")
    with pytest.raises(LogpolarError, match="visualization of view cartesian was made with ") as error:
        StageGraph(other, run).require(StageGraph(other, run).visualize("cartesian"))
    assert old_manifests or "data.eval-crop 1, now 0.8" in str(error.value)


def test_a_comparison_of_earlier_evaluations_is_not_shown(small_recipe, tmp_path):
    run = Storage.at(tmp_path)
    finish_on_paper(small_recipe, run)
    other = StageGraph(replace(small_recipe, data=replace(small_recipe.data, eval_crop=0.8)), run)
    for view in VIEWS:
        for name in ("evaluate", "scan", "visualize"):
            getattr(other, name)(view).finish(1.0, exemplars="e")
    with pytest.raises(LogpolarError, match=r"comparison of the views was made with data\.eval-crop 1, now 0\.8"):
        report(Session(other.recipe, run))


def test_every_manifest_names_the_settings_it_was_made_with(small_recipe, tmp_path):
    run = Storage.at(tmp_path)
    finish_on_paper(small_recipe, run)
    read = {
        name: run.read_json(f"log_polar/stages/{name}.json")
        for name in ("train", "evaluate", "scan", "visualize", "sanity")
    }
    assert read["train"]["settings"]["train.epochs"] == 2
    assert read["train"]["other_settings"]["data.eval-crop"] == 1.0
    assert read["train"]["other_settings"]["train.workers"] == 1
    assert read["evaluate"]["settings"].items() >= {"data.eval-crop": 1.0, "train.epochs": 2}.items()
    assert read["scan"]["settings"]["scan.batch-size"] == 8
    assert read["visualize"]["settings"].items() >= {"visualize.rule": "guided", "data.eval-crop": 1.0}.items()


def test_curves_of_another_crop_are_said(small_recipe, tmp_path):
    run = Storage.at(tmp_path)
    graph = finish_on_paper(small_recipe, run)
    manifests = {view: {"train": graph.train(view).manifest()} for view in VIEWS}
    assert measured_otherwise(small_recipe, manifests) == {}
    other = replace(small_recipe, data=replace(small_recipe.data, eval_crop=0.8))
    assert measured_otherwise(other, manifests) == {f"eval_crop of the training curves, {view}": 1.0 for view in VIEWS}
    assert measured_otherwise(other, {"cartesian": {"weights": {}}}) == {}


def test_a_report_says_where_and_how_often_as_it_was(small_recipe, tmp_path):
    run = Storage.at(tmp_path)
    graph = finish_on_paper(small_recipe, run)
    moved = replace(small_recipe, train=replace(small_recipe.train, workers=3, log_every_steps=99))
    assert made_with(moved, [graph.train("cartesian").manifest()]) == small_recipe


def test_an_epoch_of_another_training_is_no_missing_epoch(small_recipe, tmp_path):
    run = Storage.at(tmp_path)
    finish_on_paper(small_recipe, run)
    other = with_settings(small_recipe, {"train.epochs": 9, "scan.checkpoints": "all"})
    with pytest.raises(LogpolarError, match=r"was made with train\.epochs 2, now 9"):
        StageGraph(other, run).scans("cartesian")


def test_a_cartesian_report_depends_on_the_log_polar_samples_that_it_shows(small_recipe, tmp_path):
    one = replace(small_recipe, views=("cartesian",))
    other = replace(one, geometry=replace(one.geometry, law="opencv"))
    graphs = [StageGraph(recipe, Storage.at(tmp_path)) for recipe in (one, other)]
    assert graphs[0].scan("cartesian").fingerprint == graphs[1].scan("cartesian").fingerprint
    assert graphs[0].report().fingerprint != graphs[1].report().fingerprint


@pytest.mark.parametrize("mapped_back", ["equal_information", "fisheye"])
def test_a_cartesian_view_that_is_mapped_back_depends_on_the_map(small_recipe, tmp_path, mapped_back):
    fingerprints = set()
    for back, law, blank in ((False, "monopole", 0), (False, "opencv", 2), (True, "monopole", 0), (True, "opencv", 0)):
        geometry = replace(small_recipe.geometry, law=law, blank_within=blank, **{mapped_back: back})
        graph = StageGraph(replace(small_recipe, geometry=geometry), Storage.at(tmp_path))
        fingerprints.add(graph.train("cartesian").fingerprint)
    assert len(fingerprints) == 3


OLD = {
    "cartesian": ["d1c7e12e67430396", "40890e7b5424f146", "f3ea3726bf5cadd2", "7dd42c02b2d3c0a7", "4a5a0bf86dea5101"],
    "log_polar": ["53ad450ebd4de491", "2082c0c01a2aecb0", "74c2790e4e9803a7", "635221cc06a9d30a", "9366fd9cc40536e4"],
}
"""Training, evaluation, scan, scan of the training split and visualization of `demo`: existing runs stay finished."""


@pytest.mark.parametrize("view", VIEWS)
def test_fingerprints_are_those_of_earlier_runs(view, tmp_path, monkeypatch):
    monkeypatch.setattr(StageGraph, "_dataset", "d")
    graph = StageGraph(demo(), Storage.at(tmp_path))
    found = [graph.train(view).fingerprint]
    graph.train(view).finish(1.0, weights="w")
    found += [graph.evaluate(view).fingerprint, graph.scan(view).fingerprint]
    found += [graph.scan(view, split="train").fingerprint]
    graph.scan(view).finish(1.0, exemplars="e")
    assert [*found, graph.visualize(view).fingerprint] == OLD[view]


def test_settings_by_name_survive(small_recipe):
    values = setting_values(small_recipe)
    assert with_settings(Recipe(name="demo"), values) == small_recipe


def test_the_document_draws_the_graph():
    text = (Path(__file__).parents[2] / "docs" / "ARCHITECTURE.md").read_text()
    assert document() in text, "print it with `python -m workflows.stage_table`"


def test_every_stage_says_what_it_writes():
    assert set(WRITES) == set(graph()) | {"weights", "first_weights"}
