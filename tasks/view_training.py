"""What a training worker does: steps, measurements and checkpoints of one view's network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lp_core.dataset import faulty_rows
from lp_core.dataset.feed import Batch, Feed, Kind, open_dataset, used_rows
from lp_core.fingerprint import checksum
from lp_core.network.accuracy import Counts
from lp_core.network.compute import peak_operations, training_operations
from lp_core.network.learner import Learner
from lp_core.network.plateau import plateau_note
from lp_core.run.checkpoint import Checkpoint, best_checkpoint, newest_checkpoint, save_checkpoint
from lp_core.run.history import keep_weights
from lp_core.run.stage import Stage, Stopwatch
from lp_core.run.weights import FILE, weights_bytes
from lp_core.settings import Recipe, ViewName
from tasks.ingest import agenda, stream
from tasks.metrics_log import MetricsLog


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


class ViewTraining:
    """One worker's part in the training of one view.

    Args:
        recipe: settings of the run.
        stage: the training, as a stage of the run.
        view: whose network.
        rank: this worker among those of the view.
        world: how many they are.
        device: where it computes.
    """

    def __init__(self, recipe: Recipe, stage: Stage, view: ViewName, rank: int, world: int, device: Any) -> None:
        dataset = open_dataset(recipe.data.path)
        self.recipe, self.folder, self.rank, self.world = recipe, stage.folder, rank, world
        self.stage = stage
        self.feed = Feed(recipe, view, rank, world)
        per_epoch = self.feed.steps_per_epoch
        self.learner = Learner(recipe, view, len(dataset.class_names), per_epoch, device, world)
        self.total = per_epoch * recipe.train.epochs
        self.checkpoints = self.folder / "checkpoints"
        self.classes = len(dataset.class_names)
        self.operations = training_operations(recipe.network, self.classes, recipe.view.size)
        self.peak = _peak(self.learner) * world
        self.met: dict[Kind, set[int]] = {"train": set(), "validation": set()}
        """Rows that this worker could not decode."""
        self.faulty: list[faulty_rows.Faulty] = []
        """What no worker could decode so far, described."""
        self.metrics: MetricsLog | None = None
        """Kept by the first worker."""
        self.measured: dict[str, float] = {}
        """The validation of the current step, if there was one."""
        self.validate_after = _validation_steps(recipe, per_epoch)
        self.elapsed = 0.0
        """Seconds spent before this worker started."""
        self.watch = Stopwatch()

    def run(self) -> None:
        """Train from the newest checkpoint to the end; the first worker then writes the weights and the manifest.

        Raises:
            TrainingError: the loss is not a number.
            DataError: too many rows cannot be decoded.
        """
        try:
            self._run()
        finally:
            if self.metrics:
                self.metrics.close()

    def _run(self) -> None:
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
            meter.counts += self.learner.learn(batch.images_NSRC, batch.labels_N, size, batch.rows_N)
            step += 1
            self.measured = {}
            if step % self.recipe.train.log_every_steps == 0 or step == self.total:
                self._log(meter)
            self._look_back()
            if step in self.validate_after:
                self._validate(batches)
            if self._is_due(step):
                self._save()
            if step in self.validate_after or self._is_due(step):
                meter.reset()  # neither was training
        if self.metrics:
            self._finish(self.metrics)
        self._meet()

    def _resume(self) -> None:
        found, damaged = newest_checkpoint(self.checkpoints, self.stage.fingerprint)
        if self.rank == 0:
            self.stage.invalidate()
            self.metrics = MetricsLog(self.folder, found.step if found else 0, self.recipe.train.tensorboard)
            for line in damaged:
                self.metrics.write({"step": found.step if found else 0, "note": line})
        if found is None:
            if self.rank == 0:
                self.folder.remove(faulty_rows.FILE)
            return
        self.faulty = faulty_rows.recorded(self.folder)
        self.learner.load(found.tensors, found.step)
        self.elapsed = float(found.facts["seconds"])

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
            DataError: on every worker, where they are too many.
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
            **self._pace(counts.images / meter.seconds),
        }
        meter.reset()
        self._write(line)

    def _pace(self, images_per_s: float) -> dict[str, float]:
        """Model operations per second of all workers together, in 10^12, and their share of what the chips can do."""
        operations = images_per_s * self.operations
        share = {"peak_share": round(operations / self.peak, 4)} if self.peak else {}
        return {"model_tflops": round(operations / 1e12, 4), **share}

    def _validate(self, batches: Iterator[Batch]) -> None:
        counts = Counts()
        for _ in range(self.feed.validation_batches):
            batch = self._usable("validation", next(batches))
            if len(batch.rows_N):
                counts += self.learner.evaluate(batch.images_NSRC, batch.labels_N)
        self._quarantine()
        summary = self._together(counts).summary()
        self.measured = {f"validation_{name}": summary[name] for name in ("loss", "top1", "top5")}
        self._write({**self._now(), **self.measured})

    def _look_back(self) -> None:
        """Say of a finished epoch that nothing was learned in it."""
        step, per_epoch = self.learner.step, self.feed.steps_per_epoch
        if self.metrics and step % per_epoch == 0:
            note = plateau_note(self.metrics.lines, self.classes, step - per_epoch, step)
            self.metrics.forget()  # the next epoch is judged by its own lines
            if note:
                self._write({**self._now(), "note": f"step {step}: {note}"})

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
        if self.metrics:
            self.metrics.write(line)

    def _save(self) -> None:
        self._quarantine()
        if self.metrics is None:
            return
        self.metrics.flush()
        # Before the checkpoint: a training that goes on from it will not come here again.
        keep_weights(self.folder, self.learner, self.stage.fingerprint)
        facts = {"fingerprint": self.stage.fingerprint, "seconds": round(self.elapsed + self.watch.seconds, 1)}
        checkpoint = Checkpoint(self.learner.step, self.learner.state(), facts | self.measured)
        save_checkpoint(self.checkpoints, checkpoint, self.recipe.train.keep_checkpoints)

    def _finish(self, log: MetricsLog) -> None:
        log.finish()
        data = weights_bytes(self.learner.network)
        self.folder.write_bytes(FILE, data)
        facts: dict[str, Any] = {}
        for split in ("train", "validation"):
            left_out = sum(one["split"] == split for one in self.faulty)
            facts[f"{split}_images"] = len(used_rows(self.recipe, split)) - left_out
            facts[f"{split}_quarantined"] = left_out
        self.stage.finish(
            self.elapsed + self.watch.seconds,
            weights=checksum(data),
            steps=self.total,
            images_per_s=round(log.mean("images_per_s"), 1),
            best_checkpoint=best_checkpoint(self.checkpoints),
            device=str(self.learner.device),
            precision="bf16" if self.learner.dtype else "fp32",
            workers=self.world,
            **facts,
        )

    def _meet(self) -> None:
        """Wait for the other workers: none may leave while the first still writes."""
        if self.world > 1:
            import torch.distributed

            torch.distributed.barrier()


def _peak(learner: Learner) -> float:
    """Operations per second that a worker's chip can do in the precision used; 0 where it is not known."""
    import torch

    if learner.device.type != "cuda" or learner.dtype is None:
        return 0.0
    return peak_operations(torch.cuda.get_device_name(learner.device)) or 0.0


def _validation_steps(recipe: Recipe, per_epoch: int) -> set[int]:
    """Steps after which the validation split is measured."""
    every, epochs = recipe.train.validate_every_epochs, recipe.train.epochs
    measured = {epoch for epoch in range(1, epochs + 1) if every and epoch % every == 0}
    return {epoch * per_epoch for epoch in measured | {epochs}}
