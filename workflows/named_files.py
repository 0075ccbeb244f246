"""Data sets and weights that a command line names: looked for before the libraries are imported that use them."""

from __future__ import annotations

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import DataError, check
from lp_core.storage import Storage


def check_named(data_path: str | None, **weights: str | None) -> None:
    """Refuse what is not there in a second rather than in five, most of which import PyTorch.

    Args:
        data_path: of the data set; None for a verb that may do without.
        weights: sources of weights by the name of their option; a name without a slash may be one of torchvision's, or
            a file beside, and is looked for later.

    Raises:
        LogpolarError: there is no such data set or file, or its store cannot be reached.
    """
    if data_path is not None:
        DatasetFolder.open(data_path)
    for option, source in weights.items():
        if source and "/" in source:
            is_there = any(_exists(file) for file in dict.fromkeys((source, source.rpartition("#")[0])) if file)
            check(is_there, f"--{option.replace('_', '-')} {source} does not exist", DataError)


def _exists(file: str) -> bool:
    folder, name = Storage.of_file(file if "://" in file else Storage.at(file).uri)
    return folder.exists(name)
