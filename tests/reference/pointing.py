"""Slow twin of `lp_core.measures.pointing`: every fixation and box in turn, and every share by counting."""

from __future__ import annotations


def inside(edges, box, likelihood, grid):
    """(best, centre, share) of one photograph.

    Args:
        edges: top, left, bottom, right of the crop in px.
        box: list of (top, left, bottom, right).
        likelihood: grid x grid nested list.
        grid: fixations along either side.
    """
    top, left, bottom, right = edges
    hits, best, best_value, best_distance = 0, None, -1.0, None
    middle = None
    for row in range(grid):
        for column in range(grid):
            y = top + (bottom - top) * row / (grid - 1)
            x = left + (right - left) * column / (grid - 1)
            hit = False
            for t, l, b, r in box:
                if t <= y <= b and l <= x <= r:
                    hit = True
            hits += hit
            distance = (row - grid // 2) ** 2 + (column - grid // 2) ** 2
            if distance == 0:
                middle = hit
            value = likelihood[row][column]
            if value > best_value or (value == best_value and distance < best_distance):
                best, best_value, best_distance = hit, value, distance
    return best, middle, hits / grid**2


def shares(pointings):
    """Mean of best, centre, any and best - centre; and the photographs where only one of both hits."""
    n = len(pointings)
    sums, only_best, only_centre = [0.0, 0.0, 0.0, 0.0], 0, 0
    for best, centre, share in pointings:
        for place, value in enumerate((best, centre, share, int(best) - int(centre))):
            sums[place] += value / n
        only_best += best and not centre
        only_centre += centre and not best
    return sums, only_best, only_centre
