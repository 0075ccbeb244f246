"""How far the maps of a network are from moving with its input, on photographs, piece by piece."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import get_args

import numpy as np

from lp_core.dataset.feed import open_dataset
from lp_core.images.crop import centre_crop
from lp_core.images.decode import ImageError, decode_rgb
from lp_core.images.network_input import network_input
from lp_core.measures.equivariance import turns
from lp_core.settings.network import EVEN_CIRCLE, AnglePadding
from tasks.kept_pieces import Arrays, PieceFiles, arrays_of_rows
from tasks.networks import Trained, kept_network
from tasks.pieces import Executor
from tasks.tolerance import tolerance_sample
from tasks.worker_process import prepare_measuring

VERSION = 1
"""Changes when a newer version answers otherwise."""
IMAGES = 200
"""Photographs that are looked at, at most. Source: our choice; the mean of a layer is then known to a few per cent."""
_BATCH = 4
"""Photographs of a forward pass: the maps of all layers are kept, 54 MB for each at 224 px and full width."""
_SAMPLED = 0xE9_01A4
"""Sets the random numbers of the sample apart from others of the same seed. Our choice."""


def equivariance(trained: Trained, executor: Executor, files: PieceFiles) -> Arrays:
    """Return `errors_of_pairs` of a sample of the photographs of the tolerance test, each with the next one.

    Args:
        trained: the network.
        executor: runs the pieces.
        files: of the pieces; they stay until `files.remove()`.

    Raises:
        LogpolarError: what a piece raised.
    """
    recipe, rows = trained.recipe, tolerance_sample(trained.recipe)
    if len(rows) > IMAGES:
        rows = np.sort(np.random.default_rng([recipe.seed, _SAMPLED]).choice(rows, IMAGES, replace=False))
    pairs_N2 = np.stack([rows, np.roll(rows, -1)], 1)
    title = f"equivariance {trained.view}"
    compute, scan = partial(errors_of_pairs, trained), recipe.scan
    return arrays_of_rows(executor, compute, pairs_N2, files, scan.piece_rows, scan.gpus_per_task, title)


def paddings(trained: Trained) -> tuple[AnglePadding, ...]:
    """Return the paddings that a network is tested with, its own first: a log-polar VGG can have both.

    Weights are the same: what differs is what lies beyond the first and the last angle.
    """
    settings, geometry = trained.recipe.network, trained.recipe.geometry
    if trained.view == "cartesian" or settings.modules or geometry.shape("log_polar")[0] % EVEN_CIRCLE:
        return ("zeros",)
    others = [padding for padding in get_args(AnglePadding) if padding != settings.angle_padding]
    return (settings.angle_padding, *others)


def errors_of_pairs(trained: Trained, pairs_N2: np.ndarray) -> Arrays:
    """Return the errors of photographs (first column), by `paddings` P, turn T and layer L, and of the other (second).

    Pairs with a photograph that cannot be decoded are left out.

    Returns:
        row_N int64; error_NPTL and unmoved_NPTL, unrelated_NPL float64 (`EquivarianceErrors`).
    """
    from lp_core.network.equivariance import equivariance_errors
    from lp_core.network.inputs import filled, normalized

    prepare_measuring()
    recipe = trained.recipe
    images = _inputs(trained, np.unique(pairs_N2))
    good = np.array([pair for pair in pairs_N2.tolist() if all(row in images for row in pair)], np.int64).reshape(-1, 2)
    shape = recipe.geometry.shape(trained.view)
    every, parts = turns(trained.view, shape[0]), []
    networks = [kept_network(with_padding(trained, padding), classifier=False) for padding in paddings(trained)]
    for start in range(0, max(len(good), 1), _BATCH):  # of no pair one batch, which gives the arrays their shape
        pairs = good[start : start + _BATCH]
        black = np.zeros((0, *shape, 3), np.uint8)
        both = [np.stack([images[row] for row in rows]) if len(rows) else black for rows in pairs.T.tolist()]
        found = []
        for network, device in networks:
            x, other = (normalized(filled(each, _BATCH), device) for each in both)
            found.append(equivariance_errors(network, x, other, every))
        part = {"row_N": pairs[:, 0]}
        for name in ("error_NTL", "unmoved_NTL", "unrelated_NL"):
            stacked = np.stack([getattr(errors, name).cpu().numpy() for errors in found], 1)
            part[name.replace("_N", "_NP")] = stacked[: len(pairs)]
        part["unrelated_NPL"][pairs[:, 0] == pairs[:, 1]] = np.nan  # the only photograph that there is
        parts.append(part)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def with_padding(trained: Trained, padding: AnglePadding) -> Trained:
    """Return the same weights in a network that pads angles so."""
    if trained.recipe.network.angle_padding == padding or trained.view == "cartesian":
        return trained
    network = replace(trained.recipe.network, angle_padding=padding)
    return replace(trained, recipe=replace(trained.recipe, network=network))


def _inputs(trained: Trained, rows: np.ndarray) -> dict[int, np.ndarray]:
    """Network inputs as the evaluation has them, by row, of the photographs that can be decoded."""
    recipe, inputs = trained.recipe, {}
    for photograph in open_dataset(recipe.data.path).photographs("validation", rows):
        try:
            image_HWC = decode_rgb(photograph.data)
        except ImageError:
            continue  # the evaluation has named it
        crop = centre_crop(image_HWC.shape[0], image_HWC.shape[1], recipe.data.eval_crop)
        inputs[photograph.row] = network_input(image_HWC, crop, trained.view, recipe.geometry)
    return inputs
