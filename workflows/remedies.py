"""What to do about an error of `lp_core`, in the words of the command line: the core itself names no command."""

from __future__ import annotations

from lp_core.dataset.faulty_rows import TooManyFaultyRows
from lp_core.dataset.feed import PoorClassMix
from lp_core.dataset.folder import NotIndexed, NoValidationSplit
from lp_core.errors import LogpolarError

REMEDIES: dict[type[LogpolarError], str] = {
    NotIndexed: "make one with `logpolar index SOURCE FOLDER` and give --data.path FOLDER",
    NoValidationSplit: "index the source again with `--validation-share 0.1`, which takes a tenth of train",
    PoorClassMix: "`logpolar index SOURCE OUT --shuffle` makes one",
    TooManyFaultyRows: "`logpolar index SOURCE OUT --check` sets such rows aside",
}
"""By the kind of an error, which also survives the way from a Ray task."""


def with_remedy(error: LogpolarError) -> str:
    """The error's message, with what to do about it where the message does not say."""
    remedy = REMEDIES.get(type(error))
    return f"{error}; {remedy}" if remedy else str(error)
