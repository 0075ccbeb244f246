"""The settings of a run: frozen dataclasses whose field names are also the command line's (`--train.batch-size 64`)."""

from __future__ import annotations

import dataclasses
import difflib
import math
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from lp_core.errors import check
from lp_core.network.layers import CHANNELS

ViewName = Literal["cartesian", "log_polar"]
VIEW_NAMES: tuple[ViewName, ...] = ("cartesian", "log_polar")
Rule = Literal["guided", "deconvnet", "gradient"]
EVEN_CIRCLE = 2 ** (len(CHANNELS) - 1)
"""Rows of a circle must be a multiple of this, for the pools between VGG-16's convolutions to halve it evenly."""
T = TypeVar("T")


def placement(default: T) -> T:
    """Mark a setting that decides where, how often or how much is kept: it invalidates no finished stage."""
    return field(default=default, metadata={"role": "placement"})


def selection(default: T) -> T:
    """Mark a setting that chooses which stages, or files of a stage, are made; none of them changes with the choice."""
    return field(default=default, metadata={"role": "selection"})


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Which photographs are used, and how they are cropped."""

    path: str = placement("")
    """Data set folder, as `logpolar index` makes it (local path, s3:// or gs://)."""
    limit: int | None = None
    """Keep only the first N rows of each split after a seeded shuffle."""
    max_quarantined: float = placement(0.01)
    """Share of a split's rows that may turn out undecodable after indexing; they are left out and named."""
    crop_scale: tuple[float, float] = (0.08, 1.0)
    """Training: share of the photograph's area that a random crop covers, smallest and largest."""
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)
    """Training: width / height of a random crop, smallest and largest."""
    flip: float = 0.5
    """Training: probability of a mirror image (0 where left and right are different classes)."""
    eval_crop: float = 0.875
    """Evaluation: side of the centre crop as a share of the photograph's shorter side (224 / 256)."""
    lanes: int = 8
    """Places of the training order that every batch draws from; the largest number of training workers."""
    shuffle_window: int = 8192
    """Rows shuffled among each other within a lane; the larger, the more row groups are read at once."""
    min_class_mix: float = placement(0.8)
    """Fewest classes of a training batch, as a share of those in random order; shards stored by class have few."""

    def __post_init__(self) -> None:
        check(self.limit is None or self.limit >= 1, f"data.limit is {self.limit}; give at least 1")
        share = self.max_quarantined
        check(0 <= share <= 1, f"data.max-quarantined is {share}; give a share, 0 <= share <= 1")
        low, high = self.crop_scale
        check(0 < low <= high <= 1, f"data.crop-scale is {low} {high}; give two shares, 0 < low <= high <= 1")
        low, high = self.crop_ratio
        check(0 < low <= high, f"data.crop-ratio is {low} {high}; give two positive ratios, low <= high")
        check(0 <= self.flip <= 1, f"data.flip is {self.flip}; give a probability")
        check(0 < self.eval_crop <= 1, f"data.eval-crop is {self.eval_crop}; give a share, 0 < share <= 1")
        check(self.lanes >= 1, f"data.lanes is {self.lanes}; give at least 1")
        mix = self.min_class_mix
        check(0 <= mix <= 1, f"data.min-class-mix is {mix}; give a share, 0 <= share <= 1")
        check(self.shuffle_window >= 1, f"data.shuffle-window is {self.shuffle_window}; give at least 1")


@dataclass(frozen=True, kw_only=True)
class ViewSettings:
    """How a cropped photograph becomes a network input. All but `size` concern the log-polar view."""

    size: int = 224
    """Side of the network input in px: rows = sectors, columns = rings."""
    law: Literal["monopole", "opencv", "paper-2018"] = "monopole"
    """How the radius grows with the ring."""
    foveal_scale: float = 1.0
    """The monopole's `a`, in px of the crop resized to `size`: within it sampling is about linear."""
    radius: float | Literal["corner", "inscribed"] = "corner"
    """Outermost radius in px of the crop resized to `size`, or the half diagonal, or the half side."""
    sampling: Literal["composed", "two-step"] = "composed"
    """`composed` samples the decoded photograph once; `two-step` resizes to `size` first, as the paper did."""
    prefilter: bool = True
    """Average the photograph over each sample's footprint where the periphery is undersampled."""

    def __post_init__(self) -> None:
        check(self.size >= 32, f"view.size is {self.size}; VGG-16 halves its input five times: give at least 32")
        check(self.foveal_scale > 0, f"view.foveal-scale is {self.foveal_scale}; give a positive number of px")
        check(isinstance(self.radius, str) or self.radius > 0, f"view.radius is {self.radius}; give a positive number")


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """The shape of VGG-16 and its first weights."""

    width: float = 1.0
    """Multiplies every number of channels; 1 is torchvision's vgg16."""
    pool: int = 7
    """Side of the grid that the classifier reads; 7 is torchvision's."""
    dropout: float = 0.5
    """Probability of dropping a unit of the classifier during training."""
    angle_padding: Literal["zeros", "circular"] = "zeros"
    """`circular` wraps the rows (angles) of log-polar input in every convolution, which takes a view.size that is a
    multiple of 16; cartesian input is never wrapped."""
    initialization: Literal["torchvision", "variance-preserving", "looks-linear"] = "torchvision"
    """torchvision's (fan out; needs ImageNet's patience), He's fan in everywhere (small networks learn at once), or
    paired channels of opposite sign (the plateau of the first thousands of images is shortest)."""

    def __post_init__(self) -> None:
        check(1 / 64 <= self.width <= 4, f"network.width is {self.width}; give 1/64 to 4")
        check(self.pool >= 1, f"network.pool is {self.pool}; give at least 1")
        check(0 <= self.dropout < 1, f"network.dropout is {self.dropout}; give 0 <= p < 1")


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Optimisation, precision and the number of workers."""

    epochs: int = 100
    """Passes over the training split."""
    batch_size: int = 256
    """Images per optimiser step over all workers together."""
    micro_batch: int = 256
    """Most images of a worker in one forward pass; larger shares are accumulated."""
    optimizer: Literal["sgd", "adamw"] = "sgd"
    """SGD with momentum (the paper's) or AdamW (what makes small networks learn quickly)."""
    learning_rate: float = 0.01
    """Highest learning rate, of a batch of `reference_batch` images where that is given."""
    reference_batch: int | None = None
    """Learning rates of other batch sizes are scaled: learning_rate * batch_size / reference_batch (Goyal et al. 2017;
    beyond twice the reference give `warmup_epochs` 1 to 5). Without, `learning_rate` is used as it is."""
    momentum: float = 0.9
    """SGD's momentum, AdamW's first beta."""
    weight_decay: float = 1e-4
    """L2 for SGD, decoupled for AdamW."""
    schedule: Literal["steps", "one-cycle"] = "steps"
    """`steps` divides by 10 every `step_epochs`; `one-cycle` warms up, then falls to zero along a cosine."""
    step_epochs: int = 30
    """Epochs between divisions of the learning rate by 10."""
    warmup_epochs: float = 0.0
    """Epochs of linear warm-up (`steps`), or of the rising part (`one-cycle`)."""
    label_smoothing: float = 0.0
    """Share of the target spread evenly over all classes."""
    precision: Literal["fp32", "bf16", "auto"] = "auto"
    """`auto` is bf16 where the processor computes in it (GPUs since Ampere, CPUs with AMX), else fp32."""
    deterministic: bool = False
    """Only deterministic kernels: equal losses, bit for bit, from run to run on one machine."""
    compile: bool = placement(False)
    """Compile the network with torch.compile: minutes at the start, then faster on GPUs; needs a C++ compiler."""
    device: Literal["auto", "cpu", "gpu"] = placement("auto")
    """What workers compute on: `auto` is a GPU each where the cluster has any when the training starts; `gpu` waits for
    those that an autoscaler brings, and is refused where none can come."""
    workers: int = placement(1)
    """Training workers, each with a GPU of its own where GPUs are used."""
    min_workers: int | None = placement(None)
    """Fewest workers to go on with where the cluster has no place for all; each change of their number goes on from the
    newest checkpoint. Unless given, all are waited for."""
    cpus_per_worker: int = placement(1)
    """Logical CPUs that a worker holds; Ray Data has the others."""
    checkpoint_every_steps: int | None = placement(None)
    """Checkpoint also within an epoch, every so many steps; always at the end of an epoch."""
    keep_checkpoints: int = placement(2)
    """Number of newest checkpoints kept; the one of the highest validation accuracy is kept besides."""
    validate_every_epochs: int = placement(1)
    """Epochs between measurements of validation loss and accuracy; 0 for never. The last epoch is always measured."""
    keep_weights_every_epochs: int = placement(0)
    """Epochs between weights kept in `history/`, which a scan can follow; 0 for none. The last epoch's always are."""
    log_every_steps: int = placement(10)
    """Steps between lines of metrics.jsonl."""
    tensorboard: bool = placement(False)
    """Write the same numbers for TensorBoard, into RUN/<view>/tensorboard; its package must be installed."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "micro_batch", "workers", "cpus_per_worker", "keep_checkpoints"):
            option = name.replace("_", "-")
            check(getattr(self, name) >= 1, f"train.{option} is {getattr(self, name)}; give at least 1")
        check(
            self.reference_batch is None or self.reference_batch >= 1,
            f"train.reference-batch is {self.reference_batch}; give at least 1",
        )
        check(
            self.keep_weights_every_epochs >= 0,
            f"train.keep-weights-every-epochs is {self.keep_weights_every_epochs}; give 0 or more",
        )
        check(
            self.min_workers is None or 1 <= self.min_workers <= self.workers,
            f"train.min-workers is {self.min_workers}; give 1 to train.workers, {self.workers}",
        )
        check(self.log_every_steps >= 1, f"train.log-every-steps is {self.log_every_steps}; give at least 1")
        check(self.step_epochs >= 1, f"train.step-epochs is {self.step_epochs}; give at least 1")
        check(
            self.checkpoint_every_steps is None or self.checkpoint_every_steps >= 1,
            f"train.checkpoint-every-steps is {self.checkpoint_every_steps}; give at least 1",
        )
        check(
            self.learning_rate > 0 and math.isfinite(self.learning_rate),
            f"train.learning-rate is {self.learning_rate}; give a positive number",
        )

    @property
    def is_elastic(self) -> bool:
        """Whether the number of workers may change while a training runs."""
        return self.min_workers is not None and self.min_workers < self.workers

    @property
    def peak_learning_rate(self) -> float:
        """Highest learning rate that is used, after scaling to the batch size."""
        return self.learning_rate * self.batch_size / (self.reference_batch or self.batch_size)


@dataclass(frozen=True, kw_only=True)
class ScanSettings:
    """How images are evaluated and searched for each channel's nine."""

    batch_size: int = 32
    """Images per forward pass. Always filled up: an image's activations must not depend on its neighbours."""
    piece_rows: int = placement(512)
    """Rows per task, the unit of work that is repeated after a kill."""
    gpus_per_task: float = placement(0.0)
    """Share of a GPU for each evaluation, scan and visualization task."""
    split: str = selection("validation")
    """Split that is scanned; what is found in another than validation is written to `splits/<split>/`."""
    checkpoints: str = selection("none")
    """Weights of epochs (train.keep-weights-every-epochs) that are scanned too: `none`, `all`, or epochs: `3,6`."""
    maxima: bool = selection(False)
    """Write the largest activation of every channel in every image, `maxima.npy`: 8 kB an image at full width."""

    def __post_init__(self) -> None:
        check(self.batch_size >= 3, f"scan.batch-size is {self.batch_size}; give at least 3")
        check(self.piece_rows >= 1, f"scan.piece-rows is {self.piece_rows}; give at least 1")
        check(
            self.checkpoints in ("none", "all") or all(part.strip().isdigit() for part in self.checkpoints.split(",")),
            f"scan.checkpoints is '{self.checkpoints}'; give none, all or epochs such as 3,6",
        )
        check(self.gpus_per_task >= 0, f"scan.gpus-per-task is {self.gpus_per_task}; give 0 or more")


@dataclass(frozen=True, kw_only=True)
class VisualizeSettings:
    """Which channels are drawn, and how; `logpolar visualize` also takes these without prefix: `--layers conv3_3`."""

    layers: tuple[str, ...] = ("conv5_2",)
    """Layers that get a panel of each of `channels`; `all` is every layer."""
    channels: str = "random:10"
    """`all`, `random:N` (seeded), or numbers separated by commas: `3,17`."""
    few: int = 3
    """Random channels of every other layer that get a panel."""
    gallery: Literal["panels", "all"] = "panels"
    """Channels in the report's gallery: those with panels, or every channel of every layer."""
    rule: Rule = "guided"
    """What a ReLU lets back: positive gradients where it was active (Springenberg et al.), positive gradients (Zeiler &
    Fergus), or all gradients where it was active."""
    format: Literal["png", "webp"] = "png"
    """File format of panels; WebP is lossy, at a quarter of the size."""

    def __post_init__(self) -> None:
        word, _, count = self.channels.partition(":")
        near = difflib.get_close_matches(word, ("all", "random"), 1)
        hint = f"; did you mean {'random:10' if near == ['random'] else 'all'}?" if near else ""
        numbers = all(part.strip().isdecimal() for part in self.channels.split(","))
        check(
            self.channels == "all" or numbers or (word == "random" and count.isdecimal()),
            f"visualize.channels is '{self.channels}'{hint or '; give all, random:10 or numbers such as 3,17'}",
        )
        check(self.few >= 0, f"visualize.few is {self.few}; give 0 or more")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides the result of a run."""

    recipe: str = field(metadata={"role": "placement"})
    """Name of the recipe this run started from."""
    seed: int = 0
    """Seed of weights, order, crops and of the channels drawn for panels."""
    views: tuple[ViewName, ...] = selection(VIEW_NAMES)
    """Networks to train: `cartesian`, `log_polar` or both."""
    data: DataSettings = field(default_factory=DataSettings)
    view: ViewSettings = field(default_factory=ViewSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    scan: ScanSettings = field(default_factory=ScanSettings)
    visualize: VisualizeSettings = field(default_factory=VisualizeSettings)

    def __post_init__(self) -> None:
        check(len(self.views) >= 1, "views is empty; give cartesian, log_polar or both")
        check(len(set(self.views)) == len(self.views), f"views names one twice: {' '.join(self.views)}")
        check(self.seed >= 0, f"seed is {self.seed}; give 0 or more")
        # A pool that drops an odd last row breaks the circle there: neighbouring units would look at rows that are not
        # neighbours, and a unit's receptive field would be no box.
        size, wraps = self.view.size, self.network.angle_padding == "circular" and "log_polar" in self.views
        near = max(2, round(size / EVEN_CIRCLE)) * EVEN_CIRCLE
        check(
            not wraps or size % EVEN_CIRCLE == 0,
            f"view.size is {size}, and with network.angle-padding circular the pools would drop rows of the circle; "
            f"give a multiple of {EVEN_CIRCLE}, such as {near}, or network.angle-padding zeros",
        )
        check(
            self.train.workers <= self.data.lanes,
            f"train.workers is {self.train.workers}, more than data.lanes {self.data.lanes}; raise data.lanes",
        )
        check(
            self.train.batch_size >= self.data.lanes,
            f"train.batch-size is {self.train.batch_size}, less than data.lanes {self.data.lanes}; "
            "raise the one or lower the other",
        )


def to_dict(settings: Any) -> dict[str, Any]:
    """A settings dataclass as nested plain values, ready for JSON."""
    return dataclasses.asdict(settings)


def recipe_from_dict(values: dict[str, Any]) -> Recipe:
    """The recipe that `to_dict` (also after a round through JSON) came from."""
    sections = {
        "data": DataSettings,
        "view": ViewSettings,
        "network": NetworkSettings,
        "train": TrainSettings,
        "scan": ScanSettings,
        "visualize": VisualizeSettings,
    }
    thawed: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    for key, kind in sections.items():
        section = {k: tuple(v) if isinstance(v, list) else v for k, v in values[key].items()}
        thawed[key] = kind(**section)
    return Recipe(**thawed)
