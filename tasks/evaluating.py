"""Tasks that evaluate a network on the validation split, a few hundred rows each."""

from __future__ import annotations

import numpy as np

from lp_core.network.predictions import Predictions
from tasks.from_recipe import feed_of
from tasks.networks import Trained, kept_network
from tasks.worker_process import prepare_measuring


def evaluate_rows(trained: Trained, rows: np.ndarray) -> Predictions:
    """Return what the network predicts of some validation rows, each seen once, in fp32; not of faulty ones."""
    import torch

    from lp_core.network.inputs import filled, normalized

    prepare_measuring()
    network, device = kept_network(trained)
    feed, size = feed_of(trained.recipe, trained.view), trained.recipe.scan.batch_size
    rows_of_batches, labels_of_batches, logits_of_batches = [], [], []
    for batch in feed.evaluation_batches("validation", rows, size):
        with torch.inference_mode():
            logits = network(normalized(filled(batch.images_NSRC, size), device))[: len(batch.rows_N)]
        rows_of_batches.append(batch.rows_N)
        labels_of_batches.append(batch.labels_N)
        logits_of_batches.append(logits)
    if not rows_of_batches:
        return Predictions.joined([])
    # Once for all batches: a GPU is waited for here.
    row_N, label_N = np.concatenate(rows_of_batches), np.concatenate(labels_of_batches)
    return Predictions.joined([Predictions.of(row_N, torch.cat(logits_of_batches), label_N)])
