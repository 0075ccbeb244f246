"""The layouts of image collections, one module each, and how a source's layout is recognised.

A sixth layout is a module beside the others that keeps the contract of `layout.Layout`, and a line in `LAYOUTS`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from lp_core.errors import DataError, check
from lp_core.indexing.collection import Collection, Quarantined
from lp_core.indexing.identity.image_id import canonical, stem
from lp_core.indexing.layouts import folders, kaggle, parquet, tars, webdataset
from lp_core.indexing.layouts.layout import Layout
from lp_core.indexing.sources.data_sets import data_sets_inside
from lp_core.indexing.sources.endings import is_image, is_unread, why_no_image
from lp_core.indexing.sources.leftovers import is_leftover
from lp_core.indexing.sources.source import ListArchives, Source, split_of_folder
from lp_core.storage import Storage

LAYOUTS: dict[str, Layout] = {
    "parquet": parquet,
    "tars": tars,
    "kaggle": kaggle,
    "webdataset": webdataset,
    "folders": folders,
}
"""In the order of recognition. The last one counts only where no other is recognised, because archives and shards
lie in folders, too."""
if TYPE_CHECKING:
    LayoutName = str
else:
    LayoutName = Literal[tuple(LAYOUTS)]
"""A name of `LAYOUTS`."""

PACKED = (".zip", ".7z", ".rar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
"""Endings of archives that are not read where they lie, but for ImageNet's development kit."""


def find(
    storage: Storage,
    layout: LayoutName | None = None,
    out: Storage | None = None,
    list_archives: ListArchives | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
) -> Collection:
    """Recognise the layout of a folder and list what it holds.

    Args:
        storage: the folder.
        layout: a name of `LAYOUTS`, which is then not looked for.
        out: the data set folder to be written; where it lies in the source, its files are ignored.
        list_archives: lists many archives (in parallel, say), in the order given.
        image_column: of Parquet; by default the schema shows it.
        label_column: of Parquet; by default the schema shows it.

    Raises:
        DataError: the folder is missing or in no known layout; the message says what it holds.
    """
    if not storage.exists():
        raise DataError(f"source {storage} does not exist")
    source, others = _listed(storage, out)
    source, notes = _without_data_sets(source)
    if list_archives is not None:
        source = replace(source, list_archives=list_archives)
    source = replace(source, image_column=image_column, label_column=label_column)
    name = _recognised(source) if layout is None else _known_name(layout)
    for setting, column in (("image", image_column), ("label", label_column)):
        check(
            column is None or name == "parquet",
            f"{setting}-column {column}: only Parquet has columns, not {name}",
            DataError,
        )
    collection = LAYOUTS[name].find(source)
    quarantined = [*collection.quarantined, *others, *_outside(source, collection)]
    return replace(collection, quarantined=quarantined, notes=[*collection.notes, *notes])


def _without_data_sets(source: Source) -> tuple[Source, list[str]]:
    """The source without what earlier commands made of it, and a line about each such folder."""
    inside = tuple(f"{folder}/" for folder in data_sets_inside(source.storage, source.files))
    if not inside:
        return source, []
    files = {name: size for name, size in source.files.items() if not name.startswith(inside)}
    folders = [name for name in source.folders if not f"{name}/".startswith(inside)]
    check(
        bool(files),
        f"source {source.storage} holds only a data set folder that is indexed already, {inside[0]}; train with that, "
        "or give it as the source",
        DataError,
    )
    notes = [f"{folder} is a data set folder that was indexed earlier; its files are left out" for folder in inside]
    return replace(source, files=files, folders=folders), notes


def _outside(source: Source, collection: Collection) -> list[Quarantined]:
    """Files named as pictures that are no part of the layout: quarantined rather than dropped without notice."""
    known = {entry.where for entry in collection.quarantined}
    for files in collection.files.values():
        known.update(files.holders)
    reason = f"an image outside of the collection (layout {collection.layout})"
    return [
        Quarantined(_split_of(name), canonical(stem(name)), name, why_no_image(name) if is_unread(name) else reason)
        for name in source.files
        if (is_image(name) or is_unread(name)) and name not in known
    ]


def _recognised(source: Source) -> str:
    names = [name for name, layout in LAYOUTS.items() if layout.recognise(source)]
    if len(names) > 1 and names[-1] == list(LAYOUTS)[-1]:
        names.pop()
    if len(names) > 1:
        raise DataError(f"source {source.storage} looks like {' and '.join(names)}; choose with the setting layout")
    if not names:
        raise DataError(f"source {source.storage}: no known layout ({_examples()}); it holds {_glimpse(source)}")
    return names[0]


def _known_name(layout: str) -> str:
    check(layout in LAYOUTS, f"layout '{layout}' is unknown; give one of {', '.join(LAYOUTS)}")
    return layout


def _listed(storage: Storage, out: Storage | None) -> tuple[Source, list[Quarantined]]:
    """What lies in a source, without leftovers and the data set folder; and what is neither a file nor a folder."""
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
        Quarantined(_split_of(name), stem(name), name, "neither a file nor a folder; a link that leads nowhere?")
        for name in sorted(contents.others)
        if not is_leftover(name)
    ]
    return Source(storage, files, sorted(name for name in contents.folders if not is_leftover(name))), others


def _split_of(path: str) -> str:
    """The split that a file's folders name; training if none of them names a split."""
    return next((split for part in path.split("/") if (split := split_of_folder(part))), "train")


def _examples() -> str:
    *others, last = (layout.EXAMPLE for layout in LAYOUTS.values())
    return f"{', '.join(others)}, or {last}"


def _glimpse(source: Source) -> str:
    names = list(source.files)
    if not names:
        return f"no files and {len(source.folders)} folders"
    packed = next((name for name in names if name.lower().endswith(PACKED)), None)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more + (f"; unpack {packed} first" if packed else "")
