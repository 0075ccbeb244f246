"""Tasks that compare patches: squares of the photograph about what drives each exemplar, embedded and measured by E."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lp_core.fingerprint import fingerprint
from lp_core.images.network_input import log_polar_map
from lp_core.network.layers import architecture_of, primary_layer
from lp_core.settings import DataSettings, NetworkSettings
from lp_core.storage import Storage
from tasks.embedders import Embedder
from tasks.embedding import embed
from tasks.kept_pieces import Arrays, PieceFiles, arrays_of_rows
from tasks.networks import Trained, kept_network
from tasks.pieces import Executor
from tasks.progress import say
from tasks.worker_process import prepare_measuring

if TYPE_CHECKING:
    from lp_core.findings.nines import Nines
    from lp_core.measures.popularity import GroupingEffect

SHARES = {"E_half": 1 / 2, "E_quarter": 1 / 4}
"""Sides of the squares as shares of the crop's, by the name of the measure. Source: the specification: receptive fields
of the two views differ in area and shape, so both are given the same squares."""
PIECE_BATCHES = 8
"""Batches of gradients of a piece. Source: our choice."""
UNIT_COLUMNS = ("row", "channel", "unit_row", "unit_col", "rf_top", "rf_left", "rf_bottom", "rf_right")
"""Columns of exemplars.parquet that say which unit looks at which part of which image."""


@dataclass(frozen=True)
class PatchNetwork:
    """A network whose patches are compared.

    Args:
        trained: the network.
        network: trained or untrained.
        scan: folder of its scan.
        scanned: fingerprint of the scan.
    """

    trained: Trained
    network: str
    scan: Storage
    scanned: str


def patch_table(patches: PatchNetwork, embedders: dict[str, Embedder], executor: Executor, folder: Storage) -> pa.Table:
    """Return the rows of the table of groupings for `E_half_<embedding>` and `E_quarter_<embedding>`.

    Args:
        patches: the network.
        embedders: by name.
        executor: runs the gradients and the embeddings.
        folder: for pieces that a rerun need not make again; the caller removes it.

    Raises:
        DataError: an image cannot be decoded.
    """
    from lp_core.findings.grouping import clarity_effect, grouping_table
    from tasks.measuring import read_nines

    trained, recipe = patches.trained, patches.trained.recipe
    nines = read_nines(patches.scan)
    nines = nines.only(nines.complete_C & nines.channels(compared_layer(recipe.network)))
    effects: dict[str, GroupingEffect] = {}
    if len(nines.image_CK):
        centre_CK2 = _centres(patches, nines, executor, folder)
        known_C = np.isfinite(centre_CK2).all((1, 2))
        if not known_C.all():
            say(
                f"patches {trained.view}, {patches.network}: {int((~known_C).sum())} channels without gradient left out"
            )
        nines, centre_CK2 = nines.only(known_C), centre_CK2[known_C]
    for name, embedder in embedders.items() if len(nines.image_CK) else ():
        for measure, share in SHARES.items():
            embedding_CKD = _embedded(embedder, recipe.data, nines.image_CK, centre_CK2, share, executor, folder)
            offset_CK2 = centre_CK2 - log_polar_map(recipe.geometry).centre_yx
            seed = [recipe.seed, int(fingerprint([trained.view, patches.network, measure, name])[:8], 16)]
            effects[f"{measure}_{name}"] = clarity_effect(
                nines,
                embedding_CKD,
                np.hypot(offset_CK2[..., 0], offset_CK2[..., 1]),
                recipe.measure.samples,
                np.random.default_rng(seed),
            )
    return grouping_table(nines, effects, trained.view, patches.network)


def compared_layer(settings: NetworkSettings) -> str:
    """Return the layer whose patches are compared."""
    return primary_layer(list(architecture_of(settings).channels))


def energy_points(trained: Trained, units_M8: np.ndarray) -> Arrays:
    """Return `centre_M2`, the centre (y, x) of the energy of each unit's guided gradient in px of the resized crop.

    Args:
        trained: the network.
        units_M8: int64, `UNIT_COLUMNS` of units of `compared_layer`.

    Raises:
        DataError: an image cannot be decoded any more.
    """
    from lp_core.exemplars.field_measures import energy_point, one_turn
    from lp_core.exemplars.guided_backprop import guided_backprop, wraps
    from lp_core.network.inputs import normalized
    from lp_core.network.receptive_field import Box
    from tasks.visualizing import network_inputs

    prepare_measuring()
    network, device = kept_network(trained, classifier=False)
    recipe, circular, layer = trained.recipe, wraps(network), compared_layer(trained.recipe.network)
    log_polar = log_polar_map(recipe.geometry) if trained.view == "log_polar" else None
    images = network_inputs(trained, np.unique(units_M8[:, 0]))
    shape, batch_size = recipe.geometry.shape(trained.view), recipe.scan.batch_size
    points = []
    for start in range(0, len(units_M8), batch_size):
        part_N8 = units_M8[start : start + batch_size]
        full_N8 = part_N8[np.arange(batch_size).clip(max=len(part_N8) - 1)]  # one size of batch gives the same bits
        x = normalized(np.stack([images[row] for row in full_N8[:, 0].tolist()]), device)
        gradients, _ = guided_backprop(network, x, layer, [tuple(unit) for unit in full_N8[:, 1:4].tolist()])
        for (*_, top, left, bottom, right), gradient in zip(part_N8.tolist(), gradients.cpu().numpy(), strict=False):
            box = Box(top, left, bottom, right)
            if circular:
                box, kept = one_turn(box, shape[0])
                gradient = gradient[:, kept]
            points.append(energy_point(gradient, box, shape, log_polar, wraps=circular))
    return {"centre_M2": np.array(points)}


def _centres(patches: PatchNetwork, nines: Nines, executor: Executor, folder: Storage) -> np.ndarray:
    """Where the energy of the gradient of each place lies, (y, x) in px of the resized crop, [C, K, 2]."""
    import pyarrow.compute as pc

    from lp_core.exemplars.table import read_exemplars

    trained, table = patches.trained, read_exemplars(patches.scan)
    layer = compared_layer(trained.recipe.network)
    mine = pc.and_(pc.equal(table["layer"], layer), pc.is_in(table["channel"], pa.array(nines.channel_C, pa.int32())))
    units = table.filter(mine)
    units_M8 = np.column_stack([units[name].to_numpy() for name in UNIT_COLUMNS]).astype(np.int64)
    arrays = arrays_of_rows(
        executor,
        partial(energy_points, trained),
        units_M8,
        PieceFiles((folder / "gradients").uri, fingerprint([patches.scanned, layer])),
        PIECE_BATCHES * trained.recipe.scan.batch_size,
        trained.recipe.scan.gpus_per_task,
        f"gradients of {trained.view}, {patches.network}",
    )
    return arrays["centre_M2"].reshape(*nines.image_CK.shape, 2)


def _embedded(
    embedder: Embedder,
    data: DataSettings,
    image_CK: np.ndarray,
    centre_CK2: np.ndarray,
    share: float,
    executor: Executor,
    folder: Storage,
) -> np.ndarray:
    """The embedding of the square about each place, [C, K, D], centred on the mean of all of them."""
    embedding_MD = embed(
        embedder,
        data,
        image_CK.ravel(),
        executor,
        (folder / "embeddings").uri,
        centre_N2=centre_CK2.reshape(-1, 2),
        share=share,
        title=f"embed squares of {share:g}",
    )
    centred_MD = embedding_MD - embedding_MD.mean(0, dtype=np.float64).astype(np.float32)
    return centred_MD.reshape(*image_CK.shape, -1)
