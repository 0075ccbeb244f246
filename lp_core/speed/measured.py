"""The speeds of a machine as a file, and two of them beside each other.

`committed.json` holds those that any machine's are compared with; `logpolar bench` made it on the machine it names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from lp_core.errors import DataError, StorageError
from lp_core.speed.timing import Rate

COMMITTED = Path(__file__).parent / "committed.json"
FORMAT = 1
SLOW_SHARE, SLOW_RATIO = 0.5, 0.75
"""Below these shares of another machine's rate and of its ratio a part is slow. Our choice: rates of processors of one
year differ by less than the first, ratios of two runs on a busy machine by less than the second."""


@dataclass(frozen=True)
class Measured:
    """What was measured on a machine.

    Args:
        machine: processor, its instructions, versions.
        cores: that could be used.
        day: of the measurement, as 2026-11-27.
        rates: by the name of the part.
    """

    machine: str
    cores: int
    day: str
    rates: dict[str, Rate]

    @classmethod
    def today(cls, machine: str, cores: int, rates: Mapping[str, Rate]) -> Measured:
        """Return what was measured today, rounded to four digits."""
        rounded = {name: Rate(_four_digits(rate.per_second), _four_digits(rate.ratio)) for name, rate in rates.items()}
        return cls(machine, cores, date.today().isoformat(), rounded)

    def write(self, path: Path) -> None:
        """Write it as a file that `read` reads.

        Raises:
            LogpolarError: it cannot be written.
        """
        try:
            path.write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise StorageError(f"{path}: cannot be written ({error.strerror})") from None


def read(path: Path) -> Measured:
    """Return what `Measured.write` wrote.

    Raises:
        LogpolarError: the file cannot be read, or holds something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise DataError(f"{path} has format {found['format']}; this version reads {FORMAT}: measure again")
        rates = {
            str(name): Rate(float(rate["per_second"]), float(rate["ratio"])) for name, rate in found["rates"].items()
        }
        if not all(rate.per_second > 0 and rate.ratio > 0 for rate in rates.values()):
            raise ValueError("a rate that is not positive")
        return Measured(str(found["machine"]), int(found["cores"]), str(found["day"]), rates)
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} holds no speeds ({type(error).__name__}: {error}); give a file that was saved"
        ) from None


def is_slow(rate: Rate, other: Rate) -> bool:
    """Return whether a part is slow beside another machine's: its rate, or its ratio to its peer."""
    return rate.per_second < SLOW_SHARE * other.per_second or rate.ratio < SLOW_RATIO * other.ratio


def _four_digits(value: float) -> float:
    return float(f"{value:.4g}")
