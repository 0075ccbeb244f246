"""From rows to batches of network inputs: what Ray Data's map stage computes, as plain generators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from lp_core.config import Recipe, SettingError, ViewName
from lp_core.dataset.folder import DatasetFolder, Photograph, limited_rows
from lp_core.dataset.order import EpochOrder, epoch_order, steps_per_epoch
from lp_core.images.crop import Crop, centre_crop, random_crop
from lp_core.images.decode import ImageError, decode_rgb
from lp_core.images.network_input import network_input

cv2.setNumThreads(0)  # as many processes as cores read images; threads of their own would fight


@dataclass(frozen=True)
class Batch:
    """Network inputs of some rows.

    Attributes:
        images_NSRC: uint8 [n, size, size, 3] RGB.
        labels_N: int64 [n].
        rows_N: int64 [n] row numbers.
        step: global training step, or index of the batch in evaluation.
    """

    images_NSRC: np.ndarray
    labels_N: np.ndarray
    rows_N: np.ndarray
    step: int


@dataclass(frozen=True)
class Feed:
    """What one worker reads of a data set, in one view. Small and picklable: it travels to every reading task.

    Args:
        recipe: settings of the run; its `data.path` is the data set folder.
        view: `cartesian` or `log_polar`.
        rank: this worker.
        world: number of workers.
    """

    recipe: Recipe
    view: ViewName
    rank: int = 0
    world: int = 1

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps in which every training row is seen once."""
        return steps_per_epoch(len(used_rows(self.recipe, "train")), self.recipe.train.batch_size)

    def order(self, epoch: int) -> EpochOrder:
        """The order of an epoch's rows, the same on every worker."""
        return _order(self.recipe, epoch)

    def training_batches(self, first_step: int, last_step: int) -> Iterator[Batch]:
        """Yield this worker's batches of global steps first_step .. last_step - 1, augmented.

        The crop of a row is a function of (seed, epoch, row) alone.
        """
        data = self.recipe.data
        for start in range(first_step, last_step, _READ_AHEAD):
            steps = range(start, min(last_step, start + _READ_AHEAD))
            rows = {}
            for step in steps:
                epoch, within = divmod(step, self.steps_per_epoch)
                rows[step] = (epoch, self.order(epoch).batch(within, self.rank, self.world))
            # Steps are read together: a row group serves many of them. A row may come twice where an epoch ends.
            wanted = np.concatenate([batch for _, batch in rows.values()])
            found = iter(open_dataset(data.path).photographs("train", wanted))
            for step, (epoch, batch) in rows.items():
                yield self._batch(
                    [next(found) for _ in batch], step, lambda h, w, row, epoch=epoch: self._crop(h, w, row, epoch)
                )

    def evaluation_batches(self, split: str, rows: np.ndarray, batch_size: int) -> Iterator[Batch]:
        """Yield the given rows in the order given, centre-cropped; the last batch may be smaller."""
        for index, start in enumerate(range(0, len(rows), batch_size)):
            wanted = rows[start : start + batch_size]
            photographs = list(open_dataset(self.recipe.data.path).photographs(split, wanted))
            yield self._batch(photographs, index, lambda h, w, row: centre_crop(h, w, self.recipe.data.eval_crop))

    def evaluation_image(self, split: str, row: int) -> np.ndarray:
        """Network input of one row, uint8 [size, size, 3]."""
        return next(self.evaluation_batches(split, np.array([row]), 1)).images_NSRC[0]

    def _crop(self, height: int, width: int, row: int, epoch: int) -> Crop:
        data = self.recipe.data
        rng = np.random.default_rng([self.recipe.seed, epoch, row])
        return random_crop(height, width, data.crop_scale, data.crop_ratio, data.flip, rng)

    def _batch(self, photographs: list[Photograph], step: int, crop) -> Batch:
        size = self.recipe.view.size
        images = np.empty((len(photographs), size, size, 3), np.uint8)
        for place, photograph in enumerate(photographs):
            image = decoded(photograph)
            box = crop(*image.shape[:2], photograph.row)
            images[place] = network_input(image, box, self.view, self.recipe.view)
        labels = np.array([photograph.label for photograph in photographs], np.int64)
        rows = np.array([photograph.row for photograph in photographs], np.int64)
        return Batch(images, labels, rows, step)


_READ_AHEAD = 16
"""Steps whose photographs are read together."""


def decoded(photograph: Photograph) -> np.ndarray:
    """The photograph's pixels, uint8 [H, W, 3] RGB.

    Raises:
        SettingError: it cannot be decoded; the message names the row and the image.
    """
    try:
        return decode_rgb(photograph.data)
    except ImageError as error:
        raise SettingError(f"row {photograph.row}, image {photograph.image_id}: {error}") from None


def open_dataset(path: str) -> DatasetFolder:
    """The data set folder at a path, opened once per process."""
    return _open(path)


def used_rows(recipe: Recipe, split: str) -> np.ndarray:
    """Row numbers of a split that the recipe uses, ascending, int64 [n]."""
    return _used_rows(recipe.data.path, split, recipe.data.limit, recipe.seed)


@lru_cache(maxsize=4)
def _open(path: str) -> DatasetFolder:
    return DatasetFolder.open(path)


@lru_cache(maxsize=8)
def _used_rows(path: str, split: str, limit: int | None, seed: int) -> np.ndarray:
    return limited_rows(len(_open(path).rows(split)), limit, seed)


@lru_cache(maxsize=2)
def _order(recipe: Recipe, epoch: int) -> EpochOrder:
    rows = used_rows(recipe, "train")
    groups = open_dataset(recipe.data.path).rows("train").group[rows]
    data, train = recipe.data, recipe.train
    return epoch_order(rows, groups, recipe.seed, epoch, train.batch_size, data.lanes, data.shuffle_window)
