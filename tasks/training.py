"""Ray Train: one worker group trains the networks of a run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lp_core.config import Recipe, SettingError, ViewName
from lp_core.dataset import faulty_rows
from lp_core.dataset.feed import Batch, Feed, Kind, open_dataset, used_rows
from lp_core.fingerprint import checksum
from lp_core.network.accuracy import Counts
from lp_core.network.checkpoint import Checkpoint, newest_checkpoint, save_checkpoint
from lp_core.network.history import keep_weights
from lp_core.network.weights import FILE, weights_bytes
from lp_core.run_folder import Stage, Stopwatch, train_inputs
from lp_core.storage import Storage
from tasks.cluster import Cluster
from tasks.ingest import agenda, stream

RETRIES = 3
"""Lost workers that a training outlives; each time it goes on from the newest checkpoint."""
FLUSH_SECONDS = 3.0
"""Between writings of metrics.jsonl, which is written whole."""


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

    training: Training = config["training"]
    recipe, run = training.recipe, Storage(training.run)
    if not training.use_gpu:
        torch.set_num_threads(training.threads)
    world = recipe.train.workers
    group, rank = divmod(ray_train.get_context().get_world_rank(), world)
    for view in training.views[group :: training.at_once]:
        if train_stage(recipe, run, view).is_finished():
            continue
        try:
            _ViewTraining(recipe, run, view, rank, world, get_device()).run()
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


@dataclass
class _Meter:
    """What happened since the last line of metrics.jsonl."""

    counts: Counts = field(default_factory=Counts)
    waited: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return max(1e-9, time.monotonic() - self.started)

    def reset(self) -> None:
        self.counts, self.waited, self.started = Counts(), 0.0, time.monotonic()


class _ViewTraining:
    """One worker's part in the training of one view."""

    def __init__(self, recipe: Recipe, run: Storage, view: ViewName, rank: int, world: int, device: Any) -> None:
        from lp_core.network.learner import Learner

        dataset = open_dataset(recipe.data.path)
        self.recipe, self.folder, self.rank, self.world = recipe, run / view, rank, world
        self.stage = train_stage(recipe, run, view)
        self.feed = Feed(recipe, view, rank, world)
        per_epoch = self.feed.steps_per_epoch
        self.learner = Learner(recipe, view, len(dataset.class_names), per_epoch, device, rank, world)
        self.total = per_epoch * recipe.train.epochs
        self.checkpoints = self.folder / "checkpoints"
        self.lines: list[dict[str, Any]] = []
        self.met: dict[Kind, set[int]] = {"train": set(), "validation": set()}
        """Rows that this worker could not decode."""
        self.faulty: list[faulty_rows.Faulty] = []
        """What no worker could decode so far, described."""
        self.flushed = 0.0
        self.validate_after = _validation_steps(recipe, per_epoch)
        self.elapsed = 0.0
        """Seconds spent before this worker started."""
        self.watch = Stopwatch()

    def run(self) -> None:
        self._resume()
        if self.world > 1:
            from ray.train.torch import prepare_model

            self.learner.share(prepare_model(self.learner.network))
        meter = _Meter()
        batches = self._timed(meter)
        while self.learner.step < self.total:
            batch = self._usable("train", next(batches))
            step = self.learner.step
            epoch, within = divmod(step, self.feed.steps_per_epoch)
            # Faulty rows keep their share of the mean and teach nothing: no worker need know of the others'.
            size = self.feed.order(epoch).batch_images(within)
            meter.counts += self.learner.learn(batch.images_NSRC, batch.labels_N, size)
            step += 1
            if step % self.recipe.train.log_every_steps == 0 or step == self.total:
                self._log(meter)
            if step in self.validate_after:
                self._validate(batches)
            if self._is_due(step):
                self._save()
            if step in self.validate_after or self._is_due(step):
                meter.reset()  # neither was training
        if self.rank == 0:
            self._finish()
        self._meet()

    def _resume(self) -> None:
        found, damaged = newest_checkpoint(self.checkpoints, self.stage.fingerprint)
        if self.rank == 0:
            self.stage.begin()
        self.lines = [{"step": found.step if found else 0, "note": line} for line in damaged]
        if found is None:
            if self.rank == 0:
                self.folder.remove(faulty_rows.FILE)
            return
        self.faulty = faulty_rows.recorded(self.folder)
        self.learner.load(found.tensors, found.step)
        self.elapsed = float(found.facts["seconds"])
        if self.rank == 0 and self.folder.exists("metrics.jsonl"):
            lines = map(json.loads, self.folder.read_bytes("metrics.jsonl").splitlines())
            self.lines = [line for line in lines if line["step"] <= found.step] + self.lines

    def _timed(self, meter: _Meter) -> Iterator[Batch]:
        """The batches from here to the end, with the time spent waiting for them added to the meter."""
        readings = agenda(self.feed, self.learner.step, self.total, self.validate_after)
        batches = stream(self.feed, readings)
        while True:
            start = time.monotonic()
            batch = next(batches, None)
            meter.waited += time.monotonic() - start
            if batch is None:
                return
            yield batch

    def _is_due(self, step: int) -> bool:
        every = self.recipe.train.checkpoint_every_steps
        return step % self.learner.steps_per_epoch == 0 or (every is not None and step % every == 0)

    def _usable(self, kind: Kind, batch: Batch) -> Batch:
        """The rows of a batch that can be decoded; the others are kept in mind."""
        self.met[kind].update(batch.faulty_rows)
        return batch.usable

    def _quarantine(self) -> None:
        """Name the faulty rows that the workers have met.

        Raises:
            SettingError: on every worker, where they are too many.
        """
        dataset = open_dataset(self.recipe.data.path)
        for kind, rows in self._everyones(self.met).items():
            new = rows - {one["row"] for one in self.faulty if one["split"] == kind}
            if new:
                self.faulty += faulty_rows.describe(dataset, kind, new)
                if self.rank == 0:
                    faulty_rows.record(self.folder, self.faulty)
            count = len(used_rows(self.recipe, kind))
            faulty_rows.check_faulty_share(self.faulty, kind, count, self.recipe.data.max_quarantined)

    def _everyones(self, rows: dict[Kind, set[int]]) -> dict[Kind, set[int]]:
        """The union of all workers' rows."""
        if self.world == 1:
            return rows
        import torch.distributed

        gathered: list[Any] = [None] * self.world
        torch.distributed.all_gather_object(gathered, rows)
        return {kind: set().union(*(one[kind] for one in gathered)) for kind in rows}

    def _log(self, meter: _Meter) -> None:
        self._quarantine()
        counts = self._together(meter.counts)
        if counts.images == 0:
            return  # faulty rows only
        line = {
            **self._now(),
            "loss": counts.loss_sum / counts.images,
            "top1": 100 * counts.top1 / counts.images,
            "learning_rate": self.learner.optimizer.param_groups[0]["lr"],
            "images_per_s": round(counts.images / meter.seconds, 1),
            "waiting_share": round(min(1.0, meter.waited / meter.seconds), 3),
        }
        meter.reset()
        self._write(line)

    def _validate(self, batches: Iterator[Batch]) -> None:
        counts = Counts()
        for _ in range(self.feed.validation_batches):
            batch = self._usable("validation", next(batches))
            if len(batch.rows_N):
                counts += self.learner.evaluate(batch.images_NSRC, batch.labels_N)
        self._quarantine()
        summary = self._together(counts).summary()
        self._write(
            {
                **self._now(),
                "validation_loss": summary["loss"],
                "validation_top1": summary["top1"],
                "validation_top5": summary["top5"],
            }
        )

    def _now(self) -> dict[str, Any]:
        """Where the training is: steps taken, epochs seen (with their fraction), seconds spent."""
        step = self.learner.step
        epoch = round(step / self.feed.steps_per_epoch, 4)
        return {"step": step, "epoch": epoch, "seconds": round(self.elapsed + self.watch.seconds, 1)}

    def _together(self, counts: Counts) -> Counts:
        """The sum of all workers' counts."""
        if self.world == 1:
            return counts
        import torch
        import torch.distributed

        numbers = torch.tensor(
            [counts.images, counts.top1, counts.top5, counts.loss_sum], dtype=torch.float64, device=self.learner.device
        )
        torch.distributed.all_reduce(numbers)
        images, top1, top5, loss_sum = numbers.tolist()
        return Counts(int(images), int(top1), int(top5), loss_sum)

    def _write(self, line: dict[str, Any]) -> None:
        self.lines.append(line)
        if time.monotonic() - self.flushed > FLUSH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        if self.rank == 0:
            text = "".join(json.dumps(line) + "\n" for line in self.lines)
            self.folder.write_bytes("metrics.jsonl", text.encode())
        self.flushed = time.monotonic()

    def _save(self) -> None:
        self._quarantine()
        self._flush()
        if self.rank == 0:
            # Before the checkpoint: a training that goes on from it will not come here again.
            keep_weights(self.folder, self.learner, self.stage.fingerprint)
            facts = {"fingerprint": self.stage.fingerprint, "seconds": round(self.elapsed + self.watch.seconds, 1)}
            checkpoint = Checkpoint(self.learner.step, self.learner.state(), facts)
            save_checkpoint(self.checkpoints, checkpoint, self.recipe.train.keep_checkpoints)

    def _finish(self) -> None:
        self._flush()
        data = weights_bytes(self.learner.network)
        self.folder.write_bytes(FILE, data)
        precision = "bf16" if self.learner.dtype else "fp32"
        facts = {"device": str(self.learner.device), "precision": precision, "workers": self.world}
        for split in ("train", "validation"):
            left_out = sum(one["split"] == split for one in self.faulty)
            facts[f"{split}_images"] = len(used_rows(self.recipe, split)) - left_out
            facts[f"{split}_quarantined"] = left_out
        images = sum(line.get("images_per_s", 0) for line in self.lines) / max(1, len(self.lines))
        self.stage.finish(
            self.elapsed + self.watch.seconds,
            weights=checksum(data),
            steps=self.total,
            images_per_s=round(images, 1),
            **facts,
        )

    def _meet(self) -> None:
        """Wait for the other workers: none may leave while the first still writes."""
        if self.world > 1:
            import torch.distributed

            torch.distributed.barrier()


def _validation_steps(recipe: Recipe, per_epoch: int) -> set[int]:
    """Steps after which the validation split is measured."""
    every, epochs = recipe.train.validate_every_epochs, recipe.train.epochs
    measured = {epoch for epoch in range(1, epochs + 1) if every and epoch % every == 0}
    return {epoch * per_epoch for epoch in measured | {epochs}}
