"""Evaluation of a log-polar network with blanked cells: each image is decoded and warped once for all conditions."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
import pyarrow as pa

from lp_core.dataset.feed import open_dataset
from lp_core.errors import check
from lp_core.fingerprint import fingerprint
from lp_core.images.network_input import log_polar_map
from lp_core.measures.lesion import blanked
from lp_core.measures.lesion_conditions import DRAWS, Condition, lesion_conditions, lesion_table
from lp_core.run.inputs import measure_inputs
from lp_core.settings import ViewSettings
from tasks.from_recipe import feed_of
from tasks.kept_pieces import Arrays, PieceFiles, arrays_of_rows
from tasks.networks import Trained, kept_network
from tasks.pieces import Executor
from tasks.progress import say
from tasks.worker_process import prepare_measuring


def lesion(
    trained: Trained, rows: np.ndarray, executor: Executor, folder: str, *, draws: int = DRAWS, seed: int = 0
) -> pa.Table:
    """Return top-1 under every condition of `lesion_conditions`, as `lesion_table` lays it out.

    The condition "none" is the evaluation itself: over the same rows, its top-1 is that of evaluation.json.

    Args:
        trained: a network of the log-polar view.
        rows: of the validation split, ascending; those that cannot be decoded are left out.
        executor: runs the pieces.
        folder: URI of a folder for the pieces. It stays until the caller has written the table, and is then removed
            with `PieceFiles.remove`; a rerun before that resumes.
        draws: places elsewhere that each control blanks.
        seed: of the places.

    Raises:
        SettingError: the network is not of the log-polar view.
        LogpolarError: what a piece raised.
    """
    check(
        trained.view == "log_polar", f"the lesion blanks rings, and view {trained.view} has none; give a log-polar one"
    )
    recipe = trained.recipe
    conditions, remarks = conditions_of(recipe.geometry, draws, seed)
    for remark in remarks:
        say(remark)
    arrays = arrays_of_rows(
        executor,
        partial(lesion_hits, trained, draws, seed),
        rows,
        lesion_files(trained, folder, draws, seed),
        recipe.scan.piece_rows,
        recipe.scan.gpus_per_task,
        f"lesion with {len(conditions)} conditions",
    )
    return lesion_table(trained.view, conditions, arrays["hit_NK"])


def lesion_files(trained: Trained, folder: str, draws: int = DRAWS, seed: int = 0) -> PieceFiles:
    """Return the names of the pieces' files, which depend on everything that the answers do."""
    recipe = trained.recipe
    depends = measure_inputs(recipe, trained.view, open_dataset(recipe.data.path).fingerprint, trained.weights)
    return PieceFiles(folder, fingerprint([depends, recipe.scan.batch_size, draws, seed]))


def lesion_hits(trained: Trained, draws: int, seed: int, rows: np.ndarray) -> Arrays:
    """Return whether the network names the class of some validation rows first: row_N, and hit_NK by condition.

    As `evaluate_rows`, in batches of the same size, so that nothing blanked gives the same bits.
    """
    import torch

    from lp_core.network.accuracy import ranks
    from lp_core.network.inputs import MEAN, filled, normalized

    prepare_measuring()
    network, device = kept_network(trained)
    conditions, _ = conditions_of(trained.recipe.geometry, draws, seed)
    size, colour = trained.recipe.scan.batch_size, 255 * np.array(MEAN)
    row_parts, hit_parts = [np.zeros(0, np.int64)], [np.zeros((0, len(conditions)), bool)]
    for batch in feed_of(trained.recipe, trained.view).evaluation_batches("validation", rows, size):
        images = len(batch.rows_N)
        label_N = torch.tensor(batch.labels_N, device=device)
        hit_NK = np.zeros((images, len(conditions)), bool)
        for k, condition in enumerate(conditions):
            shown_NSRC = blanked(batch.images_NSRC, condition.mask_SR, colour)
            with torch.inference_mode():
                logits_NC = network(normalized(filled(shown_NSRC, size), device))[:images]
            hit_NK[:, k] = (ranks(logits_NC, label_N) < 1).cpu().numpy()
        row_parts.append(batch.rows_N)
        hit_parts.append(hit_NK)
    return {"row_N": np.concatenate(row_parts), "hit_NK": np.concatenate(hit_parts)}


@lru_cache(maxsize=4)
def conditions_of(geometry: ViewSettings, draws: int, seed: int) -> tuple[list[Condition], list[str]]:
    """Return `lesion_conditions` of a view's map, made once per process."""
    return lesion_conditions(log_polar_map(geometry), draws, seed)
