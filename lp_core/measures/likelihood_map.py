"""How likely a network finds a class in one photograph, by the point that is fixated.

A log-polar network moves its gaze within the evaluation crop, beyond which it sees its fill. For an ordinary network
the crop moves over the photograph by the same amount, and shows the mean colour beyond the photograph.
Shapes: G fixations along either side, C classes, N images of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lp_core.errors import DataError, check
from lp_core.images.crop import Crop, centre_crop
from lp_core.images.look import Look
from lp_core.images.network_input import network_input
from lp_core.settings import ViewName, ViewSettings

GRID = 11
"""Fixations along either side. Source: the grid of the tolerance test."""
GRIDS = (3, 51)
"""Smallest and largest grid. Source: our choice; 51 x 51 is a fixation every 4 px of a 224 px input."""

Moves = Literal["gaze", "crop"]
Answer = Callable[[np.ndarray], np.ndarray]
"""A network: uint8 [N, size, size, 3] -> logits [N, C]."""


@dataclass(frozen=True)
class Eye:
    """What a network sees a photograph with.

    Args:
        view: kind of network input.
        settings: of the view.
        eval_crop: share of the photograph's shorter side that the evaluation crop has.
        crop_moves: also the log-polar view moves its crop; both views then see the same part of the photograph.
    """

    view: ViewName
    settings: ViewSettings
    eval_crop: float
    crop_moves: bool = False

    @property
    def moves(self) -> Moves:
        """What moves from fixation to fixation."""
        return "crop" if self.crop_moves or self.view == "cartesian" else "gaze"

    def crop(self, image_HWC: np.ndarray) -> Crop:
        """Return the evaluation crop of a photograph."""
        return centre_crop(image_HWC.shape[0], image_HWC.shape[1], self.eval_crop)

    def look(self, shift_yx: tuple[float, float]) -> Look:
        """Return the look at a point, shifted from the middle of the crop by shares of its sides."""
        return Look(gaze_shift_yx=shift_yx) if self.moves == "gaze" else Look(crop_shift_yx=shift_yx)


@dataclass(frozen=True)
class LikelihoodMap:
    """Probabilities of all classes by fixation; row 0 is the upper edge of the crop, column 0 the left one.

    Args:
        probability_GGC: float64 [G, G, C], softmax of the logits; sums to 1 over the classes.
        crop: that the grid spans, from edge to edge, in px of the photograph.
        moves: what moved from fixation to fixation.
    """

    probability_GGC: np.ndarray
    crop: Crop
    moves: Moves = "gaze"

    @property
    def grid(self) -> int:
        """Fixations along either side."""
        return len(self.probability_GGC)

    @property
    def centre(self) -> tuple[int, int]:
        """Row and column of the middle fixation, which is the evaluation's."""
        return self.grid // 2, self.grid // 2

    def best(self, label: int) -> tuple[int, int]:
        """Return row and column of the fixation where a class is most likely; of equals the one nearest to the centre.

        A constant network therefore looks at the centre. Of equally near ones the first row by row is taken.
        """
        likelihood_GG = self.probability_GGC[..., label]
        rows, columns = np.nonzero(likelihood_GG == likelihood_GG.max())
        nearest = np.argmin((rows - self.centre[0]) ** 2 + (columns - self.centre[1]) ** 2)
        return int(rows[nearest]), int(columns[nearest])

    def position(self, fixation: tuple[int, int]) -> tuple[float, float]:
        """Return where a fixation lies, (y, x) in px of the photograph from its upper left corner."""
        down, right = (index / (self.grid - 1) for index in fixation)
        return self.crop.top + down * self.crop.height, self.crop.left + right * self.crop.width

    def shift(self, fixation: tuple[int, int]) -> tuple[float, float]:
        """Return where a fixation lies, (y, x) from the middle of the crop in shares of its sides."""
        y, x = (shifts(self.grid)[index] for index in fixation)
        return y, x

    def top(self, fixation: tuple[int, int], number: int = 5) -> list[int]:
        """Return the classes that are most likely there, the first first; of equals the lower index."""
        return np.argsort(-self.probability_GGC[fixation], kind="stable")[:number].tolist()


def shifts(grid: int) -> list[float]:
    """Return the places of the fixations along one side, from -0.5, one edge of the crop, to 0.5, the other.

    Raises:
        SettingError: the grid is even, so that no fixation is the middle, or outside of `GRIDS`.
    """
    low, high = GRIDS
    odd = grid % 2 == 1
    check(low <= grid <= high and odd, f"grid is {grid}; give an odd number, {low} to {high}: its middle is the centre")
    return [(index - grid // 2) / (grid - 1) for index in range(grid)]


def likelihood_map(image_HWC: np.ndarray, eye: Eye, answer: Answer, grid: int = GRID, batch: int = 32) -> LikelihoodMap:
    """Ask a network at every fixation of a grid over the evaluation crop of a photograph.

    Args:
        image_HWC: decoded photograph, uint8 [H, W, 3].
        eye: view, settings and crop of the network.
        answer: the network.
        grid: fixations along either side, odd; the middle one is the evaluation's input to the byte.
        batch: most images that the network is asked about together.

    Raises:
        SettingError: the grid is even or out of range.
        DataError: the network answers with NaN or infinity.
    """
    places = [(y, x) for y in shifts(grid) for x in shifts(grid)]
    probability_FC = probabilities(image_HWC, eye, answer, places, batch)
    return LikelihoodMap(probability_FC.reshape(grid, grid, -1), eye.crop(image_HWC), eye.moves)


def probabilities(
    image_HWC: np.ndarray, eye: Eye, answer: Answer, shift_yx: Sequence[tuple[float, float]], batch: int = 32
) -> np.ndarray:
    """Ask a network at some fixations of a photograph.

    Args:
        image_HWC: decoded photograph, uint8 [H, W, 3].
        eye: view, settings and crop of the network.
        answer: the network.
        shift_yx: F fixations, from the middle of the crop in shares of its sides.
        batch: most images that the network is asked about together.

    Returns:
        float64 [F, C], which sum to 1 over the classes.

    Raises:
        DataError: the network answers with NaN or infinity.
    """
    crop, logits = eye.crop(image_HWC), []
    for start in range(0, len(shift_yx), batch):
        looks = map(eye.look, shift_yx[start : start + batch])
        seen = [network_input(image_HWC, crop, eye.view, eye.settings, look) for look in looks]
        logits.append(answer(np.stack(seen)))
    return softmax(np.concatenate(logits))


def plain(image_HWC: np.ndarray) -> np.ndarray:
    """Return a photograph of the same size in the mean colour of this one: what is likely in it is due to its frame.

    A network that looks beside the centre sees where the crop or the photograph ends.
    """
    return np.broadcast_to(np.rint(image_HWC.mean((0, 1))).astype(np.uint8), image_HWC.shape).copy()


def softmax(logits_NC: np.ndarray) -> np.ndarray:
    """Return probabilities, float64 [N, C], which sum to 1 over the classes.

    Raises:
        DataError: a logit is NaN or infinite.
    """
    logits_NC = np.asarray(logits_NC, np.float64)
    finite = bool(np.isfinite(logits_NC).all())
    check(finite, "the network answers with NaN or infinity, so nothing is likely; are these its weights?", DataError)
    odds_NC = np.exp(logits_NC - logits_NC.max(1, keepdims=True))
    return odds_NC / odds_NC.sum(1, keepdims=True)
