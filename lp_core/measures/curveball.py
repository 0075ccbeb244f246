"""Null N1: the nines of a layer dealt out again, so that every image still serves as many channels as before.

Some images excite many channels of any network. Chance must keep that popularity: 576 places of
one measured layer held 324 distinct images only, which alone looks like grouping.

Shapes: C channels of one or several layers, K places of each (nine), P pairs of channels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

BURN_IN = 50
"""Trades per channel before the first sample. Source: the specification; Strona et al. 2014 find 5 per row enough."""
BETWEEN = 5
"""Trades per channel between two samples. Source: the same."""
_PLACE_BITS, _RANDOM_BITS = 25, 32
_LARGEST_PLACE = (1 << _PLACE_BITS) - 1


def curveball(
    image_CK: np.ndarray,
    samples: int,
    rng: np.random.Generator,
    *,
    layer_C: np.ndarray | None = None,
    stratum_CK: np.ndarray | None = None,
    burn_in: int = BURN_IN,
    between: int = BETWEEN,
) -> Iterator[np.ndarray]:
    """Yield nines drawn uniformly among all that give each channel K images and each image its number of channels.

    In a trade, two channels pool the images that only one of them has and deal them out again at random. Disjoint
    pairs of channels trade at once. Places move, rather than images, so that a sample also says which patch, label or
    embedding went where.

    Args:
        image_CK: int, row number of the image at each place; no image twice in a channel.
        samples: number of samples.
        rng: draws pairs and deals.
        layer_C: int, the layer of each channel; channels trade within their layer only, and all layers at once, which
            is faster than one layer after the other. Unless given there is one layer.
        stratum_CK: int; places are traded only for places of the same stratum, for example eccentricity tertiles,
            deciles of contrast, or receptive fields at the border. Each channel then keeps its number of places in
            every stratum.
        burn_in: trades per channel before the first sample.
        between: trades per channel between samples.

    Yields:
        int64 [C, K]: the place (flat index into `image_CK`) that each place takes over.

    Raises:
        ValueError: an image stands twice in a channel, a place is empty (leave such channels out), or there are more
            than 2^25 places or 20 strata.

    Source: Strona et al. 2014 (Nature Communications 5:4114); Carstens, Berger & Strona 2018 for disjoint pairs;
    uniform by Carstens 2015.
    """
    image_CK = np.ascontiguousarray(image_CK, np.int64)
    channels, keep = image_CK.shape
    if (image_CK < 0).any():
        raise ValueError("a place holds no image; leave channels with fewer images out of this null")
    if (np.diff(np.sort(image_CK, 1), axis=1) == 0).any():
        raise ValueError("an image stands twice in a channel, so there is no null that keeps its popularity")
    if image_CK.size > _LARGEST_PLACE:
        raise ValueError(f"{image_CK.size} places; at most {_LARGEST_PLACE} can be traded at once")
    image = np.unique(image_CK, return_inverse=True)[1].ravel().astype(np.int32)  # small numbers compare faster
    stratum = None if stratum_CK is None else np.unique(stratum_CK, return_inverse=True)[1].ravel()
    if stratum is not None and stratum.max() + 2 * keep >= 1 << 63 - _PLACE_BITS - _RANDOM_BITS:
        raise ValueError(f"{stratum.max() + 1} strata are too many to trade within; give about three")
    pairing = _Pairing(np.zeros(channels, np.int64) if layer_C is None else np.asarray(layer_C))
    place_CK = np.arange(image_CK.size).reshape(image_CK.shape)
    trades = burn_in
    for _ in range(samples):
        for _ in range(pairing.rounds(trades)):
            pair_P2 = pairing.draw(rng)
            place_PD = place_CK[pair_P2].reshape(len(pair_P2), 2 * keep)
            place_CK[pair_P2] = _trade(place_PD, image, stratum, rng).reshape(len(pair_P2), 2, keep)
        trades = between
        yield place_CK.copy()


class _Pairing:
    """Disjoint random pairs of channels within each layer; with an odd number of channels one of them rests."""

    def __init__(self, layer_C: np.ndarray) -> None:
        _, self.layer_C, count_L = np.unique(layer_C, return_inverse=True, return_counts=True)
        last_of_odd = np.cumsum(count_L)[count_L % 2 == 1] - 1
        self.paired = np.delete(np.arange(len(layer_C)), last_of_odd)
        self.most = max((count / (count // 2) for count in count_L.tolist() if count > 1), default=0)

    def rounds(self, trades_per_channel: int) -> int:
        """Return how many rounds give every layer that many trades per channel: a round makes one for each pair."""
        return math.ceil(trades_per_channel * self.most)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Return int64 [P, 2]: neighbours after shuffling the channels of each layer."""
        shuffled_C = np.argsort(self.layer_C + rng.random(len(self.layer_C)))
        return shuffled_C[self.paired].reshape(-1, 2)


def _trade(place_PD: np.ndarray, image: np.ndarray, stratum: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """Places [P, 2K] of the pairs after one trade each.

    A sort of integers deals: group in the highest bits, then random bits, then the place itself.
    """
    pairs, both = place_PD.shape
    keep = both // 2
    image_DP = np.ascontiguousarray(image[place_PD].T)  # pairs last: the comparison runs along memory
    same_KKP = image_DP[:keep, None] == image_DP[None, keep:]
    first_PK, second_PK = same_KKP.any(1).T, same_KKP.any(0).T
    random_PD = rng.integers(0, 1 << _RANDOM_BITS, (pairs, both), dtype=np.uint32).astype(np.int64)
    dealt_PD = random_PD << _PLACE_BITS | place_PD
    group_bit = _PLACE_BITS + _RANDOM_BITS
    if stratum is None:
        # The first channel keeps its shared images in front, the second behind; all others are dealt between them.
        group_PD = np.ones((pairs, both), np.int64)
        group_PD[:, :keep] -= first_PK
        group_PD[:, keep:] += second_PK
        return np.sort(dealt_PD | group_PD << group_bit, axis=1) & _LARGEST_PLACE
    # The slots that a stratum occupies, in order, receive its places in random order; shared images stay.
    slot_D = np.arange(both)
    shared_PD = np.concatenate([first_PK, second_PK], 1)
    group_PD = np.where(shared_PD, stratum.max() + 1 + slot_D, stratum[place_PD])
    slot_PD = np.sort(group_PD << _PLACE_BITS | slot_D, axis=1) & _LARGEST_PLACE
    traded_PD = np.empty_like(place_PD)
    np.put_along_axis(traded_PD, slot_PD, np.sort(dealt_PD | group_PD << group_bit, axis=1) & _LARGEST_PLACE, 1)
    return traded_PD
