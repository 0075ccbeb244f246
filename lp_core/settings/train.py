"""Settings of a training: optimisation, precision, and the number of workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lp_core.errors import check
from lp_core.settings.fields import SHARE, Range, at_least, check_fields, placement, setting

Optimizer = Literal["sgd", "adamw"]
Schedule = Literal["steps", "one-cycle"]
Precision = Literal["fp32", "bf16", "auto"]
Device = Literal["auto", "cpu", "gpu"]
Compile = Literal["auto", "on", "off"]


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Optimisation, precision and the number of workers."""

    epochs: int = setting(100, at_least(1))
    """Passes over the training split."""
    batch_size: int = setting(256, at_least(1))
    """Images per optimiser step over all workers together."""
    micro_batch: int = setting(256, at_least(1))
    """Most images of a worker in one forward pass; larger shares are accumulated."""
    optimizer: Optimizer = "sgd"
    """SGD with momentum (the paper's) or AdamW (what makes small networks learn quickly)."""
    learning_rate: float = setting(0.01, Range(low=0, above=True, words="a positive number"))
    """Highest learning rate, of a batch of `reference_batch` images where that is given."""
    reference_batch: int | None = setting(None, at_least(1))
    """Learning rates of other batch sizes are scaled: learning_rate * batch_size / reference_batch (Goyal et al. 2017;
    beyond twice the reference give `warmup_epochs` 1 to 5). Unless given, `learning_rate` is used unchanged."""
    momentum: float = setting(0.9, Range(low=0, high=1, below=True, words="0 <= momentum < 1"))
    """SGD's momentum, AdamW's first beta."""
    weight_decay: float = setting(1e-4, at_least(0))
    """L2 for SGD, decoupled for AdamW."""
    schedule: Schedule = "steps"
    """`steps` divides by 10 every `step_epochs`; `one-cycle` warms up, then falls to zero along a cosine."""
    step_epochs: int = setting(30, at_least(1))
    """Epochs between divisions of the learning rate by 10."""
    warmup_epochs: float = setting(0.0, at_least(0))
    """Epochs of linear warm-up (`steps`), or of the rising part (`one-cycle`)."""
    label_smoothing: float = setting(0.0, SHARE)
    """Share of the target spread evenly over all classes."""
    precision: Precision = "auto"
    """`auto` is bf16 where the processor computes in it (GPUs since Ampere, CPUs with AMX), else fp32."""
    deterministic: bool = False
    """Only deterministic kernels: equal losses, bit for bit, from run to run on one machine."""
    compile: Compile = placement("auto")
    """Compile the network with torch.compile: minutes at the start, then faster. `auto` does so for long trainings on
    GPUs where Triton is installed, and goes on uncompiled if the compiler fails; `on` insists, also on CPUs."""
    device: Device = placement("auto")
    """What workers compute on: `auto` is a GPU each where the cluster has any when the training starts; `gpu` waits for
    those that an autoscaler brings, and is refused where none can come."""
    workers: int = placement(1, at_least(1))
    """Training workers, each with a GPU of its own where GPUs are used."""
    min_workers: int | None = placement(None, at_least(1))
    """Fewest workers to train with if the cluster has no room for all; each change of their number resumes from the
    newest checkpoint. Unless given, the training waits for all workers."""
    cpus_per_worker: int = placement(1, at_least(1))
    """Logical CPUs that a worker holds; Ray Data has the others."""
    checkpoint_every_steps: int | None = placement(None, at_least(1))
    """Steps between checkpoints within an epoch; there is always one at the end of an epoch."""
    keep_checkpoints: int = placement(2, at_least(1))
    """Number of newest checkpoints kept, besides the one with the highest validation accuracy."""
    validate_every_epochs: int = placement(1, at_least(0))
    """Epochs between measurements of validation loss and accuracy; 0 for never. The last epoch is always measured."""
    keep_weights_every_epochs: int = placement(0, at_least(0))
    """Epochs between weights kept in `history/`, which a scan can follow; 0 for none but the first weights, epoch 0."""
    log_every_steps: int = placement(10, at_least(1))
    """Steps between lines of metrics.jsonl."""
    tensorboard: bool = placement(False)
    """Write the same numbers for TensorBoard, into RUN/<view>/tensorboard; its package must be installed."""

    def __post_init__(self) -> None:
        check_fields(self, "train")
        check(
            self.min_workers is None or self.min_workers <= self.workers,
            f"train.min-workers is {self.min_workers}; give 1 to train.workers, {self.workers}",
        )

    @property
    def is_elastic(self) -> bool:
        """Whether the number of workers may change while a training runs."""
        return self.min_workers is not None and self.min_workers < self.workers

    @property
    def peak_learning_rate(self) -> float:
        """Highest learning rate that is used, after scaling to the batch size."""
        return self.learning_rate * self.batch_size / (self.reference_batch or self.batch_size)
