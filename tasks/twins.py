"""Tasks that look for twin channels: channels of two networks that respond alike to the same images."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import pyarrow as pa

from lp_core.findings.twin_table import twin_table
from lp_core.network.layers import architecture_of
from lp_core.run.files import MAXIMA, MAXIMA_IMAGES
from lp_core.settings import Recipe
from lp_core.storage import Storage
from tasks.pieces import Executor
from tasks.progress import Progress

NO_MAXIMA = "a scan wrote no maxima; `logpolar scan` with --scan.maxima always writes them"
"""Why there are no twins."""


@dataclass(frozen=True)
class TwinNetwork:
    """A network in a table of twins.

    Args:
        name: such as cartesian, or cartesian seed-1.
        scan: URI of the folder of its scan.
    """

    name: str
    scan: str


def has_maxima(scan: Storage) -> bool:
    """Whether a scan wrote the maxima of all images."""
    return scan.exists(MAXIMA_IMAGES) and scan.exists(MAXIMA)


def twins_of(a: TwinNetwork, b: TwinNetwork, recipe: Recipe, executor: Executor) -> pa.Table | None:
    """Return the table of twins of two networks of one width; None where a scan wrote no maxima.

    Args:
        a, b: the networks.
        recipe: gives the width, and the seed of the shuffles.
        executor: runs the layers.
    """
    if not (has_maxima(Storage(a.scan)) and has_maxima(Storage(b.scan))):
        return None
    counts = architecture_of(recipe.network).channels
    starts = dict(zip(counts, accumulate(counts.values(), initial=0), strict=False))
    pieces = [(a.scan, b.scan, layer, starts[layer], counts[layer], recipe.seed) for layer in counts]
    rows = {}
    with Progress(f"twins of {a.name} and {b.name}", len(pieces), "layers") as progress:
        for row in executor.run(twin_layer, pieces):
            rows[row["layer"]] = row
            progress.advance(1)
    return twin_table(a.name, b.name, [rows[layer] for layer in counts])


def twin_layer(a: str, b: str, layer: str, start: int, channels: int, seed: int) -> dict[str, object]:
    """Return the row of a layer in the table of twins, without the names of the networks.

    Args:
        a, b: URIs of the folders of two scans that wrote maxima.
        layer: its name.
        start: column of its first channel in the maxima.
        channels: of the layer.
        seed: of the shuffles.
    """
    from lp_core.measures.twins import twin_channels

    rows_a, rows_b = (
        Storage(folder).read_table(MAXIMA_IMAGES, use_threads=False)["row"].to_numpy() for folder in (a, b)
    )
    both, index_a, index_b = np.intersect1d(rows_a, rows_b, return_indices=True)
    columns = slice(start, start + channels)
    a_NA, b_NB = (_maxima(Storage(folder), columns)[index] for folder, index in ((a, index_a), (b, index_b)))
    row: dict[str, object] = {"layer": layer, "share": None, "threshold": None, "median_correlation": None}
    if len(both) < 3 or not (np.ptp(a_NA, axis=0) > 0).any() or not (np.ptp(b_NB, axis=0) > 0).any():
        return row
    twins = twin_channels(a_NA, b_NB, np.random.default_rng([seed, start]))
    known_A = twins.correlation_A[~np.isnan(twins.correlation_A)]
    return row | {"share": twins.share, "threshold": twins.threshold, "median_correlation": float(np.median(known_A))}


def _maxima(scan: Storage, columns: slice) -> np.ndarray:
    """Some columns of the maxima of all images, float16 [N, c]; on this machine without reading the others."""
    if scan.is_local:
        return np.array(np.load(scan.path(MAXIMA), mmap_mode="r")[:, columns])
    return np.load(io.BytesIO(scan.read_bytes(MAXIMA)))[:, columns].copy()
