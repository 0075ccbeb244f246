"""From rows to batches of network inputs: what Ray Data's map stage computes, as plain generators."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Literal

import numpy as np

from lp_core.dataset.class_mix import ClassMix, class_mix, mixing_window
from lp_core.dataset.folder import DatasetFolder, Photograph, limited_rows
from lp_core.dataset.order import EpochOrder, epoch_order, steps_per_epoch
from lp_core.errors import SettingError
from lp_core.images.crop import Crop, centre_crop, random_crop
from lp_core.images.decode import ImageError
from lp_core.images.decode_crop import decode_crop
from lp_core.images.look import STRAIGHT
from lp_core.images.network_input import network_input
from lp_core.measures.duplicates import difference_hash
from lp_core.measures.nulls import phase_scrambled, random_fixation
from lp_core.measures.tolerance_conditions import random_mask
from lp_core.settings import DataSettings, ViewName, ViewSettings

TrainingSplit = Literal["train", "validation"]
"""Splits that a training reads."""
VALIDATION_BATCH = 250
"""Images of a worker in one forward pass of validation."""
_SHUFFLED = 0x5AFF1ED
"""Sets the random numbers of shuffled labels apart from others of the same seed. Our choice."""
_MASKED = 0x3A5CED
"""Sets the random numbers of masks apart from those of crops. Our choice."""
FAULTY = -2
"""In place of the label of a row that cannot be decoded. Its image is black, and it must not be learned or counted."""


class PoorClassMix(SettingError):
    """Batches of a training would hold too few classes."""


@dataclass(frozen=True)
class Batch:
    """Network inputs of some rows.

    Attributes:
        images_NSRC: uint8 [n, rows, columns, 3] RGB.
        labels_N: int64 [n], `FAULTY` for rows that cannot be decoded.
        rows_N: int64 [n] row numbers.
        index: global training step, or place of the batch in evaluation.
        hash_N: uint64 [n], `photograph_hash` of each photograph's crop, where asked for.
    """

    images_NSRC: np.ndarray
    labels_N: np.ndarray
    rows_N: np.ndarray
    index: int
    hash_N: np.ndarray | None = None

    @property
    def faulty_rows(self) -> list[int]:
        """Numbers of the rows that cannot be decoded."""
        return self.rows_N[self.labels_N == FAULTY].tolist()

    @property
    def usable(self) -> Batch:
        """The batch without these rows."""
        good = self.labels_N != FAULTY
        if good.all():
            return self
        hash_N = None if self.hash_N is None else self.hash_N[good]
        return Batch(self.images_NSRC[good], self.labels_N[good], self.rows_N[good], self.index, hash_N)


@dataclass(frozen=True)
class Reading:
    """A run of neighbouring batches: training steps, or batches of the validation split, first .. last - 1."""

    split: TrainingSplit
    first: int
    last: int


@dataclass(frozen=True)
class Feed:
    """What one worker reads of a data set, in one view. Small and picklable: it travels to every reading task.

    Args:
        data: which photographs, and how they are cropped; its `path` is the data set folder.
        view: `cartesian` or `log_polar`.
        geometry: of the network input.
        seed: of the run.
        batch_size: rows per training step over all workers.
        rank: this worker.
        world: number of workers.
        scrambled: give the photographs of an evaluation random phases (`nulls.phase_scrambled`).
        wandering: look at those of an evaluation from random points (`nulls.random_fixation`).
    """

    data: DataSettings
    view: ViewName
    geometry: ViewSettings
    seed: int
    batch_size: int
    rank: int = 0
    world: int = 1
    scrambled: bool = False
    wandering: bool = False

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps in which every training row is seen once."""
        return steps_per_epoch(len(self.used_rows("train")), self.batch_size)

    def order(self, epoch: int) -> EpochOrder:
        """The order of an epoch's rows, the same on every worker."""
        return _order(self.data, self.seed, self.batch_size, epoch)

    def used_rows(self, split: str) -> np.ndarray:
        """Row numbers of a split that the settings use, ascending, int64 [n]."""
        return used_rows(self.data, split, self.seed)

    def rows(self, split: TrainingSplit, index: int) -> np.ndarray:
        """Row numbers of this worker's part of a batch, int64 [b].

        Args:
            split: `train` or `validation`.
            index: global training step; batch of the validation split.
        """
        if split == "train":
            epoch, step = divmod(index, self.steps_per_epoch)
            return self.order(epoch).batch(step, self.rank, self.world)
        rows = self.used_rows("validation")
        mine = np.array_split(rows, self.world)[self.rank]  # neighbours, so that a worker reads few row groups
        return mine[index * VALIDATION_BATCH : (index + 1) * VALIDATION_BATCH]

    @property
    def validation_batches(self) -> int:
        """Batches in which the workers together measure the validation split; some may be empty for this one."""
        return -(-len(self.used_rows("validation")) // (VALIDATION_BATCH * self.world))

    def batches(self, reading: Reading) -> Iterator[Batch]:
        """Yield this worker's batches of a reading; training batches are augmented.

        Rows that cannot be decoded are among them, marked: a place in the order belongs to its row, whatever it holds.
        The crop of a training row is a function of (seed, epoch, row) alone, and so is its label where labels are
        shuffled.
        """
        indices = range(reading.first, reading.last)
        rows_of_batches = [self.rows(reading.split, index) for index in indices]
        # All are read together: a row group serves many batches.
        photographs = open_dataset(self.data.path).photographs(reading.split, np.concatenate(rows_of_batches))
        for index, rows in zip(indices, rows_of_batches, strict=True):
            yield self.decoded(reading.split, index, [next(photographs) for _ in rows])

    def decoded(self, split: TrainingSplit, index: int, photographs: list[Photograph]) -> Batch:
        """Return a batch, or a part of it, from the photographs of its rows; `batches` says what a row depends on."""
        epoch = index // self.steps_per_epoch if split == "train" else None
        return self._batch(photographs, index, epoch)

    def evaluation_batches(
        self, split: str, rows: np.ndarray, batch_size: int, *, hashes: bool = False
    ) -> Iterator[Batch]:
        """Yield the given rows in the order given, centre-cropped; the last batch may be smaller.

        Rows that cannot be decoded are not among them.
        """
        for index, start in enumerate(range(0, len(rows), batch_size)):
            part = rows[start : start + batch_size]
            photographs = list(open_dataset(self.data.path).photographs(split, part))
            yield self._batch(photographs, index, hashes=hashes).usable

    def _crop(self, height: int, width: int, row: int, epoch: int | None) -> Crop:
        data = self.data
        if epoch is None:
            return centre_crop(height, width, data.eval_crop)
        rng = np.random.default_rng([self.seed, epoch, row])
        return random_crop(height, width, data.crop_scale, data.crop_ratio, data.flip, rng)

    def _batch(
        self, photographs: list[Photograph], index: int, epoch: int | None = None, hashes: bool = False
    ) -> Batch:
        images = np.zeros((len(photographs), *self.geometry.shape(self.view), 3), np.uint8)
        rows = np.array([photograph.row for photograph in photographs], np.int64)
        labels = np.array([photograph.label for photograph in photographs], np.int64)
        if epoch is not None and self.data.shuffle_labels:
            labels = shuffled_labels(self.data, self.seed)[rows]
        hash_N = np.zeros(len(photographs), np.uint64)
        for position, photograph in enumerate(photographs):
            choose = partial(self._crop, row=photograph.row, epoch=epoch)
            try:
                # A gaze that wanders sees what lies beyond the crop.
                image, crop = decode_crop(photograph.data, choose, whole=self.wandering)
            except ImageError:
                labels[position] = FAULTY
                continue
            if hashes:
                hash_N[position] = photograph_hash(image, crop)
            rng, look = np.random.default_rng([self.seed, photograph.row]), STRAIGHT
            if self.scrambled:
                image, crop = scrambled_crop(image, crop, rng)
            if epoch is not None and self.data.random_masks:
                mask_rng = np.random.default_rng([self.seed, epoch, photograph.row, _MASKED])
                look = random_mask(self.data.random_masks, mask_rng)
            if self.wandering:
                look = random_fixation(self.view, rng)
            images[position] = network_input(image, crop, self.view, self.geometry, look)
        return Batch(images, labels, rows, index, hash_N if hashes else None)


def open_dataset(path: str) -> DatasetFolder:
    """The data set folder at a path, opened once per process."""
    return _open(path)


def used_rows(data: DataSettings, split: str, seed: int) -> np.ndarray:
    """Row numbers of a split that the settings use (all, or `data.limit` of them), ascending, int64 [n]."""
    return _used_rows(data.path, split, data.limit, seed)


def shuffled_labels(data: DataSettings, seed: int) -> np.ndarray:
    """The labels of the training split, permuted among the rows that the settings use, int64 by row number."""
    return _shuffled_labels(data.path, data.limit, seed)


def scrambled_crop(image_HWC: np.ndarray, crop: Crop, rng: np.random.Generator) -> tuple[np.ndarray, Crop]:
    """A photograph's crop with random phases, and the crop's place in it.

    Only the crop is scrambled, at the photograph's resolution: both views see what they would see of its spectrum.

    Args:
        image_HWC: decoded photograph, uint8 [H, W, 3].
        crop: inside it.
        rng: draws the phases.
    """
    top, left = math.floor(crop.top), math.floor(crop.left)
    part_HWC = image_HWC[top : math.ceil(crop.top + crop.height), left : math.ceil(crop.left + crop.width)]
    return phase_scrambled(part_HWC, rng), replace(crop, top=crop.top - top, left=crop.left - left)


def photograph_hash(image_HWC: np.ndarray, crop: Crop) -> int:
    """Return 64 bits that nearly equal crops share (`difference_hash`); 0 for crops of less than 9 px.

    Args:
        image_HWC: decoded photograph, uint8 [H, W, 3].
        crop: of whole px, not mirrored.
    """
    top, left, height, width = (int(edge) for edge in (crop.top, crop.left, crop.height, crop.width))
    part_HWC = image_HWC[top : top + height, left : left + width]
    return difference_hash(part_HWC) if min(part_HWC.shape[:2]) >= 9 else 0


def check_class_mix(data: DataSettings, seed: int, batch_size: int) -> None:
    """Refuse an order of training whose batches hold too few classes, as those of shards stored by class do.

    Raises:
        PoorClassMix: the message has the measured number of classes, and a window that mends it.
    """
    rows = used_rows(data, "train", seed)
    if data.shuffle_window >= len(rows):
        return  # all rows are shuffled together
    table = open_dataset(data.path).rows("train")
    mix = class_mix(_order(data, seed, batch_size, 0), table.label)
    if mix.of_random >= data.min_class_mix:
        return

    def mix_of(window: int) -> ClassMix:
        order = epoch_order(rows, table.group[rows], seed, 0, batch_size, data.lanes, window)
        return class_mix(order, table.label)

    window = mixing_window(mix_of, len(rows), data.shuffle_window, data.min_class_mix)
    raise PoorClassMix(
        f"{data.path}: a training batch of {batch_size} would hold {mix}, less than data.min-class-mix "
        f"{data.min_class_mix:g} of them: the shards are stored by class. Give data.shuffle-window {window} (reads "
        "storage more often), or use a mixed copy"
    )


@lru_cache(maxsize=4)
def _open(path: str) -> DatasetFolder:
    return DatasetFolder.open(path)


@lru_cache(maxsize=8)
def _used_rows(path: str, split: str, limit: int | None, seed: int) -> np.ndarray:
    return limited_rows(len(_open(path).rows(split)), limit, seed)


@lru_cache(maxsize=2)
def _shuffled_labels(path: str, limit: int | None, seed: int) -> np.ndarray:
    label = _open(path).rows("train").label.copy()
    rows = _used_rows(path, "train", limit, seed)
    label[rows] = np.random.default_rng([seed, _SHUFFLED]).permutation(label[rows])
    return label


@lru_cache(maxsize=2)
def _order(data: DataSettings, seed: int, batch_size: int, epoch: int) -> EpochOrder:
    rows = used_rows(data, "train", seed)
    groups = open_dataset(data.path).rows("train").group[rows]
    return epoch_order(rows, groups, seed, epoch, batch_size, data.lanes, data.shuffle_window)
