"""Evaluation under every condition of the tolerance test: each photograph is decoded once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from lp_core.dataset.feed import open_dataset
from lp_core.fingerprint import fingerprint
from lp_core.images.crop import resize_crop
from lp_core.images.decode import ImageError, decode_rgb
from lp_core.images.look import Look
from lp_core.images.network_input import network_input
from lp_core.measures.tolerance_conditions import MULTI, Base, Transform, base_crop, conditions, fixations
from lp_core.run.inputs import measure_inputs
from lp_core.settings import Recipe, ViewName
from tasks.from_recipe import rows_of
from tasks.kept_pieces import Arrays, PieceFiles, arrays_of_rows
from tasks.networks import Trained, kept_network
from tasks.pieces import Executor
from tasks.worker_process import prepare_measuring

MEANS: dict[str, Transform] = {"crop_NM": "fixation_crop", "gaze_NM": "fixation_gaze"}
"""Arrays of averaged fixations, and the grid that they are taken from."""
VERSION = 2
"""Changes when a newer version answers otherwise."""
_SAMPLED = 0x701E7A9CE
"""Sets the random numbers of the sample apart from others of the same seed. Our choice."""
SHARE = 8
"""Pieces are this many times smaller than those of a scan, because each image has hundreds of forward
passes. Our choice."""


def tolerance_sample(recipe: Recipe) -> np.ndarray:
    """Return the rows of the validation split that are looked at, ascending: the same in all conditions and views."""
    rows = rows_of(recipe, "validation")
    if len(rows) <= recipe.measure.tolerance_images:
        return rows
    rng = np.random.default_rng([recipe.seed, _SAMPLED])
    return np.sort(rng.choice(rows, recipe.measure.tolerance_images, replace=False))


def other_rows(recipe: Recipe, rows: np.ndarray) -> dict[int, np.ndarray]:
    """Return, for rows of the sample, the rows whose photograph their masks may show: the first that can be decoded.

    They are the photographs of other classes, from half of the sample further on: neighbours may be of one class, and
    those of neighbours are read together. The last one is the row itself, for a sample without another class.
    """
    sample = tolerance_sample(recipe)
    label_N = open_dataset(recipe.data.path).rows("validation").label
    others = {}
    for row in rows.tolist():
        rest = np.roll(sample, -(np.searchsorted(sample, row) + len(sample) // 2))
        others[row] = np.append(rest[label_N[rest] != label_N[row]], row)
    return others


def tolerance(trained: Trained, executor: Executor, folder: str) -> Arrays:
    """Return what the network answers to every photograph under every condition (`tolerance_answers`), by row.

    Args:
        trained: the network.
        executor: runs the pieces.
        folder: URI of a folder for the pieces. It stays until the caller has written the arrays, and is then removed
            with `PieceFiles.remove`; a rerun before that resumes.

    Raises:
        LogpolarError: what a piece raised.
    """
    recipe, rows = trained.recipe, tolerance_sample(trained.recipe)
    return arrays_of_rows(
        executor,
        partial(tolerance_answers, trained),
        rows,
        tolerance_files(trained, folder),
        max(recipe.scan.batch_size, recipe.scan.piece_rows // SHARE),
        recipe.scan.gpus_per_task,
        f"tolerance {trained.view} under {len(conditions())} conditions",
    )


def tolerance_files(trained: Trained, folder: str) -> PieceFiles:
    """Return the names of the pieces' files, which depend on everything that the answers do."""
    recipe = trained.recipe
    depends = measure_inputs(recipe, trained.view, open_dataset(recipe.data.path).fingerprint, trained.weights)
    return PieceFiles(folder, fingerprint([VERSION, depends, recipe.scan.batch_size, repr(conditions())]))


def tolerance_answers(trained: Trained, rows: np.ndarray) -> Arrays:
    """Return what the network answers to some validation rows, but faulty ones; K `conditions()`.

    As `evaluate_rows`, in batches of the same size, so that the identity gives the same bits.

    Returns:
        row_N int64; label_N int32; predicted_NK int32, the class of the highest logit; loss_NK float32, in nats;
        crop_NM and gaze_NM int32, the class of the highest mean logit of `MULTI` fixations.
    """
    import torch

    from lp_core.network.inputs import filled, normalized
    from lp_core.network.predictions import Predictions

    prepare_measuring()
    network, device = kept_network(trained)
    size, every, parts = trained.recipe.scan.batch_size, conditions(), []
    # The middles of the grids are conditions of other curves, too, and looked at once.
    looks = dict.fromkeys(condition.seen for condition in every)
    averaged = {every[k].seen for transform in MEANS.values() for k in fixations(transform, max(MULTI))}
    for start in range(0, len(rows), size):
        photographs, row_N, label_N = _decoded(trained.recipe, rows[start : start + size])
        if not photographs:
            continue
        others = _others(trained.recipe, row_N)
        given: dict[tuple[Base, Look], Predictions] = {}
        logits: dict[tuple[Base, Look], torch.Tensor] = {}
        for seen in looks:
            images_NSRC = looked_at(photographs, trained.view, trained.recipe, *seen, others)
            with torch.inference_mode():
                logits_NC = network(normalized(filled(images_NSRC, size), device))[: len(row_N)]
            given[seen] = Predictions.of(row_N, logits_NC, label_N)
            if seen in averaged:
                logits[seen] = logits_NC.double()
        answers = [given[condition.seen] for condition in every]
        part = {"row_N": row_N, "label_N": label_N.astype(np.int32)}
        part["predicted_NK"] = np.stack([answer.predicted_N for answer in answers], 1).astype(np.int32)
        part["loss_NK"] = np.stack([answer.loss_N for answer in answers], 1).astype(np.float32)
        for name, transform in MEANS.items():
            means = [
                torch.stack([logits[every[k].seen] for k in fixations(transform, number)]).mean(0) for number in MULTI
            ]
            named = [Predictions.of(row_N, logits_NC, label_N).predicted_N for logits_NC in means]
            part[name] = np.stack(named, 1).astype(np.int32)
        parts.append(part)
    if not parts:
        return _none()
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _decoded(recipe: Recipe, rows: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Photographs that can be decoded, their rows and labels."""
    photographs, good = [], []
    for photograph in open_dataset(recipe.data.path).photographs("validation", rows):
        try:
            photographs.append(decode_rgb(photograph.data))
        except ImageError:
            continue  # the evaluation has named it
        good.append((photograph.row, photograph.label))
    row_N, label_N = np.array(good, np.int64).reshape(-1, 2).T
    return photographs, row_N, label_N


def _others(recipe: Recipe, rows: np.ndarray) -> list[np.ndarray]:
    """The photographs that the masks of some rows show; the rows themselves can be decoded."""
    candidates = {row: others.tolist() for row, others in other_rows(recipe, rows).items()}
    decoded: dict[int, np.ndarray | None] = {}
    while new := {of_row[0] for of_row in candidates.values()} - decoded.keys():
        photographs, good_N, _ = _decoded(recipe, np.array(sorted(new)))
        decoded |= dict.fromkeys(new) | dict(zip(good_N.tolist(), photographs, strict=True))
        for of_row in candidates.values():
            while of_row[0] in decoded and decoded[of_row[0]] is None:
                del of_row[0]
    return [image_HWC for of_row in candidates.values() if (image_HWC := decoded[of_row[0]]) is not None]


def looked_at(
    photographs: Sequence[np.ndarray],
    view: ViewName,
    recipe: Recipe,
    base: Base,
    look: Look,
    others: Sequence[np.ndarray] = (),
) -> np.ndarray:
    """Return the network inputs of one look, uint8 [N, rows, columns, 3].

    Args:
        photographs: uint8 [H, W, 3] each.
        view: of the network.
        recipe: settings of the run.
        base: the crop that is looked at.
        look: at that crop.
        others: a photograph for each, whose own crop masks of the fill `photograph` show, resized.
    """
    images_NSRC = np.empty((len(photographs), *recipe.geometry.shape(view), 3), np.uint8)
    for position, image_HWC in enumerate(photographs):
        crop = base_crop(base, image_HWC.shape[0], image_HWC.shape[1], recipe.data.eval_crop)
        other_HWC = None
        if look.mask_fill == "photograph":
            other = base_crop(base, others[position].shape[0], others[position].shape[1], recipe.data.eval_crop)
            other_HWC = resize_crop(others[position], other, round(crop.height))
        images_NSRC[position] = network_input(image_HWC, crop, view, recipe.geometry, look, other_HWC)
    return images_NSRC


def _none() -> Arrays:
    """The arrays of no image."""
    wide = {"predicted_NK": len(conditions()), "loss_NK": len(conditions())} | dict.fromkeys(MEANS, len(MULTI))
    arrays = {name: np.zeros((0, width), np.float32 if name == "loss_NK" else np.int32) for name, width in wide.items()}
    return {"row_N": np.zeros(0, np.int64), "label_N": np.zeros(0, np.int32), **arrays}
