"""`logpolar verify`: everything that a scan wrote found again by brute force, and compared with its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lp_core.errors import DataError, check
from lp_core.network.layers import architecture_of
from lp_core.run.files import CHANNELS, LOWER_EXEMPLARS, MAXIMA, MAXIMA_IMAGES, PLACES, RINGS
from lp_core.run.stage import Stage
from lp_core.settings import ViewName
from lp_core.storage import one_line
from tasks.from_recipe import rows_of, scan_feed, scan_rotations
from tasks.networks import kept_network
from tasks.progress import Progress, say
from tasks.worker_process import prepare_measuring
from workflows.session import Session

if TYPE_CHECKING:
    import torch

    from lp_core.exemplars.maxima_check import MaximaCheck
    from lp_core.exemplars.recount import Recount

SHOWN = 10
TOLERANCE = 1e-4
"""Largest relative difference of activations that another processor, torch or number of threads computed. Rounding
differs by about 1e-6 (measured, docs/EXEMPLARS.md)."""


def verify(session: Session) -> None:
    """Search the nine of every channel again, in this process and by a plain loop; compare every file of the scan.

    On the machine of the scan activations must be equal bit for bit; elsewhere they may differ by `TOLERANCE`.

    Raises:
        LogpolarError: a scan is not finished with the present settings, a table differs from what the search found, or
            a file from what the scan wrote.
    """
    for view in session.recipe.views:
        for epoch, stage in session.stages.scans(view).items():
            session.stages.require(stage)
            _verify_scan(session, view, epoch, stage)


def _verify_scan(session: Session, view: ViewName, epoch: int | None, stage: Stage) -> None:
    import torch

    from lp_core.exemplars.table import read_exemplars
    from lp_core.exemplars.verification import brute_force, exemplar_differences
    from lp_core.network.machine import machine

    name = view if epoch is None else f"{view} epoch {epoch}"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as a task of the scan has
    prepare_measuring()
    network, device = kept_network(replace(session.trained(view, epoch), use_gpu=False))
    machines = stage.fact("machines") or ["a machine not recorded"]
    exact = machines == [machine(device)]
    if not exact:
        torch.set_num_threads(threads)
    tolerance = 0.0 if exact else TOLERANCE
    searched: list[int] = []
    try:
        table = read_exemplars(stage.folder)
        rotations = scan_rotations(session.recipe, device)
        recount = _recount(session, view, stage)
        with _maxima_check(session, stage, tolerance) as maxima:

            def watch(rows: Sequence[int], layer: str, a_NCSR: np.ndarray) -> None:
                peak_NC = recount.add(rows, layer, a_NCSR)
                if maxima:
                    maxima.peaks(rows, layer, peak_NC)

            batches = _batches(session, view, name, device, searched, maxima)
            peaks = brute_force(network, batches, table, tolerance, rotations, watch)
            complaints = exemplar_differences(table, peaks, tolerance) + _derived(session, view, stage, table, maxima)
        complaints += _counts(stage, recount, tolerance)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{stage.folder}: {error}") from None
    finally:
        torch.set_num_threads(threads)
    complaints += stage.changed_files()
    for complaint in complaints[:SHOWN]:
        say(f"verify {name}: {complaint}")
    images = len(searched)
    if complaints:
        raise DataError(
            f"view {name}: {len(complaints)} differences in {len(table)} exemplars and counts of {images} images"
        )
    how = "bit for bit" if exact else f"within {TOLERANCE:g}, because the scan ran on {' and '.join(machines)}"
    say(f"verify {name}: {len(table)} exemplars agree with a brute force search of {images} images {how}")
    recounted = [CHANNELS, PLACES, RINGS, *([MAXIMA, MAXIMA_IMAGES, LOWER_EXEMPLARS] if maxima else [])]
    say(f"verify {name}: {', '.join(recounted)} agree with a recount in float64")


def _counts(stage: Stage, recount: Recount, tolerance: float) -> list[str]:
    """In words: what the tables of counts say otherwise than a recount; that one cannot be read is a difference too."""
    from lp_core.exemplars.arrays_file import read_arrays
    from lp_core.exemplars.recount_differences import recount_differences

    name = CHANNELS
    try:
        channels = stage.folder.read_table(name)
        name = PLACES
        places = read_arrays(stage.folder.read_bytes(name))
    except (OSError, ValueError) as error:
        return [f"{name}: {one_line(error)}"]
    return recount_differences(recount, channels, places, tolerance)


def _recount(session: Session, view: ViewName, stage: Stage) -> Recount:
    """What counts again; it has seen no image yet."""
    from lp_core.exemplars.first_look import sample_rows
    from lp_core.exemplars.recount import Recount
    from lp_core.exemplars.ring_activity import read_ring_activity

    recipe = session.recipe
    rings = read_ring_activity(stage.folder)
    architecture = architecture_of(recipe.network)
    seen = {layer: len(activity.threshold_C) for layer, activity in rings.items()}
    check(seen == architecture.channels, f"{stage.folder.path(RINGS)} is of another network; scan again", DataError)
    sample = sample_rows(rows_of(recipe, recipe.scan.split)).tolist()
    return Recount(view, recipe.geometry, rings, frozenset(sample), architecture)


@contextmanager
def _maxima_check(session: Session, stage: Stage, tolerance: float) -> Iterator[MaximaCheck | None]:
    """What compares the maxima of all images; None where the scan kept none."""
    from lp_core.exemplars.lower_exemplars import opened_maxima
    from lp_core.exemplars.maxima_check import MaximaCheck

    if MAXIMA not in (stage.fact("files") or {}):
        yield None
        return
    with opened_maxima(stage.folder) as maxima_NC:
        images = stage.folder.read_table(MAXIMA_IMAGES)
        yield MaximaCheck(maxima_NC, images, architecture_of(session.recipe.network).channels, tolerance)


def _batches(
    session: Session,
    view: ViewName,
    name: str,
    device: torch.device,
    searched: list[int],
    maxima: MaximaCheck | None,
) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Row numbers and network inputs of the split that was scanned; row numbers are appended to `searched`."""
    from lp_core.network.inputs import filled, normalized

    recipe = session.recipe
    rows, size = rows_of(recipe, recipe.scan.split), recipe.scan.batch_size
    feed = scan_feed(recipe, view)
    with Progress(f"verify {name}", len(rows), "images") as progress:
        for batch in feed.evaluation_batches(recipe.scan.split, rows, size, hashes=maxima is not None):
            numbers = batch.rows_N.tolist()
            if maxima and batch.hash_N is not None:
                maxima.hashes(numbers, batch.hash_N)
            yield numbers, normalized(filled(batch.images_NSRC, size), device)
            searched += numbers
            progress.advance(len(numbers))


def _derived(session: Session, view: ViewName, stage: Stage, table: pa.Table, maxima: MaximaCheck | None) -> list[str]:
    """In words: names, receptive fields and shares that disagree with the image and the unit of their row; maxima."""
    from lp_core.exemplars.scan_files import ScanFiles
    from lp_core.exemplars.table import recorded_nine
    from lp_core.exemplars.verification import column_differences

    files = ScanFiles(stage, session.recipe, view, session.dataset)
    try:
        nine = recorded_nine(table)
        complaints = column_differences(table, files.exemplars(nine))
        if maxima:
            lower = stage.folder.read_table(LOWER_EXEMPLARS)
            images = files.images_of(maxima.images["row"].to_numpy())
            maxima.tables(images, lower, nine.row_CK, session.dataset.class_names)
            complaints += maxima.complaints
        return complaints
    except (ValueError, KeyError, IndexError) as error:
        return [str(error)]
