"""What a training worker does: the steps of one view's network, measured and kept on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

from lp_core.dataset.feed import Batch, Feed, Reading, open_dataset
from lp_core.fingerprint import checksum
from lp_core.network.accuracy import Counts
from lp_core.network.compute import peak_operations, training_operations
from lp_core.network.learner import Learner
from lp_core.network.tally import Tally
from lp_core.run.checkpoint import best_checkpoint
from lp_core.run.first_weights import begin_with
from lp_core.run.stage import Stage
from lp_core.run.weights import FILE, weights_bytes
from lp_core.settings import Recipe, TrainSettings, ViewName
from tasks.device_feed import DeviceBatch, copies_to, delivered, fetched
from tasks.from_recipe import feed_of, learner_of
from tasks.ingest import readings_of_training
from tasks.meter import Meter
from tasks.training_faults import TrainingFaults
from tasks.training_log import TrainingLog
from tasks.training_state import TrainingState
from tasks.workers import Workers

Stream = Callable[[Feed, list[Reading]], Iterator[Batch]]
"""Yields the batches of readings in order: `tasks.ingest.stream`, or, in tests, reading in this process."""


class ViewTraining:
    """One worker's part in the training of one view.

    Args:
        recipe: settings of the run.
        stage: the training, as a stage of the run.
        view: whose network.
        workers: this worker among those of the view.
        stream: where batches come from.
    """

    def __init__(self, recipe: Recipe, stage: Stage, view: ViewName, workers: Workers, stream: Stream) -> None:
        self._train, self._stage, self._workers = recipe.train, stage, workers
        classes = len(open_dataset(recipe.data.path).class_names)
        self._feed = feed_of(recipe, view, workers.rank, workers.world)
        self._stream = stream
        per_epoch = self._feed.steps_per_epoch
        self._learner = learner_of(recipe, view, classes, per_epoch, workers.device, workers.world)
        self._last_step = per_epoch * recipe.train.epochs
        self._validate_after = validation_steps(recipe.train, per_epoch)
        self._faults = TrainingFaults(recipe.data, recipe.seed, stage.folder, workers)
        self._state = TrainingState(stage, recipe.train)
        operations = training_operations(recipe.network, classes, recipe.geometry.size)
        self._meter = Meter(operations, _peak(self._learner) * workers.world, self._learner.device)
        self._log = TrainingLog(stage.folder, per_epoch, classes)
        self._validation: dict[str, float] = {}
        """Measured in the present state; empty if it was not."""

    def run(self) -> None:
        """Train from the newest checkpoint to the end; the first worker then writes the weights and the manifest.

        Raises:
            LogpolarError: the loss is not a number, or too many rows cannot be decoded.
        """
        try:
            self._resume()
            self._take_steps()
            if self._workers.is_first:
                self._finish()
            self._workers.wait_for_all()
        finally:
            self._log.close()

    def _resume(self) -> None:
        if first := self._stage.inputs.get("first_weights"):
            begin_with(self._learner.network, self._stage.folder, first)
        checkpoint, damaged = self._state.restore(self._learner)
        step = checkpoint.step if checkpoint else 0
        if self._workers.is_first:
            self._stage.invalidate()
            self._log.open(step, self._train.tensorboard)
            self._log.note_damage(step, damaged)
            if step == 0:
                self._state.begin(self._learner)
        self._faults.restore(is_resumed=checkpoint is not None)
        if checkpoint:
            self._log.add_seconds(float(checkpoint.facts["seconds"]))
        if self._workers.world > 1:
            from ray.train.torch import prepare_model

            # Gradients lie in the buffers that are exchanged, instead of beside them: half a gigabyte less on each GPU.
            views = {"gradient_as_bucket_view": True}
            self._learner.compute_through(prepare_model(self._learner.network, parallel_strategy_kwargs=views))

    def _take_steps(self) -> None:
        learner, meter = self._learner, self._meter
        readings = readings_of_training(self._feed, learner.step, self._last_step, self._validate_after)
        meter.reset()
        copies = copies_to(learner.device)
        with closing(delivered(meter.timed(fetched(self._stream(self._feed, readings), copies)), copies)) as batches:
            self._learn(batches)

    def _learn(self, batches: Iterator[DeviceBatch]) -> None:
        learner, meter = self._learner, self._meter
        while learner.step < self._last_step:
            self._take_step(next(batches))
            self._validation = {}
            is_validated, is_saved = learner.step in self._validate_after, self._state.is_due(learner)
            if learner.step % self._train.log_every_steps == 0 or learner.step == self._last_step:
                self._measure()
            elif is_validated or is_saved:
                self._read()  # nothing is kept of a network whose loss was not a number
            self._log.note_plateau(learner.step)
            if is_validated:
                self._validate(batches)
            if is_saved:
                self._save()
            if is_validated or is_saved:
                meter.reset()  # neither was training

    def _take_step(self, batch: DeviceBatch) -> None:
        self._faults.note("train", batch.faulty_rows)
        epoch, step_of_epoch = divmod(self._learner.step, self._feed.steps_per_epoch)
        # Faulty rows keep their place in the divisor of the mean, so no worker has to know of the others'.
        batch_images = self._feed.order(epoch).batch_images(step_of_epoch)
        self._meter.tally += self._learner.learn(batch.images_NSRC, batch.labels_N, batch_images, batch.rows_N)

    def _read(self) -> Counts:
        """All workers' counts since the last line; here the device is waited for."""
        counts, failure = self._workers.sum(self._meter.tally)
        self._learner.check(failure)
        return counts

    def _measure(self) -> None:
        self._faults.gather()
        counts = self._read()
        if counts.images == 0:
            return  # faulty rows only
        line = self._meter.line(counts, self._learner.optimizer.param_groups[0]["lr"])
        self._meter.reset()
        self._log.write(self._learner.step, line)

    def _validate(self, batches: Iterator[DeviceBatch]) -> None:
        tally = Tally.empty(self._learner.device)
        for _ in range(self._feed.validation_batches):
            batch = next(batches)
            self._faults.note("validation", batch.faulty_rows)
            if len(batch.rows_N):
                tally += self._learner.evaluate(batch.images_NSRC, batch.labels_N)
        self._faults.gather()
        counts, failure = self._workers.sum(tally)
        self._learner.check(failure)
        summary = counts.summary()
        self._validation = {f"validation_{name}": summary[name] for name in ("loss", "top1", "top5")}
        self._log.write(self._learner.step, self._validation)

    def _save(self) -> None:
        self._faults.gather()
        if self._workers.is_first:
            self._log.flush()
            self._state.save(self._learner, self._log.seconds, self._validation)

    def _finish(self) -> None:
        self._log.finish()
        data = weights_bytes(self._learner.network)
        self._stage.folder.write_bytes(FILE, data)
        self._stage.finish(
            self._log.seconds,
            weights=checksum(data),
            steps=self._last_step,
            images_per_s=round(self._log.mean("images_per_s"), 1),
            best_checkpoint=best_checkpoint(self._state.folder),
            device=str(self._learner.device),
            precision="bf16" if self._learner.dtype else "fp32",
            workers=self._workers.world,
            **self._faults.facts(),
        )


def _peak(learner: Learner) -> float:
    """Operations per second that a worker's chip can do in the precision used; 0 where it is not known."""
    import torch

    if learner.device.type != "cuda" or learner.dtype is None:
        return 0.0
    return peak_operations(torch.cuda.get_device_name(learner.device)) or 0.0


def validation_steps(train: TrainSettings, steps_per_epoch: int) -> set[int]:
    """Return the steps after which the validation split is measured; the last step always is among them."""
    every, epochs = train.validate_every_epochs, train.epochs
    measured = {epoch for epoch in range(1, epochs + 1) if every and epoch % every == 0}
    return {epoch * steps_per_epoch for epoch in measured | {epochs}}
