"""E and M: the nines compared by embeddings of another run's networks, for the runs of a sweep."""

from __future__ import annotations

import pyarrow as pa

from lp_core.findings.values import TRAINED, UNTRAINED, Values, grouping_values, with_differences
from lp_core.run.files import MEASURES
from lp_core.storage import Storage
from tasks.measuring import GROUPS, NetworkNines, finished_part, group_nines, read_part
from tasks.progress import say
from tasks.twins import NO_MAXIMA, has_maxima
from workflows.patches import patch_groupings
from workflows.session import Session

FOLDER = f"{MEASURES}/embeddings"
"""Of the embeddings' files, in the sweep's folder."""


def clarity_values(folder: Storage, session: Session, other: Session | None) -> Values:
    """Return the values of E and M of a run, its images embedded by the networks of both views of another seed.

    The networks under study must not judge their own channels. What an earlier start measured is read.

    Args:
        folder: of the sweep; the tables and embeddings are kept there.
        session: of the run.
        other: of the run of another seed; None if there is none, which gives no values.
    """
    if other is None:
        return {}
    from tasks.embedders import Embedder, NetworkEmbedder
    from tasks.embedding_files import embedding_file, scanned_rows

    recipe = session.recipe
    scans = {view: session.stages.measured_scans(view) for view in recipe.views}
    rows = scanned_rows([scan.folder for of_view in scans.values() for scan in of_view.values()])
    embedders: dict[str, Embedder] = {view: NetworkEmbedder(other.trained(view)) for view in other.recipe.views}
    embeddings = tuple(
        embedding_file(embedder, view, recipe, rows, session.executor, folder / FOLDER)
        for view, embedder in embedders.items()
    )
    pieces = [
        NetworkNines(
            run=folder.uri,
            view=view,
            network=network,
            scan=scan.folder.uri,
            scanned=scan.fingerprint,
            geometry=recipe.geometry,
            dataset=recipe.data.path,
            hashes=None,
            samples=recipe.measure.samples,
            seed=recipe.seed,
            only="embeddings",
            embeddings=embeddings,
            maxima=has_maxima(scan.folder),
        )
        for view, of_view in scans.items()
        for network, scan in of_view.items()
        if network in (TRAINED, UNTRAINED)
    ]
    for piece in pieces:
        if not piece.maxima:
            say(f"measure {piece.view}, {piece.network}: M is left out: {NO_MAXIMA}")
    unfinished = [(piece,) for piece in pieces if read_part(piece, GROUPS) is None]
    for _ in session.executor.run(group_nines, unfinished) if unfinished else ():
        pass
    tables = [finished_part(piece, GROUPS) for piece in pieces]
    if recipe.measure.patches:
        tables += patch_groupings(session, embedders, folder).values()
    return with_differences(grouping_values(pa.concat_tables(tables)))
