"""How much of a network's input looks at the middle of the photograph."""

from __future__ import annotations

import numpy as np

from lp_core.images.network_input import log_polar_map
from lp_core.settings import ViewName, ViewSettings


def share_of_cells(view: ViewName, settings: ViewSettings, radius: float) -> float:
    """Return the share of the cells of a view's input that look within a radius of its middle, 0 to 1.

    Of equal radii, and thus equal areas of the photograph, the log-polar view spends far more of its cells on the inner
    one.

    Args:
        view: pixels of the ordinary view, cells of the log-polar one.
        settings: of the view.
        radius: in px of the crop, resized to the input.
    """
    if view == "log_polar":
        return float(log_polar_map(settings).looks_within(radius).mean())
    square_S = (np.arange(settings.size) - (settings.size - 1) / 2) ** 2
    return float((square_S[:, None] + square_S < radius**2).mean())
