"""ImageNet's development kit: the classes, and the validation images' classes in their order.

The kit counts classes from 1 in an order of its own (ILSVRC2012_ID). All other data sets, and this project, count from
0 in the order of the wnids: the kit's numbers are never taken as labels.
"""

from __future__ import annotations

import gzip
import io
import posixpath
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lp_core.errors import DataError, check
from lp_core.indexing.layouts.matlab import read_structs
from lp_core.indexing.sources.archive import list_tar_bytes
from lp_core.indexing.sources.source import Source
from lp_core.storage import one_line

ARCHIVE = "ILSVRC2012_devkit_t12.tar.gz"
_META = "meta.mat"
_TRUTH = "ILSVRC2012_validation_ground_truth.txt"
_MAX_BYTES = 256 * 2**20
"""Largest kit unpacked in memory; the true one has 6 MB. Our choice."""


@dataclass(frozen=True)
class Devkit:
    """The content of the kit.

    Attributes:
        wnids: of the classes, in sorted order: a class's index is its place.
        names: by wnid.
        validation: class index of validation image k + 1, int64 [n].
        where: the file that lists them.
    """

    wnids: list[str]
    names: dict[str, str]
    validation: np.ndarray
    where: str


def read_devkit(source: Source) -> Devkit | None:
    """The kit in the source, packed or unpacked; None if there is none.

    Raises:
        DataError: it is incomplete or damaged.
    """
    contents = _unpacked(source) or _packed(source)
    if contents is None:
        return None
    (meta_name, meta), (truth_name, truth) = contents
    try:
        leaves = [synset for synset in read_structs(meta, "synsets") if int(synset["num_children"][0]) == 0]
        wnid_of = {int(synset["ILSVRC2012_ID"][0]): str(synset["WNID"]) for synset in leaves}
        names = {str(synset["WNID"]): str(synset["words"]) for synset in leaves}
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(f"{meta_name}: cannot be read ({one_line(error)}); get {ARCHIVE} again") from None
    wnids = sorted(names)
    index = {wnid: label for label, wnid in enumerate(wnids)}
    validation = []
    for number, line in enumerate(truth.decode("latin-1").splitlines(), 1):
        check(
            line.strip().isdigit() and int(line) in wnid_of,
            f"{truth_name}, line {number}: an ILSVRC2012_ID is expected, not {line[:20]!r}",
            DataError,
        )
        validation.append(index[wnid_of[int(line)]])
    return Devkit(wnids, names, np.array(validation, np.int64), truth_name)


_Contents = tuple[tuple[str, bytes], tuple[str, bytes]]
"""Name and content of meta.mat and of the list of numbers."""


def _unpacked(source: Source) -> _Contents | None:
    meta, truth, archive = (_named(name, source.files) for name in (_META, _TRUTH, ARCHIVE))
    if truth is None or (meta is None and archive):
        return None
    if meta is None:
        raise DataError(
            f"{truth} counts classes in an order of its own (ILSVRC2012_ID), which {_META} tells; "
            f"put {ARCHIVE} beside it"
        )
    return (meta, source.storage.read_bytes(meta)), (truth, source.storage.read_bytes(truth))


def _packed(source: Source) -> _Contents | None:
    name = _named(ARCHIVE, source.files)
    if name is None:
        return None
    try:
        with gzip.open(io.BytesIO(source.storage.read_bytes(name))) as packed:
            data = packed.read(_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{source.storage.path(name)}: cannot be unpacked ({one_line(error)})") from None
    check(
        len(data) <= _MAX_BYTES,
        f"{source.storage.path(name)}: unpacks to more than {_MAX_BYTES} bytes; not the kit",
        DataError,
    )
    members = list_tar_bytes(data, source.storage.path(name), (_META, _TRUTH))
    meta, truth = (_named(end, members.small) for end in (_META, _TRUTH))
    if meta is None or truth is None:
        raise DataError(f"{source.storage.path(name)}: {_META} or {_TRUTH} is missing in it; get {ARCHIVE} again")
    return (f"{name}:{meta}", members.small[meta]), (f"{name}:{truth}", members.small[truth])


def _named(name: str, paths: Iterable[str]) -> str | None:
    return next((path for path in paths if posixpath.basename(path) == name), None)
