"""Ray Train: one worker group trains the networks of a run."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass
from functools import partial
from traceback import format_exc
from typing import TYPE_CHECKING, Any

from lp_core.errors import InvariantError, LogpolarError, TrainingError, error_of
from lp_core.run.stage import Stage
from lp_core.settings import Recipe, TrainSettings, ViewName
from lp_core.storage import Storage
from tasks.cluster import Cluster
from tasks.cpus import usable_cpus
from tasks.ingest import stream
from tasks.progress import say
from tasks.worker_process import prepare_training
from tasks.workers import Workers

if TYPE_CHECKING:
    from ray.train.torch import TorchTrainer

RETRIES = 3
"""Lost workers that a training outlives between two checkpoints; each time it resumes from the newest."""


@dataclass(frozen=True)
class Training:
    """What a training worker is sent.

    Args:
        recipe: settings of the run.
        run: URI of the run folder.
        stages: networks to train, in order: the stage of each view.
        at_once: how many of them train side by side.
        use_gpu: whether each worker has a GPU.
        workers_per_node: which divide the node's cores among them.
    """

    recipe: Recipe
    run: str
    stages: dict[ViewName, Stage]
    at_once: int
    use_gpu: bool
    workers_per_node: int


def views_at_once(train: TrainSettings, views: int, cpus: int, gpus: float) -> int:
    """Return how many networks train side by side: all, if each has one worker and the cluster has room; else one.

    On a CPU, networks with a core each are faster than one after the other on all cores (docs/RESULTS.md). The number
    depends on the recipe's views, not on those still unfinished: it decides a worker's threads, hence the last bits.

    Args:
        train: settings.
        views: of the run.
        cpus: logical CPUs of the cluster.
        gpus: GPUs of the cluster.
    """
    places = gpus if gpus else (cpus - 1) // train.cpus_per_worker
    return views if train.workers == 1 and places >= views else 1


def run_training(recipe: Recipe, run: Storage, stages: dict[ViewName, Stage], cluster: Cluster) -> None:
    """Train the views' networks on the connected cluster; returns when their weights are written.

    Args:
        recipe: settings of the run.
        run: the run folder.
        stages: the training of each view.
        cluster: where.

    Raises:
        TrainingError: a worker met something that a person must change, or workers were lost too often.
    """
    from ray.train import TrainingFailedError

    views = tuple(stages)
    for view in views:
        (run / view).remove(_FAILURE)
    scratch = run / "ray_train"
    reached = _newest_steps(run, views)
    try:
        while True:
            trainer = _trainer(recipe, run, stages, cluster, scratch)
            try:
                _fit(trainer)
                break
            except TrainingFailedError as error:
                _raise_noted(run, views)
                before, reached = reached, _newest_steps(run, views)
                if reached == before:
                    raise TrainingError(
                        f"training failed {RETRIES + 1} times at the same place: {_cause(error)}"
                    ) from error
                say(f"train: {RETRIES + 1} workers were lost; resuming from the newest checkpoint")
    finally:
        scratch.remove_folder()
    _raise_noted(run, views)


def _fit(trainer: TorchTrainer) -> None:
    """Train; Ctrl-C is a `KeyboardInterrupt`, during the training and after it.

    Ray's handler of SIGINT exits with code 0, which Ray turns into 1 while it waits, and stays installed afterwards.
    """
    if threading.current_thread() is not threading.main_thread():  # there are no handlers but in the main thread
        trainer.fit()
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit()
    except SystemExit:
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGINT, before)


def _trainer(
    recipe: Recipe, run: Storage, stages: dict[ViewName, Stage], cluster: Cluster, scratch: Storage
) -> TorchTrainer:
    """Ray Train's group of workers, not yet started."""
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    train = recipe.train
    use_gpu = train.device == "gpu" or (train.device == "auto" and cluster.gpus > 0)
    at_once = views_at_once(train, len(recipe.views), cluster.cpus, cluster.gpus if use_gpu else 0.0)
    nodes = max(1, sum(node["Alive"] and node["Resources"].get("CPU", 0) > 0 for node in ray.nodes()))
    workers_per_node = -(-train.workers * at_once * cluster.shared_by // nodes)
    at_once = min(at_once, len(stages))
    number = train.workers * at_once
    # Elastic workers take every CPU there is, and would leave none to read with: each holds one for its readers.
    readers = 1 if train.is_elastic and not use_gpu else 0
    resources: dict[str, float] = {"CPU": train.cpus_per_worker + readers, "GPU": 1 if use_gpu else 0}
    return TorchTrainer(
        train_worker,
        train_loop_config={"training": Training(recipe, run.uri, stages, at_once, use_gpu, workers_per_node)},
        scaling_config=ScalingConfig(
            num_workers=(train.min_workers, number) if train.is_elastic else number,  # type: ignore[arg-type]  # as documented
            use_gpu=use_gpu,
            resources_per_worker=resources,
            placement_strategy="PACK" if use_gpu else "SPREAD",
        ),
        run_config=RunConfig(
            name=f"{time.time_ns():x}",
            storage_path=scratch.path(),
            storage_filesystem=scratch.filesystem,
            failure_config=FailureConfig(max_failures=RETRIES),
        ),
    )


def _newest_steps(run: Storage, views: tuple[ViewName, ...]) -> list[str | None]:
    """Name of every view's newest checkpoint: it changes when a training gets on."""
    from lp_core.run.checkpoint import checkpoint_names

    return [next(reversed(checkpoint_names(run / view / "checkpoints")), None) for view in views]


def train_worker(config: dict[str, Any]) -> None:
    """Run by Ray Train in every worker."""
    from ray import train as ray_train
    from ray.train.torch import get_device

    from tasks.view_training import ViewTraining

    training: Training = config["training"]
    recipe, run = training.recipe, Storage(training.run)
    prepare_training(recipe.train, None if training.use_gpu else _threads(training))
    context = ray_train.get_context()
    world = context.get_world_size() // training.at_once
    group, rank = divmod(context.get_world_rank(), world)
    workers = Workers(rank, world, get_device())
    batches = partial(stream, workers_hold_cpus=recipe.train.is_elastic)
    for view, stage in list(training.stages.items())[group :: training.at_once]:
        if stage.is_finished():
            continue
        try:
            ViewTraining(recipe, stage, view, workers, batches).run()
        except (LogpolarError, InvariantError) as error:
            kind, message = type(error).__name__, str(error.args[0])
            (run / view).write_json(_FAILURE, {"kind": kind, "message": message, "traceback": format_exc()})
            if world > 1:
                raise
            return


def _threads(training: Training) -> int:
    """Threads of a worker that computes on a CPU."""
    return max(training.recipe.train.cpus_per_worker, _cores() // training.workers_per_node)


def _cores() -> int:
    """Cores of this node: a worker on a CPU holds few logical ones but computes with all that other workers leave."""
    import ray

    own = ray.get_runtime_context().get_node_id()
    logical = next(node["Resources"].get("CPU", 0) for node in ray.nodes() if node["NodeID"] == own)
    return min(int(logical), usable_cpus())


_FAILURE = "stages/train.failure.json"


def _raise_noted(run: Storage, views: tuple[ViewName, ...]) -> None:
    for view in views:
        if (run / view).exists(_FAILURE):
            failure = (run / view).read_json(_FAILURE)
            error = error_of(failure["kind"], failure["message"])
            if isinstance(error, InvariantError):
                error.add_note(f"In a training worker:\n{failure['traceback']}")
            raise error


def _cause(error: Exception) -> str:
    """The first line of the first worker's failure."""
    failures = getattr(error, "worker_failures", {})
    first = next(iter(failures.values()), error)
    lines = [line for line in str(first).splitlines() if line.strip()]
    return lines[-1] if lines else type(first).__name__
