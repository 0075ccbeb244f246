"""Images that excite a channel less than its nine: those nearest quantiles of the images that activate it.

The nine are the extreme of what a channel does; these show how it goes on. Shapes: N images, C channels, K places.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import NamedTemporaryFile

import numpy as np
import pyarrow as pa

from lp_core.run.files import MAXIMA
from lp_core.storage import Storage

QUANTILES = (0.99, 0.9, 0.5)
"""Of the images that activate a channel. Source: Zimmermann et al. 2024, who ask people about them."""
NEAREST = 3
"""Images nearest each quantile. Source: our choice; a row of the nine's square."""
BLOCK = 256
"""Channels read at a time: 51 MB of 50,000 images. Source: our choice."""

SCHEMA = pa.schema(
    [
        pa.field("layer", pa.string(), nullable=False),
        pa.field("channel", pa.int32(), nullable=False),
        pa.field("quantile", pa.float64(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("activation", pa.float32(), nullable=False),
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("label", pa.int64(), nullable=False),
        pa.field("class_name", pa.string(), nullable=False),
    ]
)


def lower_exemplars(
    maxima_NC: np.ndarray,
    images: pa.Table,
    row_CK: np.ndarray,
    layer_channels: Mapping[str, int],
    class_names: Sequence[str],
) -> pa.Table:
    """Return the three images nearest each quantile of every channel's active images, without the nine.

    A quantile q is the smallest maximum that a share q of the active images does not exceed. Of images equally near,
    the lower row comes first. A channel with fewer candidates has fewer rows; an image may be near two quantiles.

    Args:
        maxima_NC: largest activation of each image and channel, float16; may be mapped from a file.
        images: `row`, `image_id` and `label` of each image, by ascending row.
        row_CK: row numbers of the nine.
        layer_channels: number of channels by layer, in order.
        class_names: name of each label.
    """
    row_N = images["row"].to_numpy()
    layers = np.repeat(list(layer_channels), list(layer_channels.values()))
    numbers = np.concatenate([np.arange(count) for count in layer_channels.values()])
    picked: list[tuple[int, float, int, int]] = []
    for start in range(0, maxima_NC.shape[1], BLOCK):
        for channel, maxima_N in enumerate(maxima_NC[:, start : start + BLOCK].T.astype(np.float32, order="C"), start):
            near = _nearest(maxima_N, np.isin(row_N, row_CK[channel]))
            picked += [(channel, quantile, rank, image) for quantile, rank, image in near]
    channel_P, quantile_P, rank_P, image_P = (
        (np.array(values) for values in zip(*picked, strict=True)) if picked else (np.zeros(0, int) for _ in range(4))
    )
    label_P = images["label"].to_numpy()[image_P].astype(np.int64)
    columns = {
        "layer": layers[channel_P],
        "channel": numbers[channel_P],
        "quantile": quantile_P,
        "rank": rank_P,
        "activation": maxima_NC[image_P, channel_P].astype(np.float32),
        "image_id": images["image_id"].take(pa.array(image_P)),
        "row": row_N[image_P],
        "label": label_P,
        "class_name": np.array(class_names, object)[label_P],
    }
    return pa.table(columns).cast(SCHEMA).combine_chunks()


def _nearest(maxima_N: np.ndarray, among_nine_N: np.ndarray) -> Iterator[tuple[float, int, int]]:
    """Quantile, rank and image of a channel's lower exemplars; images are numbered by ascending row."""
    active = np.flatnonzero(maxima_N > 0)
    candidates = active[~among_nine_N[active]]
    if not len(candidates):
        return
    order = [int(np.ceil(quantile * len(active))) - 1 for quantile in QUANTILES]
    value_Q = np.partition(maxima_N[active], order)[order]
    kept = min(NEAREST, len(candidates))
    for quantile, value in zip(QUANTILES, value_Q, strict=True):
        distance = np.abs(maxima_N[candidates].astype(np.float64) - value)
        close = np.flatnonzero(distance <= np.partition(distance, kept - 1)[kept - 1])
        best = close[np.argsort(distance[close], kind="stable")][:kept]
        yield from ((quantile, rank, int(image)) for rank, image in enumerate(candidates[best]))


@contextmanager
def opened_maxima(folder: Storage) -> Iterator[np.ndarray]:
    """Give float16 [N, C] of a scan's `maxima.npy`, of which only the parts that are used take memory.

    From an object store the file is copied to this machine's disk first.

    Raises:
        FileNotFoundError: the scan kept none.
        ValueError: it is no array.
    """
    if folder.is_local:
        yield np.load(folder.path(MAXIMA), mmap_mode="r", allow_pickle=False)
        return
    with NamedTemporaryFile(suffix=".npy") as copy, folder.filesystem.open_input_file(folder.path(MAXIMA)) as file:
        shutil.copyfileobj(file, copy, 2**24)
        copy.flush()
        yield np.load(copy.name, mmap_mode="r", allow_pickle=False)
