"""`logpolar verify`: some of the exemplars found again by brute force."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from lp_core.config import SettingError, check
from lp_core.dataset.feed import Feed, used_rows
from lp_core.network.vgg16 import conv_channels
from tasks.networks import Trained, held
from tasks.progress import Progress, say
from tasks.scanning import filled
from workflows.scan import scan_stage
from workflows.session import Session

SHOWN = 10


def verify(session: Session, channels_per_layer: int = 2) -> None:
    """Recompute the nine of a few random channels of every layer, in this process and by a plain loop, and compare.

    Args:
        session: the run.
        channels_per_layer: channels compared in each layer; drawn anew by the run's seed and the scan's fingerprint.

    Raises:
        SettingError: the table differs from what was found.
    """
    from lp_core.exemplars.table import read_exemplars
    from lp_core.exemplars.verification import all_peaks, differences
    from lp_core.network.learner import normalized

    recipe, run = session.recipe, session.run
    rows = used_rows(recipe, "validation")
    for view in recipe.views:
        stage = scan_stage(session, view)
        check(stage.is_finished(), f"{run} holds no finished scan of view {view}; run `logpolar scan` first")
        rng = np.random.default_rng([recipe.seed, int(stage.fingerprint[:8], 16)])
        sample = [
            (layer, int(channel))
            for layer, count in conv_channels(recipe.network.width).items()
            for channel in sorted(rng.permutation(count)[:channels_per_layer])
        ]
        network, device = held(Trained(recipe, run.uri, view, stage.inputs["weights"]))
        size = recipe.scan.batch_size

        searched: list[int] = []

        def batches(view=view, device=device, size=size, searched=searched) -> Iterator:
            with Progress(f"verify {view}", len(rows), "images") as progress:
                for batch in Feed(recipe, view).evaluation_batches("validation", rows, size):
                    searched += batch.rows_N.tolist()
                    yield batch.rows_N.tolist(), normalized(filled(batch.images_NSRC, size), device)
                    progress.advance(len(batch.rows_N))

        table = read_exemplars(io.BytesIO((run / view).read_bytes("exemplars.parquet")))
        # Threads and processors round differently; the scan's own bytes are compared by its tests.
        found = differences(table, all_peaks(network, batches(), sample), tolerance=1e-4)
        images = len(searched)
        for line in found[:SHOWN]:
            say(f"verify {view}: {line}")
        if found:
            raise SettingError(f"view {view}: {len(found)} differences in {len(sample)} channels of {images} images")
        say(f"verify {view}: {len(sample)} channels x 9 exemplars agree with a brute force search of {images} images")
