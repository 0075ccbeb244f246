"""ImageNet's development kit: the classes, and the validation images' classes in their order.

The kit counts classes from 1 in an order of its own (ILSVRC2012_ID). Everybody else counts from 0 in the order of the
wnids, and so does this project: its numbers are never taken as labels.
"""

from __future__ import annotations

import gzip
import io
import posixpath
import zlib
from dataclasses import dataclass

import numpy as np

from lp_core.config import SettingError, check
from lp_core.dataset.archive import list_tar_bytes
from lp_core.dataset.layouts.found import Source
from lp_core.dataset.matlab import read_structs
from lp_core.storage import first_line

ARCHIVE = "ILSVRC2012_devkit_t12.tar.gz"
_META = "data/meta.mat"
_TRUTH = "data/ILSVRC2012_validation_ground_truth.txt"
_MAX_BYTES = 256 * 2**20
"""Largest kit unpacked in memory; the true one has 6 MB. Our choice."""


@dataclass(frozen=True)
class Devkit:
    """What the kit says.

    Attributes:
        wnids: of the classes, in sorted order: a class's index is its place.
        names: by wnid.
        validation: class index of validation image k + 1, int64 [n].
    """

    wnids: list[str]
    names: dict[str, str]
    validation: np.ndarray


def read_devkit(source: Source) -> Devkit | None:
    """The kit that lies beside the archives, packed or unpacked; None if there is none.

    Raises:
        SettingError: it is incomplete or damaged.
    """
    found = _unpacked(source) or _packed(source)
    if found is None:
        return None
    where, meta, truth = found
    try:
        leaves = [one for one in read_structs(meta, "synsets") if int(one["num_children"][0]) == 0]
        wnid_of = {int(one["ILSVRC2012_ID"][0]): str(one["WNID"]) for one in leaves}
        names = {str(one["WNID"]): str(one["words"]) for one in leaves}
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise SettingError(f"{where}{_META}: cannot be read ({first_line(error)}); get {ARCHIVE} again") from None
    wnids = sorted(names)
    index = {wnid: place for place, wnid in enumerate(wnids)}
    validation = []
    for number, line in enumerate(truth.decode("latin-1").splitlines(), 1):
        check(
            line.strip().isdigit() and int(line) in wnid_of,
            f"{where}{_TRUTH}, line {number}: an ILSVRC2012_ID is expected, not {line[:20]!r}",
        )
        validation.append(index[wnid_of[int(line)]])
    return Devkit(wnids, names, np.array(validation, np.int64))


def _unpacked(source: Source) -> tuple[str, bytes, bytes] | None:
    paths = {end: next((path for path in source.files if path.endswith(end)), None) for end in (_META, _TRUTH)}
    meta, truth = paths[_META], paths[_TRUTH]
    if meta is None or truth is None:
        return None
    return meta.removesuffix(_META), source.storage.read_bytes(meta), source.storage.read_bytes(truth)


def _packed(source: Source) -> tuple[str, bytes, bytes] | None:
    name = next((path for path in source.files if posixpath.basename(path) == ARCHIVE), None)
    if name is None:
        return None
    try:
        with gzip.open(io.BytesIO(source.storage.read_bytes(name))) as packed:
            data = packed.read(_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise SettingError(f"{source.storage.path(name)}: cannot be unpacked ({first_line(error)})") from None
    check(len(data) <= _MAX_BYTES, f"{source.storage.path(name)}: unpacks to more than {_MAX_BYTES} bytes; not the kit")
    members = list_tar_bytes(data, source.storage.path(name), (_META, _TRUTH))
    content = {
        end: next((data for path, data in members.small.items() if path.endswith(end)), None) for end in (_META, _TRUTH)
    }
    meta, truth = content[_META], content[_TRUTH]
    if meta is None or truth is None:
        raise SettingError(f"{source.storage.path(name)}: {_META} or {_TRUTH} is missing in it; get {ARCHIVE} again")
    return f"{name}:", meta, truth
