"""The first look of a scan: one task that finds, in a few images, above which activation a unit counts as strong."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from lp_core.fingerprint import fingerprint
from lp_core.settings.scan import Automatic
from lp_core.storage import Storage
from tasks.from_recipe import rows_of, scan_feed
from tasks.pieces import Executor
from tasks.scanning import Search, peaks_of
from tasks.worker_process import prepare_measuring

if TYPE_CHECKING:
    from torch import Tensor


def look_file(scan: str) -> str:
    """Name of the file of a scan's first look.

    Args:
        scan: fingerprint of everything that the scan depends on.
    """
    return f"scan/first-look-{fingerprint(scan)}.npz"


def look_first(searches: tuple[Search, ...], executor: Executor, gpus: float | Automatic) -> None:
    """Make sure that each network had its first look; one task decodes the images once for all that had none."""
    missing = tuple(search for search in searches if not _has_looked(search))
    for _ in executor.run(look, [(missing,)] if missing else [], gpus):
        pass


def look(searches: tuple[Search, ...]) -> None:
    """Write each network's thresholds, from images that are the same however the scan is divided."""
    from lp_core.exemplars.first_look import sample_rows, sample_units, thresholds, to_bytes
    from lp_core.network.layers import architecture_of

    prepare_measuring()
    recipe, view = searches[0].trained.recipe, searches[0].trained.view
    rows = sample_rows(rows_of(recipe, recipe.scan.split))
    batches = list(scan_feed(recipe, view).evaluation_batches(recipe.scan.split, rows, recipe.scan.batch_size))
    for search in searches:
        sampled: dict[str, list[np.ndarray]] = defaultdict(list)

        def watch(layer: str, a_NCSR: Tensor, sampled: dict[str, list[np.ndarray]] = sampled) -> None:
            sampled[layer].append(sample_units(a_NCSR))

        for _ in peaks_of(search.trained, batches, watch):
            pass
        none = np.zeros(sum(architecture_of(recipe.network).channels.values()), np.float32)  # no image could be decoded
        parts = [thresholds(np.concatenate(parts)) for parts in sampled.values()]
        threshold_C = np.concatenate(parts) if parts else none
        Storage(search.folder).write_bytes(search.look, to_bytes(threshold_C))


def _has_looked(search: Search) -> bool:
    try:
        search.thresholds()
    except (OSError, ValueError):
        return False
    return True
