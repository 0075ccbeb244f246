"""Ray tasks that measure the accuracy of a network, each on a few hundred rows."""

from __future__ import annotations

import numpy as np

from lp_core.dataset.feed import Feed
from lp_core.network.accuracy import Counts
from tasks.networks import Trained, held
from tasks.scanning import filled


def evaluate_rows(trained: Trained, rows: np.ndarray) -> tuple[int, Counts, list[int]]:
    """First row, counts, and faulty rows, of some rows of the validation split, each seen once, in fp32."""
    import torch

    from lp_core.network.accuracy import counts
    from lp_core.network.learner import normalized

    network, device = held(trained)
    total = Counts()
    seen: set[int] = set()
    feed, size = Feed(trained.recipe, trained.view), trained.recipe.scan.batch_size
    for batch in feed.evaluation_batches("validation", rows, size):
        seen.update(batch.rows_N.tolist())
        with torch.inference_mode():
            logits = network(normalized(filled(batch.images_NSRC, size), device))[: len(batch.rows_N)]
        total += counts(logits, torch.tensor(batch.labels_N, device=device))
    return int(rows[0]), total, sorted(set(rows.tolist()) - seen)
