"""Turns of a network's input that need no resampling: what the maps of a layer should do then is known exactly."""

from __future__ import annotations

from dataclasses import dataclass

from lp_core.settings import ViewName

QUARTERS = (1, 2, 3)


@dataclass(frozen=True)
class Turn:
    """A rotation about the middle, counterclockwise on the screen.

    Args:
        degrees: of the photograph.
        rows: by which the rows of a log-polar image move towards row 0; 0 for the ordinary view.
        quarters: quarter turns that an ordinary image makes; 0 for the log-polar view.
    """

    degrees: float
    rows: int = 0
    quarters: int = 0

    @property
    def is_quarter(self) -> bool:
        """Whether both views can make it."""
        return self.degrees % 90 == 0


def turns(view: ViewName, sectors: int) -> tuple[Turn, ...]:
    """Return the turns that are tested, ascending in degrees.

    The ordinary view makes quarter turns. Of the log-polar view rows are rolled: by 1, 2, 4 and so on, and by the
    quarters of the circle where these are whole rows. A roll by 2**k rows is whole rows of a map behind k pools or
    fewer.

    Args:
        view: whose input.
        sectors: rows of the input.
    """
    if view == "cartesian":
        return tuple(Turn(90.0 * quarters, quarters=quarters) for quarters in QUARTERS)
    rows = [2**power for power in range(sectors.bit_length()) if 2**power < sectors / 4]
    if sectors % 4 == 0:
        rows += [quarters * sectors // 4 for quarters in QUARTERS]
    return tuple(Turn(360 * number / sectors, rows=number) for number in rows)
