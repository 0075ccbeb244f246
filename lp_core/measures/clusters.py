"""Channels of one network that are no independent observations, because the same images excite them.

Shapes: C channels, K places (nine), N images.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

SHARED = 3
"""Images of nine that link two channels. Source: the specification."""
CORRELATED = 0.8
"""Correlation of the maxima over images that links two channels. Source: the specification."""


def channel_clusters(
    image_CK: np.ndarray,
    correlation_CC: np.ndarray | None = None,
    *,
    shared: int = SHARED,
    correlated: float = CORRELATED,
) -> np.ndarray:
    """Return int [C]: the cluster of each channel, numbered from 0; linked channels are in one cluster.

    Resample clusters, not channels, when a statement is about one network (`cluster_interval`).

    Args:
        image_CK: int, row number of the image at each place; negative where there is none.
        correlation_CC: correlation of the channels' maxima over images (`twins.correlation`).
        shared: channels that have so many images in common are linked.
        correlated: channels that correlate more are linked.
    """
    channels, keep = image_CK.shape
    taken = image_CK.ravel() >= 0
    image, index = np.unique(image_CK.ravel()[taken], return_inverse=True)
    channel = np.repeat(np.arange(channels), keep)[taken]
    serves_CN = sparse.csr_matrix((np.ones(len(index), np.int32), (channel, index)), (channels, len(image)))
    links_CC = serves_CN @ serves_CN.T >= shared
    if correlation_CC is not None:
        links_CC = links_CC + sparse.csr_matrix(correlation_CC > correlated)
    return sparse.csgraph.connected_components(links_CC, directed=False)[1]
