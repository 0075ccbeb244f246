"""Likelihood maps of one photograph as a picture: the photograph, and beside it the map of each view over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from lp_core.dataset.boxes import Box
from lp_core.measures.likelihood_map import LikelihoodMap
from lp_core.report.picture import FAINT, INK, PAPER, SOFT, Picture
from lp_core.report.sheet import Sheet
from lp_core.report.tile import VIEW_TITLES
from lp_core.settings import ViewName

SIDE = 400
"""Longer side of a drawn photograph in px."""
OPACITY = 0.6
"""Of the colours over the grey photograph. Source: our choice."""
CONTRAST = 0.5
"""Of the grey photograph. Source: our choice; at 1 its bright parts pass for likely ones."""
_MARGIN, _GAP, _LINE = 14, 18, 20
_BAR = 12
"""Height of the scale of colours in px."""
_NUMBER = "{:.2g}"


def likelihood_picture(
    image_HWC: np.ndarray,
    maps: Mapping[ViewName, LikelihoodMap],
    label: int,
    title: str,
    *,
    frames: Mapping[ViewName, tuple[float, float]],
    boxes: Sequence[Box] = (),
) -> Picture:
    """Draw the likelihood of a class by fixation over a photograph, one panel per view, in one scale from 0.

    Between the fixations the map is interpolated, for the eye alone. A ring marks the most likely fixation, a cross the
    middle one, dots the others. The first panel is the photograph with the crop's edge and the boxes.

    Args:
        image_HWC: uint8 [H, W, 3].
        maps: of the same crop.
        label: class that is drawn.
        title: heading.
        frames: likelihoods in a plain photograph, at the most likely and at the middle fixation.
        boxes: around objects of the class, in px of the photograph.

    Returns:
        uint8 [h, w, 3].
    """
    height, width = image_HWC.shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    photograph = cv2.resize(image_HWC, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    highest = max(float(each.probability_GGC[..., label].max()) for each in maps.values())
    room = max(size[0], 300)  # for words beneath a narrow photograph
    panels = 1 + len(maps)
    wide = panels * room + (panels - 1) * _GAP
    sheet = Sheet((2 * _MARGIN + wide, 2 * _MARGIN + size[1] + 5 * _LINE + _BAR), 1)
    pen, top = ImageDraw.Draw(sheet.image), _MARGIN + 2 * _LINE
    sheet.write((_MARGIN, _MARGIN + _LINE // 2), title, width=wide, bold=True)

    sheet.image.paste(Image.fromarray(photograph), (_MARGIN, top))
    sheet.write((_MARGIN, top - _LINE // 2), "photograph", SOFT, width=room)
    first = next(iter(maps.values()))
    _rectangle(pen, _MARGIN, top, _edges(first, scale), FAINT)
    for box in boxes:
        limits = (width, height, width, height)
        edges = zip((box.left, box.top, box.right, box.bottom), limits, strict=True)
        _rectangle(pen, _MARGIN, top, tuple(scale * min(max(edge, 0), limit) for edge, limit in edges), INK)

    for number, (view, likelihoods) in enumerate(maps.items(), start=1):
        left = _MARGIN + number * (room + _GAP)
        sheet.write((left, top - _LINE // 2), f"{VIEW_TITLES[view]}, {likelihoods.moves} moves", SOFT, width=room)
        sheet.image.paste(Image.fromarray(_coloured(photograph, likelihoods, label, scale, highest)), (left, top))
        _mark(pen, left, top, likelihoods, label, scale)
        best, centre = (likelihoods.probability_GGC[at][label] for at in (likelihoods.best(label), likelihoods.centre))
        words = f"best {_NUMBER.format(best)} (ring), centre {_NUMBER.format(centre)} (cross)"
        sheet.write((left, top + size[1] + _LINE // 2 + 2), words, width=room)
        words = "plain photograph {:.2g} (ring), {:.2g} (cross)".format(*frames[view])
        sheet.write((left, top + size[1] + 3 * _LINE // 2 + 2), words, SOFT, width=room)
    _draw_scale(sheet, (_MARGIN + room + _GAP, top + size[1] + 2 * _LINE + 6), min(room, SIDE), highest)
    return np.asarray(sheet.image)


def _coloured(photograph: np.ndarray, map: LikelihoodMap, label: int, scale: float, highest: float) -> np.ndarray:
    """The photograph in grey, in colours where the grid lies."""
    grey_HW = cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)
    picture = np.repeat(128 + CONTRAST * (grey_HW[..., None].astype(np.float32) - 128), 3, 2)
    left, top, right, bottom = _edges(map, scale)
    x = (np.arange(picture.shape[1]) + 0.5 - left) / (right - left)
    y = (np.arange(picture.shape[0]) + 0.5 - top) / (bottom - top)
    columns, rows = np.flatnonzero((x >= 0) & (x <= 1)), np.flatnonzero((y >= 0) & (y <= 1))
    if not (columns.size and rows.size):  # a crop thinner than a px of the picture
        return np.rint(picture).astype(np.uint8)
    at_x, at_y = np.meshgrid(x[columns] * (map.grid - 1), y[rows] * (map.grid - 1))
    likelihood_GG = map.probability_GGC[..., label].astype(np.float32)
    between = cv2.remap(
        likelihood_GG,
        at_x.astype(np.float32),
        at_y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    part = np.ix_(rows, columns)
    picture[part] = (1 - OPACITY) * picture[part] + OPACITY * _colours(between / highest if highest else between)
    return np.rint(picture).astype(np.uint8)


def _colours(share: np.ndarray) -> np.ndarray:
    """Matplotlib's viridis, whose lightness grows evenly: float [..., 3], 0 to 255, of shares 0 to 1."""
    from matplotlib import colormaps

    return 255 * colormaps["viridis"](np.clip(share, 0, 1))[..., :3]


def _mark(pen: ImageDraw.ImageDraw, left: int, top: int, map: LikelihoodMap, label: int, scale: float) -> None:
    def place(fixation: tuple[int, int]) -> tuple[float, float]:
        y, x = map.position(fixation)
        return left + scale * x, top + scale * y

    for fixation in np.ndindex(map.grid, map.grid):
        x, y = place(fixation)
        pen.ellipse((x - 1, y - 1, x + 1, y + 1), fill=PAPER)
    for weight, colour in ((5, INK), (2, PAPER)):
        x, y = place(map.centre)
        pen.line((x - 7, y, x + 7, y), colour, weight)
        pen.line((x, y - 7, x, y + 7), colour, weight)
        x, y = place(map.best(label))
        radius = 11 + weight / 2
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=weight)


def _draw_scale(sheet: Sheet, corner: tuple[int, int], width: int, highest: float) -> None:
    """The colours as they are over mid grey, with their ends."""
    ramp = OPACITY * _colours(np.linspace(0, 1, width - 90)) + (1 - OPACITY) * 128
    bar = np.repeat(np.rint(ramp).astype(np.uint8)[None], _BAR, 0)
    left, middle = corner[0], corner[1] + _BAR // 2
    sheet.write((left, middle), "0", SOFT)
    sheet.image.paste(Image.fromarray(bar), (left + 16, corner[1]))
    sheet.write((left + 16 + bar.shape[1] + 6, middle), _NUMBER.format(highest), SOFT)


def _edges(map: LikelihoodMap, scale: float) -> tuple[float, ...]:
    """Left, top, right and bottom of the crop, in px of the drawn photograph."""
    crop = map.crop
    return tuple(scale * edge for edge in (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height))


def _rectangle(pen: ImageDraw.ImageDraw, left: int, top: int, edges: tuple[float, ...], colour: tuple) -> None:
    x0, y0, x1, y1 = edges
    for grown, ink in ((1, PAPER), (0, colour)):
        first, last = (left + x0 - grown, top + y0 - grown), (left + x1 + grown - 1, top + y1 + grown - 1)
        pen.rectangle((*first, max(first[0], last[0]), max(first[1], last[1])), outline=ink)  # at least 1 px
