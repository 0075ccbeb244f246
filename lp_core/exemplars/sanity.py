"""Whether the pictures of one channel say something about its weights, and whether what they show drives it.

Shapes: N exemplars of one channel, S R rows and columns of the network input, h w those of a receptive field, of which
rows that go around a circle more than once are left out; M masks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn

from lp_core.exemplars.cascade import cascaded, depths
from lp_core.exemplars.crop import cut, effective_box, inside, paste
from lp_core.exemplars.field_measures import one_turn
from lp_core.exemplars.guided_backprop import Unit, always_active, guided_backprop, wraps
from lp_core.exemplars.relu_rules import RELU_RULES
from lp_core.measures.blanking import (
    DRAWS,
    SHARES,
    box_mask,
    boxes_elsewhere,
    edge_matched_mask,
    random_mask,
    strongest,
)
from lp_core.measures.similarity import as_drawn, edge_strength, magnitude, rank_correlation, ssim
from lp_core.network.inputs import STD, normalized
from lp_core.network.layers import VGG_16, Architecture
from lp_core.network.receptive_field import Box
from lp_core.network.stack import Stack
from lp_core.settings import Rule

SCHEMA = pa.schema(
    [
        pa.field("layer", pa.string(), nullable=False),
        pa.field("channel", pa.int32(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("test", pa.string(), nullable=False),
        pa.field("depth", pa.int32(), nullable=False),
        pa.field("value", pa.float64()),
    ]
)
EXEMPLARS = 3
"""Of the nine that are looked at. Source: our choice; channels count more than exemplars of one channel."""
NOISE = 1.0
"""Standard deviation in grey levels of the noise of the second test of one picture. Source: our choice; invisible."""
Row = tuple[int, Rule, str, int, float]
"""Rank, rule, test, depth, value."""


@dataclass(frozen=True, eq=False)
class ChannelExemplars:
    """The first exemplars of one channel.

    Attributes:
        layer, channel: which.
        ranks: of the exemplars.
        positions: row and column of the unit in each.
        boxes: its receptive field in each.
        image_NSRC: uint8, the network inputs.
        seed: of noise and masks, besides layer, channel, rank and rule.
        architecture: layers of the network.
    """

    layer: str
    channel: int
    ranks: Sequence[int]
    positions: Sequence[tuple[int, int]]
    boxes: Sequence[Box]
    image_NSRC: np.ndarray
    seed: int
    architecture: Architecture = VGG_16

    @property
    def depth(self) -> int:
        """Number of layers from the channel's own down to the first, itself included."""
        return depths(self.layer, self.architecture)

    @property
    def units(self) -> list[Unit]:
        """The unit of each exemplar."""
        return [(self.channel, row, col) for row, col in self.positions]

    def rng(self, at: int, rule: Rule) -> np.random.Generator:
        """Random numbers of one exemplar and rule."""
        number = list(RELU_RULES).index(rule)
        return np.random.default_rng([self.seed, self.depth, self.channel, self.ranks[at], number])


@dataclass(frozen=True, eq=False)
class ChannelSanity:
    """What was found about one channel.

    Attributes:
        rows: one number each.
        activations: of the exemplars, float32 [N], to compare with those recorded.
        cascade: by rule, the gradient [3, h, w] of the first exemplar by depth, that of the trained network first.
    """

    rows: list[Row]
    activations: np.ndarray
    cascade: dict[Rule, list[np.ndarray]]


def channel_sanity(trained: nn.Module, random: nn.Module, seen: ChannelExemplars) -> ChannelSanity:
    """Return all tests of one channel by every rule.

    Values are null (NaN) where a test cannot be made: a picture that is zero everywhere, a receptive field too small
    for SSIM, one exemplar alone (`chance`), or no room for a box elsewhere.

    Args:
        trained: the network whose pictures are tested.
        random: the same with random weights (`random_network`).
        seen: the exemplars.
    """
    # Before the unit's own ReLU: random units of deep layers are active in every image or in none.
    networks = [
        always_active(cascaded(trained, random, seen.layer, depth), seen.layer) for depth in range(1, seen.depth + 1)
    ]
    x_N3SR = normalized(seen.image_NSRC, next(trained.parameters()).device)
    fields = [_Field.of(box, seen.image_NSRC.shape[1:3], wraps(trained)) for box in seen.boxes]
    edges = [
        cut(edge_strength(image, wraps=wraps(trained))[..., None], field.box, wraps=wraps(trained))[0][..., 0]
        for image, field in zip(seen.image_NSRC, fields, strict=True)
    ]
    found = ChannelSanity([], np.zeros(0), {})
    for rule in RELU_RULES:
        gradients, activations = _gradients(trained, x_N3SR, seen, fields, rule)
        again = _gradients(always_active(trained, seen.layer), _noisy(x_N3SR, seen, rule), seen, fields, rule)[0]
        cascade = [_gradients(network, x_N3SR, seen, fields, rule)[0] for network in networks]
        for at, rank in enumerate(seen.ranks):
            pictures = _Pictures(at, fields, edges, gradients, again, cascade)
            tests = [*pictures.tests(), *_blanked(trained, x_N3SR, seen, pictures, float(activations[at]), rule)]
            found.rows.extend((rank, rule, test, depth, value) for test, depth, value in tests)
        found.cascade[rule] = [of_depth[0] for of_depth in (gradients, *cascade)]
    return ChannelSanity(found.rows, activations, found.cascade)


@dataclass(frozen=True, eq=False)
class _Field:
    """A receptive field on its image.

    Attributes:
        box: at most one turn of it, in px of the network input.
        kept: its rows among those of the whole field.
        inside_hw: which of its px are on the image; always a rectangle.
    """

    box: Box
    kept: slice
    inside_hw: np.ndarray

    @classmethod
    def of(cls, whole: Box, shape_SR: tuple[int, int], circular: bool) -> _Field:
        box, kept = one_turn(whole, shape_SR[0]) if circular else (whole, slice(None))
        return cls(box, kept, inside(box, shape_SR, wraps=circular))

    @property
    def bounds(self) -> Box:
        """The rectangle of the px on the image, within the box."""
        row, column = (np.flatnonzero(self.inside_hw.any(axis)) for axis in (1, 0))
        return Box(int(row[0]), int(column[0]), int(row[-1]) + 1, int(column[-1]) + 1)


@dataclass(frozen=True, eq=False)
class _Pictures:
    """The gradients of one exemplar, and of the others that chance is taken from."""

    at: int
    fields: Sequence[_Field]
    edges: Sequence[np.ndarray]
    gradients: Sequence[np.ndarray]
    again: Sequence[np.ndarray]
    cascade: Sequence[Sequence[np.ndarray]]

    @property
    def other(self) -> int:
        """The exemplar that has another image; itself if it is alone."""
        return (self.at + 1) % len(self.fields)

    def tests(self) -> Iterator[tuple[str, int, float]]:
        """Yield test, depth and value of all likenesses."""
        own, last = magnitude(self.gradients[self.at]), len(self.cascade)
        alone = self.other == self.at
        yield "gradient_norm", 0, float(np.linalg.norm(own))
        yield from self._likeness("retest", 0, own, magnitude(self.again[self.at]))
        yield "edges", 0, self._ranked(own, self.edges[self.at])
        yield "edges_chance", 0, np.nan if alone else self._ranked(own, self.edges[self.other], self.other)
        for depth, gradients in enumerate(self.cascade, start=1):
            random = magnitude(gradients[self.at])
            yield from self._likeness("random", depth, own, random)
            yield "edges", depth, self._ranked(random, self.edges[self.at])
        if alone:
            yield from (("chance", last, np.nan), ("chance_ssim", last, np.nan))
        else:
            yield from self._likeness("chance", last, own, magnitude(self.cascade[-1][self.other]), self.other)

    def _likeness(
        self, test: str, depth: int, a_hw: np.ndarray, b_hw: np.ndarray, other: int | None = None
    ) -> Iterator[tuple[str, int, float]]:
        yield test, depth, self._ranked(a_hw, b_hw, other)
        window = self._window(other)
        pair = [as_drawn(map_hw[window]) for map_hw in (a_hw, b_hw)]
        yield f"{test}_ssim", depth, ssim(*pair) if all(map_hw.any() for map_hw in pair) else np.nan

    def _ranked(self, a_hw: np.ndarray, b_hw: np.ndarray, other: int | None = None) -> float:
        window = self._window(other)
        return rank_correlation(a_hw[window], b_hw[window])

    def _window(self, other: int | None) -> tuple[slice, slice]:
        """The px of the receptive field that are on the image, or on both images."""
        mask_hw = self.fields[self.at].inside_hw
        mask_hw = mask_hw if other is None else mask_hw & self.fields[other].inside_hw
        row, column = (np.flatnonzero(mask_hw.any(axis)) for axis in (1, 0))
        if not len(row):
            return slice(0), slice(0)
        return slice(row[0], row[-1] + 1), slice(column[0], column[-1] + 1)


def _gradients(
    network: nn.Module | Stack, x_N3SR: Tensor, seen: ChannelExemplars, fields: Sequence[_Field], rule: Rule
) -> tuple[list[np.ndarray], np.ndarray]:
    """The gradient [3, h, w] of each exemplar, and the activations."""
    gradient_N3LL, activation_N = guided_backprop(network, x_N3SR, seen.layer, seen.units, rule)
    cuts = [gradient[:, field.kept] for gradient, field in zip(gradient_N3LL.cpu().numpy(), fields, strict=True)]
    return cuts, activation_N.cpu().numpy()


def _noisy(x_N3SR: Tensor, seen: ChannelExemplars, rule: Rule) -> Tensor:
    """The inputs with noise of `NOISE` grey levels."""
    noise_N3SR = np.stack([seen.rng(at, rule).normal(0, NOISE, x_N3SR.shape[1:]) for at in range(len(seen.ranks))])
    scaled = torch.tensor(noise_N3SR / (255 * np.array(STD)[:, None, None]), dtype=x_N3SR.dtype, device=x_N3SR.device)
    return (x_N3SR + scaled).contiguous(memory_format=torch.channels_last)


def _blanked(
    trained: nn.Module, x_N3SR: Tensor, seen: ChannelExemplars, pictures: _Pictures, activation: float, rule: Rule
) -> Iterator[tuple[str, int, float]]:
    """Yield test, depth and value of all tests that blank a part of the input: the share of the activation left."""
    at = pictures.at
    field, gradient, edge_hw = pictures.fields[at], pictures.gradients[at], pictures.edges[at]
    rng = seen.rng(at, rule)
    allowed_hw = field.inside_hw
    masks, share = {}, np.nan
    if gradient.any():
        share, box, elsewhere = _boxes(gradient, field, rng)
        energy_hw = strongest(np.square(gradient.astype(np.float64)).sum(0), allowed_hw)
        count = int(energy_hw.sum())
        masks = {
            "deletion_box": [box_mask(box, allowed_hw.shape)] if elsewhere else [],
            "deletion_elsewhere": [box_mask(other, allowed_hw.shape) for other in elsewhere],
            "occlusion_energy": [energy_hw],
            "occlusion_random": [random_mask(count, allowed_hw, rng) for _ in range(DRAWS)],
            "occlusion_edges": [edge_matched_mask(energy_hw, edge_hw, allowed_hw, rng) for _ in range(DRAWS)],
        }
    left = _activations_left(
        trained, x_N3SR[at], seen, at, field, [mask for of_test in masks.values() for mask in of_test]
    )
    left /= activation
    yield "deletion_share", 0, share
    for test in BLANKED:
        mine, left = np.split(left, [len(masks.get(test, ()))])
        yield test, 0, float(mine.mean()) if len(mine) else np.nan


def _boxes(
    gradient: np.ndarray, field: _Field, rng: np.random.Generator
) -> tuple[float, Box, list[tuple[int, int, int, int]]]:
    """The share of the energy to blank, its box, and equal boxes elsewhere; NaN and none without room for any."""
    whole = Box(0, 0, *field.inside_hw.shape)
    for share in SHARES:
        box = effective_box(gradient, whole, share)
        if elsewhere := boxes_elsewhere(box, field.bounds, rng):
            return share, box, elsewhere
    return np.nan, whole, []


BLANKED = ("deletion_box", "deletion_elsewhere", "occlusion_energy", "occlusion_random", "occlusion_edges")
"""Tests that blank something, in the order of their masks."""


def _activations_left(
    trained: nn.Module, x_3SR: Tensor, seen: ChannelExemplars, at: int, field: _Field, masks: Sequence[np.ndarray]
) -> np.ndarray:
    """The activation with each mask blanked in the mean colour, which is 0 in normalised input; float64 [M]."""
    if not masks:
        return np.zeros(0)
    shape = x_3SR.shape[1], x_3SR.shape[2]
    blank_MSR = np.stack([paste(mask[..., None], field.box, shape, wraps=wraps(trained))[..., 0] for mask in masks])
    kept_MSR = torch.tensor(~blank_MSR, device=x_3SR.device)
    x_M3SR = (x_3SR * kept_MSR[:, None]).contiguous(memory_format=torch.channels_last)
    units = [seen.units[at]] * len(masks)
    return guided_backprop(trained, x_M3SR, seen.layer, units)[1].cpu().numpy().astype(np.float64)
