"""The forms in which people have image collections. One file per layout; this one tells them apart.

A layout is a module with `recognise(source) -> bool` and `find(source) -> Found`; a new one is added to `LAYOUTS`.
"""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

from lp_core.errors import DataError, SettingError, check
from lp_core.indexing.endings import is_image, is_unread, why_no_image
from lp_core.indexing.identity import canonical, stem
from lp_core.indexing.layouts import folders, kaggle, parquet, tars, webdataset
from lp_core.indexing.layouts.found import Found, ListArchives, Refused, Source, split_of_folder
from lp_core.indexing.leftovers import is_leftover
from lp_core.storage import Storage

LAYOUTS: dict[str, ModuleType] = {
    "parquet": parquet,
    "tars": tars,
    "kaggle": kaggle,
    "webdataset": webdataset,
    "folders": folders,
}
"""In the order in which they are looked for; class folders last, because any two folders look like classes."""

PACKED = (".zip", ".7z", ".rar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
"""Endings of archives that are not read where they lie, but for ImageNet's development kit."""


def find(
    storage: Storage,
    layout: str | None = None,
    out: Storage | None = None,
    list_archives: ListArchives | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
) -> Found:
    """Recognise the layout of a folder and list what it holds.

    Args:
        storage: the folder.
        layout: a name of `LAYOUTS` instead of looking.
        out: the data set folder to be written; if it lies in the source, it is no part of it.
        list_archives: lists many archives (in parallel, say), in the order given.
        image_column: of Parquet; by default the schema shows it.
        label_column: of Parquet; by default the schema shows it.

    Raises:
        DataError: the folder is missing or holds no layout that is known; the message says what was seen.
    """
    if not storage.exists():
        raise DataError(f"source {storage} does not exist")
    source, others = _listed(storage, out)
    if list_archives is not None:
        source = replace(source, list_archives=list_archives)
    source = replace(source, image_column=image_column, label_column=label_column)
    name = _recognised(source) if layout is None else _known_name(layout)
    for option, column in (("image", image_column), ("label", label_column)):
        check(column is None or name == "parquet", f"--{option}-column {column}: only Parquet has columns, not {name}")
    found = LAYOUTS[name].find(source)
    return replace(found, refused=[*found.refused, *others, *_outside(source, found)])


def _outside(source: Source, found: Found) -> list[Refused]:
    """Files named as pictures that the layout has no place for; somebody may think that they are in."""
    known = {one.where for one in found.refused}
    for files in found.files.values():
        known.update(files.holders)
    reason = f"an image outside of the collection (layout {found.layout})"
    return [
        Refused(_split_of(name), canonical(stem(name)), name, why_no_image(name) if is_unread(name) else reason)
        for name in source.files
        if (is_image(name) or is_unread(name)) and name not in known
    ]


def _recognised(source: Source) -> str:
    seen = [name for name, module in LAYOUTS.items() if module.recognise(source)]
    if len(seen) > 1 and seen[-1] == "folders":
        seen.pop()  # archives and shards lie in folders, too
    if len(seen) > 1:
        raise SettingError(f"source {source.storage} looks like {' and '.join(seen)}; choose with --layout")
    if not seen:
        raise DataError(f"source {source.storage}: no known layout ({_known()}); it holds {_glimpse(source)}")
    return seen[0]


def _known_name(layout: str) -> str:
    check(layout in LAYOUTS, f"layout '{layout}' is unknown; give one of {', '.join(LAYOUTS)}")
    return layout


def _listed(storage: Storage, out: Storage | None) -> tuple[Source, list[Refused]]:
    """What people see of a folder, without the data set folder; and what is neither a file nor a folder."""
    contents = storage.contents(skip=is_leftover)  # such folders may be unreadable, or hold years of snapshots
    inside = (
        out.path()[len(storage.path()) + 1 :] + "/" if out and out.path().startswith(storage.path() + "/") else None
    )
    files = {
        name: size
        for name, size in sorted(contents.files.items())
        if not is_leftover(name) and not (inside and name.startswith(inside))
    }
    others = [
        Refused(_split_of(name), stem(name), name, "neither a file nor a folder; a link that leads nowhere?")
        for name in sorted(contents.others)
        if not is_leftover(name)
    ]
    return Source(storage, files, sorted(name for name in contents.folders if not is_leftover(name))), others


def _split_of(path: str) -> str:
    """The split that a file's folders name; training, if none does."""
    return next((split for part in path.split("/") if (split := split_of_folder(part))), "train")


def _known() -> str:
    return (
        "train-*.parquet, ILSVRC2012_img_train.tar, ILSVRC/Data/CLS-LOC, numbered train-*.tar, or a folder of "
        "images per class in train and val"
    )


def _glimpse(source: Source) -> str:
    names = list(source.files)
    if not names:
        return f"no files and {len(source.folders)} folders"
    packed = next((name for name in names if name.lower().endswith(PACKED)), None)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more + (f"; unpack {packed} first" if packed else "")
