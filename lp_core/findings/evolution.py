"""How the channels of a network evolve from checkpoint to checkpoint: one row per channel, from the tables of scans.

Shapes: E checkpoints in ascending order, C channels of all layers, K places (nine).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lp_core.exemplars.top_k import EMPTY
from lp_core.findings.nines import Nines
from lp_core.measures.birth import Births, births, jumps
from lp_core.measures.drift import centre_angle, centre_radius
from lp_core.measures.evolution import shared
from lp_core.measures.rank_overlap import rank_biased_overlap

if TYPE_CHECKING:
    from lp_core.exemplars.ring_activity import LayerActivity

SCHEMA = pa.schema(
    [
        ("layer", pa.string()),
        ("channel", pa.int64()),
        ("epoch", pa.int64()),
        ("images", pa.int64()),
        ("shared_with_last", pa.int64()),
        ("rank_overlap_with_last", pa.float64()),
        ("shared_with_previous", pa.int64()),
        ("jump", pa.bool_()),
        ("radius_px", pa.float64()),
        ("direction", pa.float64()),
        ("resultant", pa.float64()),
    ]
)
BIRTH_SCHEMA = pa.schema(
    [
        ("layer", pa.string()),
        ("channel", pa.int64()),
        ("complete", pa.bool_()),
        ("birth_epoch", pa.int64()),
        ("seen", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Checkpoint:
    """What was scanned with the weights of one epoch.

    Attributes:
        epoch: 0 before the first step.
        nines: of all channels; the same channels at every checkpoint.
        activity: by layer, where its channels fire; empty if an earlier version scanned.
    """

    epoch: int
    nines: Nines
    activity: Mapping[str, LayerActivity]


def channel_births(checkpoints: Sequence[Checkpoint]) -> Births:
    """Return when each channel was born; meaningless for channels without nine images at the last checkpoint.

    Args:
        checkpoints: in ascending order.
    """
    last = checkpoints[-1].nines.image_CK
    shared_EC = np.stack([shared(checkpoint.nines.image_CK, last) for checkpoint in checkpoints])
    return births(shared_EC, np.array([checkpoint.epoch for checkpoint in checkpoints]))


def evolution_table(checkpoints: Sequence[Checkpoint]) -> pa.Table:
    """Return one row per epoch, layer and channel, `SCHEMA`.

    `images`: places taken. `shared_with_last`, `shared_with_previous`: images in common, at any rank.
    `rank_overlap_with_last`: `rank_biased_overlap`, null unless both have nine. `jump`: `jumps`, null at the first
    epoch and where the channel is dead in either. `radius_px`, `direction` (degrees, clockwise from the right) and
    `resultant` (0 to 1): centroid of the activation (`drift`), null where it is dead.

    Args:
        checkpoints: in ascending order.
    """
    last, parts = checkpoints[-1].nines.image_CK, []
    for previous, checkpoint in itertools.pairwise([None, *checkpoints]):
        assert checkpoint is not None
        nines, count = checkpoint.nines, len(checkpoint.nines.channel_C)
        before_CK = nines.image_CK if previous is None else previous.nines.image_CK
        shared_C = shared(nines.image_CK, before_CK)
        jump_C = jumps(nines.image_CK[:, 0] == before_CK[:, 0], shared_C)
        is_unknown_C = np.full(count, previous is None)
        is_dead_C = (nines.image_CK[:, 0] == EMPTY) | (before_CK[:, 0] == EMPTY)
        radius_C, angle_C = channel_centres(checkpoint)
        columns = {
            "layer": [nines.layers[index] for index in nines.layer_C.tolist()],
            "channel": nines.channel_C,
            "epoch": np.full(count, checkpoint.epoch),
            "images": (nines.image_CK != EMPTY).sum(1),
            "shared_with_last": shared(nines.image_CK, last),
            "rank_overlap_with_last": _known(rank_biased_overlap(nines.image_CK, last)),
            "shared_with_previous": pa.array(shared_C, mask=is_unknown_C),
            "jump": pa.array(jump_C, mask=is_unknown_C | is_dead_C),
            "radius_px": _known(radius_C),
            "direction": _known(np.degrees(np.angle(angle_C)) % 360),
            "resultant": _known(np.abs(angle_C)),
        }
        parts.append(pa.table(columns, SCHEMA))
    return pa.concat_tables(parts).combine_chunks()


def birth_table(checkpoints: Sequence[Checkpoint]) -> pa.Table:
    """Return one row per layer and channel, `BIRTH_SCHEMA`.

    `complete`: nine images at the last checkpoint; other channels have no birth (null). `seen`: false where the birth
    is right-censored; `birth_epoch` is then the last checkpoint.

    Args:
        checkpoints: in ascending order.
    """
    nines, found = checkpoints[-1].nines, channel_births(checkpoints)
    is_unknown_C = ~nines.complete_C
    columns = {
        "layer": [nines.layers[index] for index in nines.layer_C.tolist()],
        "channel": nines.channel_C,
        "complete": nines.complete_C,
        "birth_epoch": pa.array(found.epoch_C, mask=is_unknown_C),
        "seen": pa.array(found.is_seen_C, mask=is_unknown_C),
    }
    return pa.table(columns, BIRTH_SCHEMA)


def channel_centres(checkpoint: Checkpoint) -> tuple[np.ndarray, np.ndarray]:
    """Return radius in px, float64 [C], and circular centroid, complex128 [C], of each channel's activation.

    NaN for dead channels, and where the scan did not keep the activation by ring.
    """
    nines = checkpoint.nines
    radius_C, angle_C = np.full(len(nines.layer_C), np.nan), np.full(len(nines.layer_C), np.nan + 0j)
    for layer, seen in checkpoint.activity.items():
        mine_C = nines.channels(layer)
        radius_C[mine_C] = centre_radius(seen.square_CB, seen.radius_E)
        angle_C[mine_C] = centre_angle(seen.sector_CS, seen.sector_cells_S)
    return radius_C, angle_C


def _known(value_C: np.ndarray) -> pa.Array:
    return pa.array(value_C, mask=np.isnan(value_C))
