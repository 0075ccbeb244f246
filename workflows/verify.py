"""`logpolar verify`: all exemplars found again by brute force, and compared with the files of the scan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from lp_core.errors import DataError
from lp_core.run.files import EXEMPLARS
from lp_core.run.stage import Stage
from lp_core.settings import ViewName
from tasks.from_recipe import rows_of, scan_feed, scan_rotations
from tasks.networks import kept_network
from tasks.progress import Progress, say
from tasks.worker_process import prepare_measuring
from workflows.session import Session

if TYPE_CHECKING:
    import torch

SHOWN = 10
TOLERANCE = 1e-4
"""Largest relative difference of activations that another processor, torch or number of threads computed. Rounding
differs by about 1e-6 (measured, docs/EXEMPLARS.md)."""


def verify(session: Session) -> None:
    """Search the nine of every channel again, in this process and by a plain loop; compare every column of the table.

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
        peaks = brute_force(network, _batches(session, view, name, device, searched), table, tolerance, rotations)
    except (OSError, ValueError) as error:
        raise DataError(f"{stage.folder.path(EXEMPLARS)}: {error}") from None
    finally:
        torch.set_num_threads(threads)
    complaints = (
        exemplar_differences(table, peaks, tolerance) + _derived(session, view, stage, table) + stage.changed_files()
    )
    for complaint in complaints[:SHOWN]:
        say(f"verify {name}: {complaint}")
    images = len(searched)
    if complaints:
        raise DataError(f"view {name}: {len(complaints)} differences in {len(table)} exemplars of {images} images")
    how = "bit for bit" if exact else f"within {TOLERANCE:g}, because the scan ran on {' and '.join(machines)}"
    say(f"verify {name}: {len(table)} exemplars agree with a brute force search of {images} images {how}")


def _batches(
    session: Session, view: ViewName, name: str, device: torch.device, searched: list[int]
) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Row numbers and network inputs of the split that was scanned; row numbers are appended to `searched`."""
    from lp_core.network.inputs import filled, normalized

    recipe = session.recipe
    rows, size = rows_of(recipe, recipe.scan.split), recipe.scan.batch_size
    with Progress(f"verify {name}", len(rows), "images") as progress:
        for batch in scan_feed(recipe, view).evaluation_batches(recipe.scan.split, rows, size):
            yield batch.rows_N.tolist(), normalized(filled(batch.images_NSRC, size), device)
            searched += batch.rows_N.tolist()
            progress.advance(len(batch.rows_N))


def _derived(session: Session, view: ViewName, stage: Stage, table: pa.Table) -> list[str]:
    """In words: names, receptive fields and shares that disagree with the image and the unit of their row."""
    from lp_core.exemplars.scan_files import ScanFiles
    from lp_core.exemplars.table import recorded_nine
    from lp_core.exemplars.verification import column_differences

    files = ScanFiles(stage, session.recipe, view, session.dataset)
    try:
        return column_differences(table, files.exemplars(recorded_nine(table)))
    except (ValueError, KeyError, IndexError) as error:
        return [str(error)]
