"""The files of a scan: exemplars, channel statistics, places, activation by ring, and the maxima of all images."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import IO

import numpy as np
import pyarrow as pa

from lp_core.dataset.feed import used_rows
from lp_core.dataset.folder import DatasetFolder
from lp_core.exemplars.channel_statistics import statistics_table
from lp_core.exemplars.lower_exemplars import lower_exemplars, opened_maxima
from lp_core.exemplars.ring_activity import by_layer, rings_bytes
from lp_core.exemplars.scan_result import ScanResult, hashes_of, maxima_of
from lp_core.exemplars.table import InputShares, exemplar_table, write_exemplars
from lp_core.exemplars.top_k import TopK
from lp_core.fingerprint import checksum, fingerprint
from lp_core.images.network_input import log_polar_map
from lp_core.network.layers import architecture_of
from lp_core.run.files import CHANNELS, LOWER_EXEMPLARS, MAXIMA, MAXIMA_IMAGES, PLACES, RINGS
from lp_core.run.inputs import view_inputs
from lp_core.run.stage import Stage
from lp_core.settings import Recipe, ViewName

FOVEA = 2.0
"""Radius in px of the resized crop up to which a ring repeats a handful of the photograph's pixels. Our choice."""


@dataclass(frozen=True)
class ScanFiles:
    """The files of one scan, in the folder of its stage.

    Args:
        stage: the scan; its inputs name the weights.
        recipe: settings of the run; `scan.split` is the split that was scanned.
        view: whose network.
        dataset: the data set.
    """

    stage: Stage
    recipe: Recipe
    view: ViewName
    dataset: DatasetFolder

    @cached_property
    def images(self) -> pa.Table:
        """`row`, `image_id` and `label` of every image that the scan was asked for, by ascending row number."""
        split = self.dataset.rows(self.recipe.scan.split)
        rows = used_rows(self.recipe.data, self.recipe.scan.split, self.recipe.seed)
        return pa.table({"row": rows, "image_id": [split.image_id(row) for row in rows], "label": split.label[rows]})

    def images_of(self, row_N: np.ndarray) -> pa.Table:
        """The same of some images, given by row number; rows that the scan was not asked for are left out."""
        return self.images.filter(np.isin(self.images["row"].to_numpy(), row_N))

    def exemplars(self, top_k: TopK) -> pa.Table:
        """The table of exemplars of a nine, with fingerprints of weights, data set and transform as metadata."""
        recipe = self.recipe
        metadata = {
            "weights": self.stage.inputs["weights"],
            "dataset": self.dataset.fingerprint,
            "transform": fingerprint(view_inputs(recipe, self.view) | {"eval_crop": recipe.data.eval_crop}),
            "scan": self.stage.fingerprint,
        }
        masks, wraps = {}, self.view == "log_polar" and recipe.network.angle_padding == "circular"
        architecture = architecture_of(recipe.network)
        if self.view == "log_polar":
            log_polar = log_polar_map(recipe.geometry)
            masks = {"fill": log_polar.looks_outside(), "fovea": log_polar.looks_within(FOVEA)}
        return exemplar_table(
            top_k,
            architecture.channels,
            self.images,
            self.dataset.class_names,
            metadata,
            InputShares(recipe.geometry.shape(self.view), masks, wraps),
            architecture,
        )

    def write(self, result: ScanResult) -> dict[str, str]:
        """Write the tables of exemplars and channels, the places and the rings; return SHA-256 by file name."""
        folder, statistics = self.stage.folder, result.statistics
        places = io.BytesIO()
        np.savez_compressed(
            places, allow_pickle=False, **{layer: statistics.places(layer) for layer in statistics.layer_channels}
        )
        architecture = architecture_of(self.recipe.network)
        layers = by_layer(result.rings, statistics.layer_channels, self.view, self.recipe.geometry, architecture)
        written = write_exemplars(self.exemplars(result.top_k), folder)
        written[CHANNELS] = folder.write_table(CHANNELS, statistics_table(statistics))
        for name, data in ((PLACES, places.getvalue()), (RINGS, rings_bytes(layers))):
            folder.write_bytes(name, data)
            written[name] = checksum(data)
        return written

    def write_maxima(self, pieces: Sequence[str], result: ScanResult) -> dict[str, str]:
        """Write all images' maxima, one piece of the scan at a time, the images they belong to, and lower exemplars.

        Args:
            pieces: files of results in the stage's folder, by ascending row number.
            result: of all of them.

        Returns:
            SHA-256 by file name.
        """
        folder = self.stage.folder
        channels = architecture_of(self.recipe.network).channels
        images = self.images_of(result.statistics.row_N)
        hash_N = np.concatenate([hashes_of(folder.read_bytes(piece)) for piece in pieces])
        written = {MAXIMA_IMAGES: folder.write_table(MAXIMA_IMAGES, images.append_column("hash", pa.array(hash_N)))}
        shape = len(images), sum(channels.values())
        with folder.writing(MAXIMA) as file:
            written[MAXIMA] = write_halves(file, shape, (maxima_of(folder.read_bytes(piece)) for piece in pieces))
        with opened_maxima(folder) as maxima_NC:
            nine, names = result.top_k.row_CK, self.dataset.class_names
            lower = lower_exemplars(maxima_NC, images, nine, channels, names)
        return written | {LOWER_EXEMPLARS: folder.write_table(LOWER_EXEMPLARS, lower, compression="zstd")}

    def remove_maxima(self) -> None:
        """Remove the maxima of an earlier scan, with other weights."""
        for name in (MAXIMA, MAXIMA_IMAGES, LOWER_EXEMPLARS):
            self.stage.folder.remove(name)


def write_halves(file: IO[bytes], shape: tuple[int, int], parts: Iterable[np.ndarray]) -> str:
    """Write a float16 array as .npy without holding it whole; return the SHA-256 of what was written.

    Args:
        file: open for writing.
        shape: of the array, [N, C].
        parts: its rows in order, float16 [n, C] each.
    """
    header, digest = io.BytesIO(), hashlib.sha256()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f2", "fortran_order": False, "shape": shape})
    file.write(header.getvalue())
    digest.update(header.getvalue())
    for part in parts:
        data = part.tobytes()
        file.write(data)
        digest.update(data)
    return digest.hexdigest()
