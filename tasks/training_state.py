"""Checkpoints of one network's training: found at its start, written when they are due."""

from __future__ import annotations

from dataclasses import dataclass

from lp_core.network.learner import Learner
from lp_core.run.checkpoint import Checkpoint, newest_checkpoint, save_checkpoint
from lp_core.run.history import keep_weights
from lp_core.run.stage import Stage
from lp_core.settings import TrainSettings
from lp_core.storage import Storage


@dataclass(frozen=True)
class TrainingState:
    """The state of a training on disk.

    Args:
        stage: the training, as a stage of the run.
        train: how often checkpoints are written, and how many are kept.
    """

    stage: Stage
    train: TrainSettings

    @property
    def folder(self) -> Storage:
        """Where the checkpoints are."""
        return self.stage.folder / "checkpoints"

    def restore(self, learner: Learner) -> tuple[Checkpoint | None, list[str]]:
        """Load the newest checkpoint that is whole, if there is one; a line about each newer one that is damaged."""
        checkpoint, damaged = newest_checkpoint(self.folder, self.stage.fingerprint)
        if checkpoint:
            learner.load(checkpoint.tensors, checkpoint.step)
        return checkpoint, damaged

    def begin(self, learner: Learner) -> None:
        """Keep the weights of a training that has not taken a step."""
        keep_weights(self.stage.folder, learner, self.stage.fingerprint)

    def is_due(self, learner: Learner) -> bool:
        """Whether a checkpoint is to be written before the learner's next step."""
        every = self.train.checkpoint_every_steps
        return learner.step % learner.steps_per_epoch == 0 or (every is not None and learner.step % every == 0)

    def save(self, learner: Learner, seconds: float, validation: dict[str, float]) -> None:
        """Write a checkpoint, and the weights of an epoch that has just ended, if they are to be kept.

        Args:
            learner: between two steps.
            seconds: spent on the training so far.
            validation: measured in this state; empty if it was not measured.
        """
        # Before the checkpoint: a training that resumes from it does not come here again.
        keep_weights(self.stage.folder, learner, self.stage.fingerprint)
        facts = {"fingerprint": self.stage.fingerprint, "seconds": round(seconds, 1)}
        checkpoint = Checkpoint(learner.step, learner.state(), facts | validation)
        save_checkpoint(self.folder, checkpoint, self.train.keep_checkpoints)
