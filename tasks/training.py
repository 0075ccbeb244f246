"""Ray Train: one worker group trains the networks of a run."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from lp_core.config import Recipe, SettingError, ViewName
from lp_core.dataset.feed import open_dataset
from lp_core.run_folder import Stage, train_inputs
from lp_core.storage import Storage
from tasks.cluster import Cluster

RETRIES = 3
"""Lost workers that a training outlives; each time it goes on from the newest checkpoint."""


@dataclass(frozen=True)
class Training:
    """What a training worker is sent.

    Args:
        recipe: settings of the run.
        run: URI of the run folder.
        views: networks to train, in order.
        at_once: how many of them train side by side.
        use_gpu: whether each worker has a GPU.
        threads: threads of a worker on a CPU.
    """

    recipe: Recipe
    run: str
    views: tuple[ViewName, ...]
    at_once: int
    use_gpu: bool
    threads: int


def train_stage(recipe: Recipe, run: Storage, view: ViewName) -> Stage:
    """The training of a view, as a stage of the run."""
    return Stage(run / view, "train", train_inputs(recipe, view, open_dataset(recipe.data.path).fingerprint))


def views_at_once(recipe: Recipe, cpus: int, gpus: float) -> int:
    """How many networks train side by side: all, where each has one worker and the cluster a place for it, else one.

    On a CPU, networks with a core each are faster than one after the other on all cores (docs/RESULTS.md). The number
    depends on the recipe's views, not on those still unfinished: it decides a worker's threads, hence the last bits.

    Args:
        recipe: settings of the run.
        cpus: logical CPUs of the cluster.
        gpus: GPUs of the cluster.
    """
    train, views = recipe.train, len(recipe.views)
    places = gpus if gpus else (cpus - 1) // train.cpus_per_worker
    return views if train.workers == 1 and places >= views else 1


def run_training(recipe: Recipe, run: Storage, views: tuple[ViewName, ...], cluster: Cluster) -> None:
    """Train the views' networks on the connected cluster; returns when their weights are written.

    Raises:
        SettingError: a worker met something that a person must change, or workers were lost too often.
    """
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.torch import TorchTrainer

    train, gpus = recipe.train, cluster.gpus
    at_once = views_at_once(recipe, cluster.cpus, gpus)
    nodes = max(1, sum(node["Alive"] for node in ray.nodes()))
    # A worker on a CPU holds few logical CPUs but computes with all cores that other workers leave.
    cores = int(max(node["Resources"].get("CPU", 1) for node in ray.nodes() if node["Alive"]))
    threads = max(train.cpus_per_worker, _cores(cores) * nodes // (train.workers * at_once))
    at_once = min(at_once, len(views))
    training = Training(recipe, run.uri, views, at_once, gpus > 0, threads)
    name = f"{time.time_ns():x}"
    scratch = run / "ray_train"
    resources: dict[str, float] = {"CPU": train.cpus_per_worker, "GPU": 1 if gpus else 0}
    trainer = TorchTrainer(
        train_worker,
        train_loop_config={"training": training},
        scaling_config=ScalingConfig(
            num_workers=train.workers * at_once, use_gpu=gpus > 0, resources_per_worker=resources
        ),
        run_config=RunConfig(
            name=name,
            storage_path=scratch.path(),
            storage_filesystem=scratch.filesystem,
            failure_config=FailureConfig(max_failures=RETRIES),
        ),
    )
    for view in views:
        (run / view).remove(_FAILURE)
    try:
        trainer.fit()
    except TrainingFailedError as error:
        _raise_noted(run, views)
        raise SettingError(f"training failed {RETRIES + 1} times: {_cause(error)}") from error
    finally:
        if scratch.exists(name):
            scratch.filesystem.delete_dir(scratch.path(name))
    _raise_noted(run, views)


def train_worker(config: dict[str, Any]) -> None:
    """Run by Ray Train in every worker."""
    import torch
    from ray import train as ray_train
    from ray.train.torch import get_device

    from tasks.view_training import ViewTraining

    training: Training = config["training"]
    recipe, run = training.recipe, Storage(training.run)
    if not training.use_gpu:
        torch.set_num_threads(training.threads)
    world = recipe.train.workers
    group, rank = divmod(ray_train.get_context().get_world_rank(), world)
    for view in training.views[group :: training.at_once]:
        stage = train_stage(recipe, run, view)
        if stage.is_finished():
            continue
        try:
            ViewTraining(recipe, stage, view, rank, world, get_device()).run()
        except SettingError as error:
            (run / view).write_json(_FAILURE, {"message": str(error)})
            if world > 1:
                raise
            return


_FAILURE = "stages/train.failure.json"


def _raise_noted(run: Storage, views: tuple[ViewName, ...]) -> None:
    for view in views:
        if (run / view).exists(_FAILURE):
            raise SettingError((run / view).read_json(_FAILURE)["message"])


def _cause(error: Exception) -> str:
    """The first line of the first worker's failure."""
    failures = getattr(error, "worker_failures", {})
    first = next(iter(failures.values()), error)
    lines = [line for line in str(first).splitlines() if line.strip()]
    return lines[-1] if lines else type(first).__name__


def _cores(logical: int) -> int:
    """Physical cores behind a node's logical CPUs, as far as this machine can tell."""
    return min(logical, os.cpu_count() or logical)
