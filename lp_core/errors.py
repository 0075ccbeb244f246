"""Errors by kind: what a person must change, printed as one line, and what only a programmer can mend."""

from __future__ import annotations


class LogpolarError(Exception):
    """What a person must change; the message is one line that names the setting, file or row, and the remedy."""


class SettingError(LogpolarError, ValueError):
    """A setting or a command that does not fit: out of range, unknown, or not what the run was made with."""


class DataError(LogpolarError):
    """A data set, picture, weights or run file whose content cannot be used."""


class StorageError(LogpolarError):
    """A folder or file that cannot be reached, listed, read or written, or that has too little space."""


class TrainingError(LogpolarError):
    """A training that cannot go on: the loss is not a number, or workers fail again and again."""


class ClusterError(LogpolarError):
    """A Ray cluster that is not there, runs other code, or lost a task or job."""


class InvariantError(RuntimeError):
    """A mistake in this program. The command line leaves the traceback, because no setting mends it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.add_note("This is a bug in Logpolar: please report it with all lines above.")


def check(condition: bool, message: str, kind: type[Exception] = SettingError) -> None:
    """Raise `kind(message)` unless the condition holds."""
    if not condition:
        raise kind(message)


def error_of(kind: str, message: str) -> Exception:
    """The error whose class has a name, as a worker noted it in a file; a `LogpolarError` if no class has that name."""
    kinds = [LogpolarError, InvariantError]
    for error in kinds:
        kinds += error.__subclasses__()
    return {error.__name__: error for error in kinds}.get(kind, LogpolarError)(message)
