"""What each stage's result depends on, as plain values: settings, and fingerprints or checksums of what it reads."""

from __future__ import annotations

from typing import Any

from lp_core.measures import MEASURES_VERSION
from lp_core.setting_names import result_values, setting_name, setting_values
from lp_core.settings import OTHER_CROP, Control, NetworkSettings, Recipe, ViewName, to_dict


def train_inputs(recipe: Recipe, view: ViewName, dataset: str) -> dict[str, Any]:
    """What the weights of a view depend on.

    Args:
        recipe: settings of the run.
        view: whose network.
        dataset: fingerprint of the data set.
    """
    data, train = result_values(recipe.data), result_values(recipe.train)
    del data["eval_crop"]  # validation measures during a training; it does not change the weights
    for name in ("shuffle_labels", "random_masks"):  # trainings of versions without them are the same
        if not data[name]:
            del data[name]
    del train["reference_batch"]  # counts by the learning rate that it leads to
    return {
        "dataset": dataset,
        "seed": recipe.seed,
        "data": data,
        "view": view_inputs(recipe, view),
        "network": network_inputs(recipe),
        "train": train | {"learning_rate": recipe.train.peak_learning_rate},
    }


def view_inputs(recipe: Recipe, view: ViewName) -> dict[str, Any]:
    """What the network input of a view depends on.

    The cartesian one knows nothing of rings and sectors, unless it shows what the log-polar one does.
    """
    settings = geometry_inputs(recipe)
    if view == "log_polar":
        settings.pop("equal_information", None)
        settings.pop("fisheye", None)
    elif not recipe.geometry.mapped_back:
        settings = {"size": settings["size"]}
    return {"name": view, **settings}


def network_inputs(recipe: Recipe) -> dict[str, Any]:
    """The settings of the network, without those that earlier versions lacked where they are VGG-16's."""
    usual = {"depth": NetworkSettings.depth, "modules": NetworkSettings.modules}
    return {name: value for name, value in to_dict(recipe.network).items() if name not in usual or value != usual[name]}


UNCHANGED = (False, 0.0, "black")
"""Values of later settings with which inputs are those of earlier versions."""


def geometry_inputs(recipe: Recipe) -> dict[str, Any]:
    """The settings of both views, without those that earlier versions lacked where they change nothing."""
    settings = to_dict(recipe.geometry)
    later = ("blank_within", "fill", "equal_information", "fisheye", "seam_degrees")
    if settings["sectors"] in (None, settings["size"]):
        del settings["sectors"]
    return {name: value for name, value in settings.items() if value not in UNCHANGED or name not in later}


def measure_inputs(recipe: Recipe, view: ViewName, dataset: str, weights: str | None) -> dict[str, Any]:
    """What a measurement of a view's network depends on: an evaluation, or, with `scan_inputs`, a scan.

    Args:
        recipe: settings of the run.
        view: whose network.
        dataset: fingerprint of the data set.
        weights: SHA-256 of the weights; None before there are any.
    """
    return {
        "dataset": dataset,
        "limit": recipe.data.limit,
        "seed": recipe.seed,
        "eval_crop": recipe.data.eval_crop,
        "view": view_inputs(recipe, view),
        "network": network_inputs(recipe),
        "weights": weights,
    }


def scan_inputs(recipe: Recipe, split: str, control: Control = "none") -> dict[str, Any]:
    """What a scan depends on besides `measure_inputs`."""
    others = {"split": split} if split != "validation" else {}
    if control != "none":
        others["control"] = control
    if control == "other-crop":
        others["crop"] = f"{OTHER_CROP:.3g}"
    return {"batch_size": recipe.scan.batch_size} | others


def visualize_inputs(recipe: Recipe, exemplars: str | None, scan: str) -> dict[str, Any]:
    """What the features of a view depend on.

    Args:
        recipe: settings of the run.
        exemplars: SHA-256 of exemplars.parquet; None before there is one.
        scan: fingerprint of the scan.
    """
    settings = result_values(recipe.visualize)
    if not settings["random_weights"]:  # pictures of versions without it are the same
        del settings["random_weights"]
    return {"exemplars": exemplars, "scan": scan, "seed": recipe.seed, "visualize": settings}


def findings_inputs(recipe: Recipe, scans: dict[str, dict[str, str]], rules: str) -> dict[str, Any]:
    """What the measures of a run and its findings depend on.

    Args:
        recipe: settings of the run.
        scans: fingerprints of the scans, by view and network.
        rules: fingerprint of the rules of verdicts.
    """
    measure = result_values(recipe.measure)
    for name in ("tolerance_images", *SANITY_SETTINGS):  # count by the stage that they lead to
        del measure[name]
    return {
        "measures_version": MEASURES_VERSION,
        "scans": scans,
        "rules": rules,
        "seed": recipe.seed,
        "measure": measure,
    }


def tolerance_inputs(recipe: Recipe) -> dict[str, Any]:
    """What the answers of a tolerance test depend on besides `measure_inputs`."""
    return {"batch_size": recipe.scan.batch_size, "measure": {"tolerance_images": recipe.measure.tolerance_images}}


def equivariance_inputs(recipe: Recipe) -> dict[str, Any]:
    """What the errors of equivariance depend on besides `measure_inputs`: which photographs are drawn."""
    return {"measure": {"tolerance_images": recipe.measure.tolerance_images}}


SANITY_SETTINGS = ("sanity_channels", "sanity_layers")
"""Settings of `measure` that decide which pictures are tested."""


def sanity_inputs(recipe: Recipe, exemplars: str | None, scan: str) -> dict[str, Any]:
    """What the tests of a view's pictures depend on.

    Args:
        recipe: settings of the run.
        exemplars: SHA-256 of exemplars.parquet; None before there is one.
        scan: fingerprint of the scan.
    """
    settings = to_dict(recipe.measure)
    measure = {name: settings[name] for name in SANITY_SETTINGS}
    return {"exemplars": exemplars, "scan": scan, "seed": recipe.seed, "measure": measure}


_SHORT = {
    "limit": "data.limit",
    "eval_crop": "data.eval-crop",
    "batch_size": "scan.batch-size",
    "split": "scan.split",
    "control": "scan.control",
}
"""Inputs that stand outside a section of their name."""


def settings_among(inputs: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    """The settings among a stage's inputs, by their names on the command line."""
    values = {input_name(path): value for path, value in leaves(inputs).items()}
    if "train.learning-rate" in values:
        values["train.reference-batch"] = recipe.train.reference_batch
        values["data.shuffle-labels"] = recipe.data.shuffle_labels
        values["data.random-masks"] = recipe.data.random_masks
    if "visualize.format" in values:
        values["visualize.random-weights"] = recipe.visualize.random_weights
    if values.get("view.name") == "cartesian":
        values["view.equal-information"] = recipe.geometry.equal_information
        values["view.fisheye"] = recipe.geometry.fisheye
    if "network.width" in values:
        values |= {"network.depth": recipe.network.depth, "network.modules": recipe.network.modules}
    if "view.law" in values:
        values["view.blank-within"] = recipe.geometry.blank_within
        values["view.seam-degrees"] = recipe.geometry.seam_degrees
        values["view.fill"] = recipe.geometry.fill
    return {name: values[name] for name in setting_values(recipe) if name in values}


def input_name(path: str) -> str:
    """The name of the setting that an input comes from; other inputs, such as `weights`, have their own."""
    return _SHORT.get(path, setting_name(path))


def leaves(values: dict[str, Any], above: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` as `{"a.b": 1}`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= leaves(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return flat
