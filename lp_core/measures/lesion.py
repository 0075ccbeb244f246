"""Which cells to blank to ask whether the fovea is useful: it, as many cells elsewhere, or as much photograph.

A lesion without retraining shows what this network uses; retraining without those rings shows what there is to use.
Shapes: N images, S sectors, R rings, C colours.
"""

from __future__ import annotations

import numpy as np


def foveal_cells(radius_R: np.ndarray, radius: float, sectors: int) -> np.ndarray:
    """Return bool [S, R]: the cells of all rings nearer to the fixation than a radius in px.

    Args:
        radius_R: radius in px of each ring (`LogPolarMap.radius_of`).
        radius: in px.
        sectors: S.

    Raises:
        ValueError: the radius covers no ring, or all of them.
    """
    within_R = np.asarray(radius_R) < radius
    if not 0 < within_R.sum() < len(within_R):
        raise ValueError(f"{within_R.sum()} of {len(within_R)} rings are within {radius:g} px; blank some, not all")
    return np.tile(within_R, (sectors, 1))


def equal_cells(fovea_SR: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return bool [S, R]: as many neighbouring rings as the fovea has, somewhere outside it.

    Raises:
        ValueError: the fovea has more than half of the rings, such as 71 % within 35.7 px at 224 px; only an equal
            area can be blanked elsewhere then.
    """
    sectors, rings = fovea_SR.shape
    width = int(fovea_SR[0].sum())
    if 2 * width > rings:
        raise ValueError(f"it has {width} of {rings} rings, so there are not as many elsewhere")
    first = int(rng.integers(width, rings - width + 1))
    ring_R = np.arange(rings)
    return np.tile((ring_R >= first) & (ring_R < first + width), (sectors, 1))


def equal_area(fovea_SR: np.ndarray, area_SR: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return bool [S, R]: neighbouring cells outside the fovea that see as much of the photograph, to one cell.

    Cells are taken ring after ring from a random cell on, around the circle. Far out a part of one ring is enough.

    Args:
        fovea_SR: from `foveal_cells`.
        area_SR: px of the photograph that each cell stands for, 0 beyond the photograph (`cell_area`).
        rng: draws the first cell.

    Raises:
        ValueError: no place outside has as much area.
    """
    sectors, rings = fovea_SR.shape
    wanted, first_ring = float(area_SR[fovea_SR].sum()), int(fovea_SR[0].sum())
    beyond_R = np.cumsum(area_SR.sum(0)[::-1])[::-1]  # from each ring on
    possible = np.flatnonzero(beyond_R[first_ring:] >= wanted) + first_ring
    if not len(possible):
        raise ValueError(f"it sees {wanted:.0f} px, more than all other rings; take a smaller radius")
    ring, sector = int(rng.choice(possible)), int(rng.integers(sectors))
    order = np.roll(np.arange(sectors), -sector)
    cell = (order + sectors * np.arange(ring, rings)[:, None]).ravel()  # ring-major, each from the same sector on
    area = np.cumsum(area_SR.T.ravel()[cell])
    taken = cell[: int(np.searchsorted(area, wanted - area_SR[0, ring] / 2)) + 1]
    mask_RS = np.zeros((rings, sectors), bool)
    mask_RS.ravel()[taken] = True
    return mask_RS.T


def cell_area(radius_edge: np.ndarray, sees_SR: np.ndarray) -> np.ndarray:
    """Return float64 [S, R]: px of the photograph that each cell stands for.

    Args:
        radius_edge: float [R + 1], radius in px between rings (`radius_of` at c - 1/2), at least 0.
        sees_SR: bool, cells that look at the photograph (not `LogPolarMap.looks_outside`).
    """
    edge = np.maximum(radius_edge, 0.0)
    return sees_SR * (np.pi * np.diff(edge**2) / len(sees_SR))


def blanked(image_NSRC: np.ndarray, mask_SR: np.ndarray, colour_C: np.ndarray) -> np.ndarray:
    """Return the images with the masked cells in one colour, such as the data set's mean; same dtype."""
    colour_C = np.asarray(colour_C)
    if np.issubdtype(image_NSRC.dtype, np.integer):
        colour_C = np.rint(colour_C)
    return np.where(mask_SR[:, :, None], colour_C.astype(image_NSRC.dtype), image_NSRC)
