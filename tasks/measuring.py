"""Tasks that measure the nines of one network against chance."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lp_core.dataset.feed import open_dataset
from lp_core.errors import DataError
from lp_core.fingerprint import fingerprint
from lp_core.measures import MEASURES_VERSION
from lp_core.run.files import CHANNELS as CHANNEL_STATISTICS
from lp_core.run.files import MAXIMA_IMAGES, MEASURES
from lp_core.settings import ViewName, ViewSettings
from lp_core.storage import Storage
from tasks.progress import say

if TYPE_CHECKING:
    from lp_core.findings.grouping import Likeness, Only
    from lp_core.findings.nines import Nines
    from lp_core.measures.popularity import GroupingEffect


@dataclass(frozen=True)
class NetworkNines:
    """The nines of one network, to be measured: small and picklable, it travels to a task.

    Args:
        run: URI of the run folder, where the result is kept until the stage is finished.
        view: of the network.
        network: trained, untrained, or `epoch N`.
        scan: URI of the folder of its scan.
        scanned: fingerprint of the scan.
        geometry: of the view.
        dataset: path or URI of the data set folder, which knows the classes.
        hashes: URI of the folder whose `maxima_images.parquet` has the hashes of the photographs; None without.
        samples: of the null.
        seed: of the null, besides the names of view and network.
        only: measure G alone (`classes`), or E alone (`embeddings`); all that the data allow unless given.
        embeddings: name and URI of the file of each embedding (`embedding_file`).
        maxima: whether the scan kept the maxima of all images, which M needs besides.
    """

    run: str
    view: ViewName
    network: str
    scan: str
    scanned: str
    geometry: ViewSettings
    dataset: str
    hashes: str | None
    samples: int
    seed: int
    only: Only | None = None
    embeddings: tuple[tuple[str, str], ...] = ()
    maxima: bool = False

    def file(self, kind: str) -> str:
        """Name of the file of a result in the run folder; it changes with everything that the result depends on."""
        depends = {key: value for key, value in asdict(self).items() if key not in ("run", "scan", "dataset")}
        depends |= {"hashes": self.hashes is not None, "measures_version": MEASURES_VERSION}
        return f"{PARTS}/{fingerprint(depends)}-{kind}.parquet"


PARTS = f"{MEASURES}/parts"
"""Folder of what is kept until the stage is finished."""
GROUPS, CHANNELS = "grouping", "channels"


def group_nines(piece: NetworkNines) -> int:
    """Measure the grouping of a network's nines; write tables of layers and of channels.

    Returns:
        1, one network.

    Raises:
        DataError: the table of exemplars cannot be used.
    """
    from lp_core.findings.grouping import channel_effects, grouping_table, measure_grouping

    nines = read_nines(Storage(piece.scan))
    complete = nines.only(nines.complete_C)
    seed = [piece.seed, int(fingerprint([piece.view, piece.network])[:8], 16)]
    effects = measure_grouping(
        complete,
        _likeness(piece, complete),
        piece.samples,
        np.random.default_rng(seed),
        only=piece.only,
    )
    if piece.embeddings and piece.maxima and piece.only != "classes":
        effects |= _interpretability(piece, nines, np.random.default_rng([*seed, 1]))
    run = Storage(piece.run)
    run.write_table(piece.file(CHANNELS), channel_effects(complete, effects))
    run.write_table(piece.file(GROUPS), grouping_table(complete, effects, piece.view, piece.network))
    return 1


def read_part(piece: NetworkNines, kind: str) -> pa.Table | None:
    """Return a table that a finished piece wrote; None if it is not finished."""
    try:
        return Storage(piece.run).read_table(piece.file(kind))
    except (OSError, pa.ArrowInvalid):
        return None


def finished_part(piece: NetworkNines, kind: str) -> pa.Table:
    """Return a table that a finished piece wrote.

    Raises:
        DataError: it has vanished since.
    """
    table = read_part(piece, kind)
    if table is None:
        raise DataError(f"{Storage(piece.run).path(piece.file(kind))} cannot be read; measure again")
    return table


def read_nines(scan: Storage) -> Nines:
    """Return the nines of a scan.

    Raises:
        DataError: the table is missing or no table of exemplars.
    """
    from lp_core.exemplars.table import read_exemplars
    from lp_core.findings.nines import nines_of

    try:
        return nines_of(read_exemplars(scan))
    except (OSError, ValueError) as error:
        raise DataError(f"{scan}: the exemplars cannot be read ({error}); scan again") from None


def _likeness(piece: NetworkNines, nines: Nines) -> Likeness:
    from lp_core.findings.grouping import Likeness
    from lp_core.findings.nines import values_of_rows
    from lp_core.measures.wordnet import lin_similarity
    from tasks.embedding_files import read_embedding

    embeddings = {}
    for name, uri in piece.embeddings:
        row_N, embedding_ND = read_embedding(uri)
        embedding_CKD = values_of_rows(row_N, embedding_ND, nines.image_CK)
        if embedding_CKD.any(-1).all():
            embeddings[name] = embedding_CKD
        else:
            say(f"measure {piece.view}, {piece.network}: embedding {name} is left out: an image has the mean vector")
    wnids = known_wnids(piece.dataset)
    similarity_LL = None if wnids is None else lin_similarity(wnids).astype(np.float32)
    eccentricity_CK = nines.eccentricity_CK(piece.view, piece.geometry)
    if piece.hashes is None:
        return Likeness(similarity_LL, embeddings=embeddings, eccentricity_CK=eccentricity_CK)
    images = Storage(piece.hashes).read_table(MAXIMA_IMAGES, use_threads=False)
    hash_CK = values_of_rows(images["row"].to_numpy(), images["hash"].to_numpy(), nines.image_CK)
    return Likeness(similarity_LL, hash_CK, embeddings, eccentricity_CK)


def _interpretability(piece: NetworkNines, nines: Nines, rng: np.random.Generator) -> dict[str, GroupingEffect]:
    """M of the channels with nine images, by every embedding that tells all images apart from their mean."""
    from lp_core.exemplars.lower_exemplars import opened_maxima
    from lp_core.findings.interpretability import ScannedImages, measure_interpretability
    from lp_core.findings.nines import values_of_rows
    from tasks.embedding_files import read_embedding

    scan = Storage(piece.scan)
    row_N = scan.read_table(MAXIMA_IMAGES, use_threads=False)["row"].to_numpy()
    embeddings = {}
    for name, uri in piece.embeddings:
        embedding_ND = values_of_rows(*read_embedding(uri), row_N)
        if embedding_ND.any(1).all():
            embeddings[name] = embedding_ND
        else:
            say(f"measure {piece.view}, {piece.network}: M by {name} is left out: an image has the mean vector")
    with opened_maxima(scan) as maxima_NC:
        images = ScannedImages(row_N, np.asfortranarray(maxima_NC[:, nines.complete_C]), embeddings)
    return measure_interpretability(nines.only(nines.complete_C), images, piece.samples, rng)


def read_active_share(scan: Storage) -> np.ndarray | None:
    """Return the share of the images that activate each channel, float64 [C]; None if an earlier version scanned."""
    return scan.read_table(CHANNEL_STATISTICS)["active_share"].to_numpy() if scan.exists(CHANNEL_STATISTICS) else None


def known_wnids(dataset: str) -> list[str] | None:
    """Return the classes' wnids; None if one is unknown or stands twice, so that their meaning cannot be compared."""
    from lp_core.measures.wordnet import unknown_wnids

    wnids = open_dataset(dataset).wnids
    if unknown_wnids(wnids) or len(set(wnids)) < len(wnids):
        return None
    return [wnid for wnid in wnids if wnid is not None]


def has_hashes(scan: Storage) -> bool:
    """Whether a scan wrote hashes of the photographs."""
    return scan.exists(MAXIMA_IMAGES) and "hash" in scan.read_table(MAXIMA_IMAGES).column_names
