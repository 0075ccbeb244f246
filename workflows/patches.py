"""E of patches: the same squares for both views, about what drives each exemplar, for runs and sweeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from lp_core.findings.values import TRAINED, UNTRAINED
from lp_core.fingerprint import fingerprint
from lp_core.measures import MEASURES_VERSION
from lp_core.settings import ViewName
from lp_core.storage import Storage
from tasks.measuring import PARTS
from workflows.session import Session

if TYPE_CHECKING:
    from tasks.embedders import Embedder


def patch_groupings(
    session: Session, embedders: Mapping[str, Embedder], kept: Storage
) -> dict[tuple[ViewName, str], pa.Table]:
    """Return the rows of the table of groupings by view and network, trained and untrained.

    Args:
        session: of the run.
        embedders: by name.
        kept: run or sweep in whose folder of parts a finished table stays; the caller removes it.

    Raises:
        LogpolarError: as the embedders; an image cannot be decoded.
    """
    from tasks.patches import PatchNetwork, patch_table

    recipe, graph = session.recipe, session.stages
    tables = {}
    for view in recipe.views:
        networks = graph.networks(view)
        for network, scan in graph.measured_scans(view).items():
            if network not in (TRAINED, UNTRAINED):
                continue
            identities = {name: embedder.identity for name, embedder in embedders.items()}
            depends = [MEASURES_VERSION, scan.fingerprint, identities, recipe.measure.samples, recipe.seed]
            file = f"{PARTS}/{fingerprint(depends)}-patches.parquet"
            if not kept.exists(file):
                patches = PatchNetwork(
                    graph.trained(view, networks[network][0]), network, scan.folder, scan.fingerprint
                )
                pieces = kept / PARTS / "patches"
                kept.write_table(file, patch_table(patches, dict(embedders), session.executor, pieces))
                pieces.remove_folder()
            tables[view, network] = kept.read_table(file)
    return tables
