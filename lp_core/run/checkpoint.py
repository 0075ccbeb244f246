"""Training states on disk: one safetensors file each, and a JSON file with its checksum, written last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from lp_core.errors import DataError, LogpolarError, SettingError
from lp_core.fingerprint import checksum
from lp_core.network.construction import without_memory
from lp_core.settings import NetworkSettings, TrainSettings
from lp_core.storage import Storage


@dataclass(frozen=True)
class Checkpoint:
    """A state of training before step number `step`.

    Attributes:
        step: steps taken.
        tensors: `Learner.state()`.
        facts: plain values kept beside it.
    """

    step: int
    tensors: dict[str, Tensor]
    facts: dict[str, Any]


def save_checkpoint(folder: Storage, checkpoint: Checkpoint, keep: int) -> None:
    """Write a checkpoint whole, then remove all but the newest `keep` and the best.

    Args:
        folder: where the checkpoints are.
        checkpoint: its facts have `validation_top1` where the network was measured in this state.
        keep: number of newest ones, at least 1.
    """
    data = save_tensors(checkpoint.tensors)
    name = f"step-{checkpoint.step:09d}"
    folder.write_bytes(f"{name}.safetensors", data)
    vouch = {"step": checkpoint.step, "bytes": len(data), "sha256": checksum(data), "facts": checkpoint.facts}
    folder.write_json(f"{name}.json", vouch)
    best = best_checkpoint(folder)
    for old in checkpoint_names(folder)[:-keep]:
        if old == best:
            continue
        folder.remove(f"{old}.json")
        folder.remove(f"{old}.safetensors")


def check_space(folder: Storage, network: NetworkSettings, train: TrainSettings, classes: int, views: int) -> None:
    """Refuse a disk that the checkpoints of a training do not fit on.

    Args:
        folder: the run.
        network: its settings.
        train: which checkpoints are kept.
        classes: number of classes.
        views: networks that are to be trained.

    Raises:
        LogpolarError: the message says how much is free and how much is needed.
    """
    free = folder.free_bytes()
    if free is None:
        return
    parameters = sum(value.numel() for value in without_memory(network, "cartesian", classes).parameters())
    states = 3 if train.optimizer == "adamw" else 2  # weights, and what the optimiser keeps of each
    every = train.keep_weights_every_epochs
    history = 1 + (train.epochs // every if every else 0)
    # The newest, the best, one being written; the weights, and those of chosen epochs.
    needed = views * 4 * parameters * ((train.keep_checkpoints + 2) * states + 1 + history)
    present = sum(size for name, size in folder.contents().files.items() if "/checkpoints/" in name)
    if free + present < needed:
        raise SettingError(
            f"{folder}: {free / 1e6:,.0f} MB are free, but {(needed - present) / 1e6:,.0f} MB are needed for "
            "checkpoints; free some, choose another run folder or lower train.keep-checkpoints"
        )


def checkpoint_names(folder: Storage) -> list[str]:
    """Names of the finished checkpoints, oldest first."""
    vouched = [name.removesuffix(".json") for name in folder.files() if name.endswith(".json")]
    return [name for name in vouched if name.startswith("step-")]


def best_checkpoint(folder: Storage) -> str | None:
    """Name of the checkpoint with the highest validation accuracy, of equals the latest; None if none was measured."""
    measured = []
    for name in checkpoint_names(folder):
        try:
            facts = folder.read_json(f"{name}.json")["facts"]
            measured.append((facts["validation_top1"], name))
        except (LogpolarError, OSError, KeyError, TypeError):
            continue
    return max(measured)[1] if measured else None


def refuse_other_training(folder: Storage, fingerprint: str) -> None:
    """Stop before anything is written where the newest checkpoint is of another training.

    Args:
        folder: where the checkpoints are.
        fingerprint: of the training that is about to resume.

    Raises:
        LogpolarError: the checkpoint belongs to a training with other settings.
    """
    for name in reversed(checkpoint_names(folder)):
        try:
            other = folder.read_json(f"{name}.json")["facts"]["fingerprint"]
        except (LogpolarError, OSError, KeyError, TypeError):
            continue  # damaged: `newest_checkpoint` names it and uses the one before it
        _refuse_other(folder.path(name), other, fingerprint)
        return


def _refuse_other(checkpoint: str, other: str | None, fingerprint: str) -> None:
    if other != fingerprint:
        raise SettingError(
            f"checkpoint {checkpoint} is of a training with other settings; "
            "give the settings it was made with, or another run folder"
        )


def newest_checkpoint(folder: Storage, fingerprint: str) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that is whole, and a line about each newer one that is not.

    Args:
        folder: where the checkpoints are.
        fingerprint: of the training that is about to resume; a checkpoint of another one is refused.

    Raises:
        DataError: the checkpoints belong to a training with other settings.
    """
    damaged = []
    for name in reversed(checkpoint_names(folder)):
        try:
            vouch = folder.read_json(f"{name}.json")
            data = folder.read_bytes(f"{name}.safetensors")
            if len(data) != vouch["bytes"] or checksum(data) != vouch["sha256"]:
                raise DataError("its bytes are not those that were written")
            facts, step = vouch["facts"], vouch["step"]
        except (LogpolarError, OSError, KeyError, TypeError) as error:
            damaged.append(f"checkpoint {folder.path(name)} is damaged ({error}); the one before it is used")
            continue
        _refuse_other(folder.path(name), facts.get("fingerprint"), fingerprint)
        return Checkpoint(step, load_tensors(data), facts), damaged
    return None, damaged
