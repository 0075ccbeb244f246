"""Ray tasks that ask a network about the validation split, each about a few hundred rows."""

from __future__ import annotations

import numpy as np

from lp_core.dataset.feed import Feed
from lp_core.network.predictions import Predictions
from tasks.networks import Trained, held


def evaluate_rows(trained: Trained, rows: np.ndarray) -> Predictions:
    """What the network says of some rows of the validation split, each seen once, in fp32; not of faulty ones."""
    import torch

    from lp_core.network.inputs import filled, normalized

    network, device = held(trained)
    found = []
    feed, size = Feed(trained.recipe, trained.view), trained.recipe.scan.batch_size
    for batch in feed.evaluation_batches("validation", rows, size):
        with torch.inference_mode():
            logits = network(normalized(filled(batch.images_NSRC, size), device))[: len(batch.rows_N)]
        found.append(Predictions.of(batch.rows_N, logits, batch.labels_N))
    return Predictions.joined(found)
