"""Names of the laws and radii of a log-polar map; `lp_core/images/log_polar.py` says what each means."""

from __future__ import annotations

from typing import Literal

Law = Literal["monopole", "opencv", "paper-2018"]
NamedRadius = Literal["corner", "inscribed"]
