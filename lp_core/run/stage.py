"""The run folder: what each stage leaves behind, and whether it is finished."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lp_core.errors import SettingError
from lp_core.fingerprint import fingerprint
from lp_core.settings import Recipe, ViewName, to_dict
from lp_core.storage import Storage

PLACEMENT = {
    "compile",
    "device",
    "reference_batch",
    "workers",
    "min_workers",
    "cpus_per_worker",
    "keep_checkpoints",
    "keep_weights_every_epochs",
    "checkpoint_every_steps",
    "log_every_steps",
    "validate_every_epochs",
    "tensorboard",
}
"""Training settings that decide where and how often, not what; `reference_batch` counts by the rate it leads to."""


@dataclass(frozen=True)
class Stage:
    """One step of a run: its name, and everything that its result depends on.

    Args:
        folder: where its files and its manifest lie.
        name: such as `train`.
        inputs: settings and fingerprints of what it reads, as plain values.
    """

    folder: Storage
    name: str
    inputs: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """Changes when any input does."""
        return fingerprint({"stage": self.name, "inputs": self.inputs})

    @property
    def _file(self) -> str:
        return f"stages/{self.name}.json"

    def manifest(self) -> dict[str, Any] | None:
        """What the stage wrote when it finished, with these or other inputs; None if it never did."""
        return self.folder.read_json(self._file) if self.folder.exists(self._file) else None

    def is_finished(self) -> bool:
        """Whether the stage finished with exactly these inputs."""
        manifest = self.manifest()
        return manifest is not None and manifest["fingerprint"] == self.fingerprint

    def finish(self, seconds: float, **facts: Any) -> None:
        """Write the manifest: the last thing a stage does."""
        self.folder.write_json(
            self._file,
            {"stage": self.name, "fingerprint": self.fingerprint, "seconds": round(seconds, 1), **facts}
            | {"inputs": self.inputs},
        )

    def begin(self) -> None:
        """Take back the manifest of an earlier run with other inputs: its files are about to change."""
        self.folder.remove(self._file)

    def changed_inputs(self) -> list[str]:
        """`name: old -> new` for every input that differs from those the stage was finished with."""
        manifest = self.manifest()
        return differences(manifest["inputs"], self.inputs) if manifest else []


def differences(old: Any, new: Any, name: str = "") -> list[str]:
    """`name: old -> new` for every leaf of nested dictionaries that differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = list(dict.fromkeys([*old, *new]))
        return [
            line
            for key in keys
            for line in differences(old.get(key), new.get(key), f"{name}.{key}" if name else str(key))
        ]
    # JSON has lists where settings have tuples
    same = old == new or (isinstance(new, tuple) and old == list(new))
    return [] if same else [f"{name}: {old} -> {new}"]


def train_inputs(recipe: Recipe, view: ViewName, data_fingerprint: str) -> dict[str, Any]:
    """What the weights of a view depend on."""
    settings = to_dict(recipe)
    others = ("path", "eval_crop", "max_quarantined", "min_class_mix")
    data = {key: value for key, value in settings["data"].items() if key not in others}
    train = {key: value for key, value in settings["train"].items() if key not in PLACEMENT}
    train["learning_rate"] = recipe.train.peak_learning_rate
    return {
        "dataset": data_fingerprint,
        "seed": recipe.seed,
        "data": data,
        "view": view_inputs(recipe, view),
        "network": settings["network"],
        "train": train,
    }


def view_inputs(recipe: Recipe, view: ViewName) -> dict[str, Any]:
    """What the network input of a view depends on; the cartesian one knows nothing of rings and sectors."""
    settings = to_dict(recipe.view)
    return {"name": view, **(settings if view == "log_polar" else {"size": settings["size"]})}


def measure_inputs(recipe: Recipe, view: ViewName, data_fingerprint: str, weights: str) -> dict[str, Any]:
    """What a measurement of a view's network on the validation split depends on."""
    return {
        "dataset": data_fingerprint,
        "limit": recipe.data.limit,
        "seed": recipe.seed,
        "eval_crop": recipe.data.eval_crop,
        "view": view_inputs(recipe, view),
        "network": to_dict(recipe.network),
        "weights": weights,
    }


class Stopwatch:
    """Seconds since it was started."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start


@contextmanager
def stage_run(stage: Stage) -> Iterator[Stopwatch]:
    """Take back an old manifest, then time what follows."""
    stage.begin()
    yield Stopwatch()


def refuse_other_settings(stage: Stage, run: Storage) -> None:
    """Stop rather than train over a finished training with other settings.

    Raises:
        SettingError: the stage is finished with other inputs; the message names the first differences.
    """
    changed = stage.changed_inputs()
    if changed:
        shown = "; ".join(changed[:3]) + (f"; and {len(changed) - 3} more" if len(changed) > 3 else "")
        raise SettingError(
            f"{run} holds a finished {stage.name} with other settings ({shown}); "
            "give the settings it was made with, or another --run"
        )
