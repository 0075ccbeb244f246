"""Tasks that test whether the pictures of a channel depend on its weights, and what they show drives it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lp_core.errors import DataError
from lp_core.fingerprint import fingerprint
from lp_core.run.files import SANITY_PICTURES
from lp_core.settings import NetworkSettings, ViewName
from tasks.networks import Trained, kept_network
from tasks.visualizing import exemplar_lines, found_again, network_inputs, not_found_again
from tasks.worker_process import prepare_measuring

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class SanityPiece:
    """One channel to be tested: small and picklable, it travels to a task.

    Args:
        stage: fingerprint of the stage.
        exemplars: SHA-256 of the view's exemplars.parquet.
        layer, channel: which.
        drawn: whether its cascade is drawn for the report.
    """

    stage: str
    exemplars: str
    layer: str
    channel: int
    drawn: bool

    @property
    def table(self) -> str:
        """File of the channel's rows, written last; its name changes with everything that they depend on."""
        return f"{SANITY_PICTURES}/parts/{self.stage}-{self.layer}-{self.channel:04d}.parquet"

    @property
    def picture(self) -> str:
        """File of the drawn cascade."""
        return f"{SANITY_PICTURES}/{self.layer}/{self.channel}.webp"


def sanity_of_channel(trained: Trained, piece: SanityPiece) -> int:
    """Test the pictures of a channel; write its rows, and its cascade where that is drawn.

    Returns:
        1, one channel.

    Raises:
        DataError: a recorded activation is not found again.
    """
    from lp_core.exemplars.guided_backprop import wraps
    from lp_core.exemplars.sanity import EXEMPLARS, SCHEMA, ChannelExemplars, channel_sanity
    from lp_core.network.layers import architecture_of
    from lp_core.network.receptive_field import Box
    from lp_core.report.cascade_picture import cascade_picture
    from lp_core.report.picture import webp

    prepare_measuring()
    recipe = trained.recipe
    network, device = kept_network(trained, classifier=False)
    lines = exemplar_lines(trained.folder, piece.exemplars, piece.layer, (piece.channel,))[:EXEMPLARS]
    images = network_inputs(trained, np.array(sorted({line["row"] for line in lines}), dtype=np.int64))
    seen = ChannelExemplars(
        layer=piece.layer,
        channel=piece.channel,
        ranks=[line["rank"] for line in lines],
        positions=[(line["unit_row"], line["unit_col"]) for line in lines],
        boxes=[Box(*(line[f"rf_{edge}"] for edge in Box._fields)) for line in lines],
        image_NSRC=np.stack([images[line["row"]] for line in lines]),
        seed=recipe.seed,
        architecture=architecture_of(recipe.network),
    )
    random = _random_network(recipe.network, trained.view, recipe.seed, str(device))
    found = channel_sanity(network, random, seen)
    for line, activation in zip(lines, found.activations.tolist(), strict=True):
        if not found_again(line, activation):
            raise DataError(f"{not_found_again(trained, line, activation)}; scan again")
    if piece.drawn:
        trained.folder.write_bytes(piece.picture, webp(cascade_picture(seen, found, circular=wraps(network))))
    rows = [(piece.layer, piece.channel, *row) for row in found.rows]
    columns = zip(zip(*rows, strict=True), SCHEMA, strict=True)
    arrays = [pa.array(column, field.type, from_pandas=True) for column, field in columns]  # NaN becomes null
    trained.folder.write_table(piece.table, pa.table(arrays, SCHEMA))
    return 1


def read_piece(trained: Trained, piece: SanityPiece) -> pa.Table | None:
    """Return the rows of a finished piece; None if it is not finished."""
    folder = trained.folder
    if piece.drawn and not folder.exists(piece.picture):
        return None
    try:
        return folder.read_table(piece.table)
    except (OSError, pa.ArrowInvalid):
        return None


@lru_cache(maxsize=1)
def _random_network(settings: NetworkSettings, view: ViewName, seed: int, device: str) -> nn.Module:
    """The network of random weights, made once per process."""
    import torch

    from lp_core.exemplars.cascade import random_network

    # Not the seed of the training: a trained network resembles its first weights.
    other = int(fingerprint(["sanity", seed])[:8], 16)
    return random_network(settings, view, other).to(device).to(memory_format=torch.channels_last)
