"""Embeddings of the images of a scan as one file, for tasks that compare images by them."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa

from lp_core.dataset.feed import open_dataset
from lp_core.exemplars.table import read_exemplars
from lp_core.fingerprint import checksum, fingerprint
from lp_core.run.files import MAXIMA_IMAGES
from lp_core.settings import Recipe
from lp_core.storage import Storage
from tasks.embedders import Embedder
from tasks.embedding import embed, embedding_files
from tasks.pieces import Executor


def embedding_file(
    embedder: Embedder, name: str, recipe: Recipe, row_N: np.ndarray, executor: Executor, folder: Storage
) -> tuple[str, str]:
    """Return the name of an embedding and the URI of its file, which is made unless it exists.

    Args:
        embedder: a network of another seed, or a user's function.
        name: such as log_polar.
        recipe: names the data set and the evaluation crop.
        row_N: rows of the validation split, ascending.
        executor: runs the pieces.
        folder: for the file, whose name says what it depends on.
    """
    dataset = open_dataset(recipe.data.path).fingerprint
    depends = [*embedder.identity, dataset, recipe.data.eval_crop, checksum(row_N.tobytes())]
    file = f"{name}-{fingerprint(depends)}.npz"
    if not folder.exists(file):
        pieces, gpus = (folder / "pieces").uri, recipe.scan.gpus_per_task
        embedding_ND = embed(embedder, recipe.data, row_N, executor, pieces, gpus=gpus, title=f"embed by {name}")
        content = io.BytesIO()
        np.savez(content, row_N=row_N, embedding_ND=embedding_ND)
        folder.write_bytes(file, content.getvalue())
        embedding_files(embedder, recipe.data, pieces).remove()
    return name, (folder / file).uri


def read_embedding(uri: str) -> tuple[np.ndarray, np.ndarray]:
    """Return row numbers and embeddings, float32 [N, D], less their mean: 0 is no more alike than any two images."""
    folder, _, file = uri.rpartition("/")
    with np.load(io.BytesIO(Storage(folder).read_bytes(file)), allow_pickle=False) as arrays:
        row_N, embedding_ND = arrays["row_N"], arrays["embedding_ND"]
    return row_N, embedding_ND - embedding_ND.mean(0, dtype=np.float64).astype(np.float32)


def scanned_rows(scans: list[Storage]) -> np.ndarray:
    """Return the rows that some scans saw, ascending: all of them where they are known, else those among the nines."""
    rows = [
        table["row"].to_numpy(zero_copy_only=False)
        for scan in scans
        for table in ([scan.read_table(MAXIMA_IMAGES)] if scan.exists(MAXIMA_IMAGES) else [_with_image(scan)])
    ]
    return np.unique(np.concatenate(rows)).astype(np.int64)


def _with_image(scan: Storage) -> pa.Table:
    table = read_exemplars(scan)
    return table.filter(table["row"].is_valid())
