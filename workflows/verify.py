"""`logpolar verify`: all of the exemplars found again by brute force."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa

from lp_core.dataset.feed import Feed, used_rows
from lp_core.errors import DataError
from lp_core.run.stage import Stage
from lp_core.settings import ViewName
from lp_core.storage import Storage
from tasks.networks import held
from tasks.progress import Progress, say
from tasks.scanning import filled
from workflows.scan import exemplars_of
from workflows.session import Session

SHOWN = 10
TOLERANCE = 1e-4
"""Largest relative difference of activations where another processor, torch or number of threads computed them."""


def verify(session: Session) -> None:
    """Recompute the nine of every channel in this process and by a plain loop, and compare every column of the table.

    On the machine of the scan activations must be equal bit for bit; elsewhere they may differ as rounding does.

    Raises:
        LogpolarError: a scan is not finished with the present settings, a table differs from what was found, or a
            file from what the scan wrote.
    """
    for view in session.recipe.views:
        for epoch, stage in session.stages.scans(view).items():
            session.stages.require(stage)
            name = view if epoch is None else f"{view} epoch {epoch}"
            _verify(session, view, epoch, stage, name)


def _verify(session: Session, view: ViewName, epoch: int | None, stage: Stage, name: str) -> None:
    import torch

    from lp_core.exemplars.table import read_exemplars
    from lp_core.exemplars.verification import brute_force, differences
    from lp_core.network.learner import normalized
    from lp_core.network.machine import machine

    recipe, manifest = session.recipe, stage.manifest()
    assert manifest is not None
    rows = used_rows(recipe, recipe.scan.split)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as a task of the scan has
    network, device = held(replace(session.trained(view, epoch), use_gpu=False))
    machines = manifest.get("machines", ["a machine not recorded"])
    exact = machines == [machine(device)]
    if not exact:
        torch.set_num_threads(threads)
    tolerance = 0.0 if exact else TOLERANCE

    searched = 0

    def batches() -> Iterator[Any]:
        nonlocal searched
        size = recipe.scan.batch_size
        with Progress(f"verify {name}", len(rows), "images") as progress:
            for batch in Feed(recipe, view).evaluation_batches(recipe.scan.split, rows, size):
                yield batch.rows_N.tolist(), normalized(filled(batch.images_NSRC, size), device)
                searched += len(batch.rows_N)
                progress.advance(len(batch.rows_N))

    try:
        table = read_exemplars(io.BytesIO(stage.folder.read_bytes("exemplars.parquet")))
        found = brute_force(network, batches(), table, tolerance)
    except (OSError, ValueError) as error:
        raise DataError(f"{stage.folder.path('exemplars.parquet')}: {error}") from None
    finally:
        torch.set_num_threads(threads)
    complaints = differences(table, found, tolerance)
    complaints += _derived(session, view, stage, table) + _changed(stage.folder, manifest.get("files", {}))
    for line in complaints[:SHOWN]:
        say(f"verify {name}: {line}")
    if complaints:
        raise DataError(f"view {name}: {len(complaints)} differences in {len(table)} exemplars of {searched} images")
    how = "bit for bit" if exact else f"within {TOLERANCE:g}, for the scan ran on {' and '.join(machines)}"
    say(f"verify {name}: {len(table)} exemplars agree with a brute force search of {searched} images {how}")


def _derived(session: Session, view: ViewName, stage: Stage, table: pa.Table) -> list[str]:
    """What disagrees with the image and the unit of its own line: names, receptive fields, shares."""
    from lp_core.exemplars.table import recorded_nine
    from lp_core.exemplars.verification import column_differences

    try:
        return column_differences(table, exemplars_of(session, view, stage, recorded_nine(table)))
    except (ValueError, KeyError, IndexError) as error:
        return [str(error)]


def _changed(folder: Storage, files: dict[str, str]) -> list[str]:
    """Files that are no longer what the scan wrote."""
    changed = []
    for name, expected in files.items():
        digest = hashlib.sha256()
        try:
            with folder.filesystem.open_input_file(folder.path(name)) as file:
                while part := file.read(2**24):
                    digest.update(part)
        except FileNotFoundError:
            changed.append(f"{name} is missing")
            continue
        if digest.hexdigest() != expected:
            changed.append(f"{name} has changed since the scan wrote it")
    return changed
