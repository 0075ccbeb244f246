"""Ray tasks that look for the nine strongest activations of every channel, each in a few hundred images."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from lp_core.config import SettingError
from lp_core.dataset.feed import Feed
from lp_core.storage import Storage
from tasks.networks import Trained, held

if TYPE_CHECKING:
    from lp_core.exemplars.channel_statistics import ChannelStatistics
    from lp_core.exemplars.top_k import TopK


def piece_file(fingerprint: str, first_row: int) -> str:
    """Name of the file that holds what a piece found."""
    return f"scan/{fingerprint}-{first_row:09d}.npz"


def scan_rows(trained: Trained, rows: np.ndarray, name: str) -> int:
    """Find the nine of every channel among some rows, and count what all of them do; return rows seen.

    Both are written as file `name` of the view; rows that cannot be decoded are in neither.
    """
    from lp_core.exemplars.channel_statistics import ChannelStatistics
    from lp_core.exemplars.peaks import ActivationError, find_peaks
    from lp_core.exemplars.top_k import TopK
    from lp_core.network.learner import normalized
    from lp_core.network.vgg16 import conv_channels

    network, device = held(trained)
    recipe = trained.recipe
    channels, size = conv_channels(recipe.network.width), recipe.view.size
    top_k = TopK.empty(sum(channels.values()))
    statistics = ChannelStatistics.empty(channels, (size, size))
    for batch in Feed(recipe, trained.view).evaluation_batches("validation", rows, recipe.scan.batch_size):
        images, numbers = filled(batch.images_NSRC, recipe.scan.batch_size), batch.rows_N.tolist()
        try:
            peaks = find_peaks(network, normalized(images, device), rows=numbers)
        except ActivationError as error:
            raise SettingError(f"view {trained.view}: {error}") from None
        top_k = top_k.push(peaks, numbers)
        statistics.push(peaks, numbers)
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **top_k.to_arrays(), **statistics.to_arrays())
    trained.folder.write_bytes(name, file.getvalue())
    return len(rows)


def filled(images_NSRC: np.ndarray, batch_size: int) -> np.ndarray:
    """The batch at its full size, filled with black: kernels round differently for other batch sizes."""
    missing = batch_size - len(images_NSRC)
    return np.concatenate([images_NSRC, np.zeros((missing, *images_NSRC.shape[1:]), np.uint8)])


def read_piece(folder: Storage, name: str) -> tuple[TopK, ChannelStatistics] | None:
    """What a piece found; None if it is not there or not whole."""
    from lp_core.exemplars.channel_statistics import ChannelStatistics
    from lp_core.exemplars.top_k import TopK

    try:
        with np.load(io.BytesIO(folder.read_bytes(name)), allow_pickle=False) as arrays:
            return TopK.from_arrays(arrays), ChannelStatistics.from_arrays(arrays)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
