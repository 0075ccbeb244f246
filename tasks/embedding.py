"""Tasks that embed photographs: the evaluation crop or a square about a point, the same pixels for both views."""

from __future__ import annotations

from functools import partial

import numpy as np

from lp_core.dataset.faulty_rows import describe
from lp_core.dataset.feed import open_dataset
from lp_core.errors import DataError
from lp_core.fingerprint import fingerprint
from lp_core.images.crop import centre_crop
from lp_core.images.decode import ImageError, decode_rgb
from lp_core.images.network_input import MEAN_COLOUR
from lp_core.images.square import square_about
from lp_core.settings import DataSettings
from lp_core.settings.scan import Automatic
from tasks.embedders import Embedder
from tasks.kept_pieces import Arrays, PieceFiles, arrays_of_rows
from tasks.pieces import Executor
from tasks.worker_process import prepare_measuring

PIECE_BATCHES = 8
"""Batches of a piece. Source: our choice, about the rows of a scan's piece."""


def embed(
    embedder: Embedder,
    data: DataSettings,
    row_N: np.ndarray,
    executor: Executor,
    folder: str,
    *,
    centre_N2: np.ndarray | None = None,
    share: float = 1.0,
    gpus: float | Automatic = 0.0,
    title: str = "embed",
) -> np.ndarray:
    """Return the embeddings of photographs, float32 [N, D], in the order of the rows.

    Args:
        embedder: a network of another seed, or a user's function.
        data: the data set, and the share of the photograph that the evaluation crop takes.
        row_N: rows of the validation split, in any order; one may come often.
        executor: runs the pieces.
        folder: URI of a folder for the pieces. They stay until the caller has written what it made of the result and
            calls `embedding_files(...).remove()`; a rerun before that resumes.
        centre_N2: (y, x) of each square, in px of the crop resized to `embedder.size`, (0, 0) the centre of the top
            left pixel. Unless given the middle of the crop.
        share: side of the square as a share of the crop's: 1 is the whole crop.
        gpus: that each piece holds.
        title: of the progress shown.

    Raises:
        DataError: an image cannot be decoded, or there are no rows.
        LogpolarError: what the embedder raises.
    """
    centre_N2 = np.full((len(row_N), 2), (embedder.size - 1) / 2) if centre_N2 is None else centre_N2
    if len(centre_N2) != len(row_N) or not np.isfinite(centre_N2).all():
        raise ValueError(f"{len(centre_N2)} centres for {len(row_N)} rows; give as many, without NaN")
    items_N3 = np.column_stack([row_N, centre_N2]).astype(np.float64)
    # Neighbouring items share a photograph, and batches do not depend on the pieces.
    items_M3, item_N = np.unique(items_N3, axis=0, return_inverse=True)
    arrays = arrays_of_rows(
        executor,
        partial(embed_items, embedder, data, share),
        items_M3,
        embedding_files(embedder, data, folder, share),
        PIECE_BATCHES * embedder.batch_size,
        gpus,
        title,
    )
    return arrays["embedding_ND"][item_N.ravel()]


def embedding_files(embedder: Embedder, data: DataSettings, folder: str, share: float = 1.0) -> PieceFiles:
    """Return the names of the pieces' files; those of other settings in the folder go when these do."""
    dataset = open_dataset(data.path).fingerprint
    return PieceFiles(folder, fingerprint([dataset, data.eval_crop, share, embedder.identity]))


def embed_items(embedder: Embedder, data: DataSettings, share: float, items_M3: np.ndarray) -> Arrays:
    """Return `embedding_ND` of items (row, y, x), sorted by row.

    Raises:
        DataError: a row cannot be decoded.
    """
    prepare_measuring()
    size, batch_size = embedder.size, embedder.batch_size
    images_MHWC = np.zeros((len(items_M3), size, size, 3), np.uint8)
    row_M = items_M3[:, 0].astype(np.int64)
    rows = np.unique(row_M)
    for photograph in open_dataset(data.path).photographs("validation", rows):
        try:
            image_HWC = decode_rgb(photograph.data)
        except ImageError:
            [line] = describe(open_dataset(data.path), "validation", [photograph.row])
            raise DataError(
                f"validation row {line['row']}, image {line['image_id']}, cannot be embedded: {line['reason']}"
            ) from None
        crop = centre_crop(image_HWC.shape[0], image_HWC.shape[1], data.eval_crop)
        for item in np.flatnonzero(row_M == photograph.row):
            centre_yx = float(items_M3[item, 1]), float(items_M3[item, 2])
            images_MHWC[item] = square_about(image_HWC, crop, size, share, centre_yx, MEAN_COLOUR)
    parts = []
    for start in range(0, len(images_MHWC), batch_size):
        batch_NHWC = images_MHWC[start : start + batch_size]
        full_NHWC = np.zeros((batch_size, size, size, 3), np.uint8)
        full_NHWC[: len(batch_NHWC)] = batch_NHWC
        parts.append(embedder.embed(full_NHWC)[: len(batch_NHWC)])
    return {"embedding_ND": np.concatenate(parts)}
