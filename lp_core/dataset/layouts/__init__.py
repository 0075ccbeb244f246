"""The forms in which people have image collections. One file per layout; this one tells them apart.

A layout is a module with `recognise(source) -> bool` and `find(source) -> Found`; a new one is added to `LAYOUTS`.
"""

from __future__ import annotations

from types import ModuleType

from lp_core.config import SettingError, check
from lp_core.dataset.layouts import folders, kaggle, parquet, tars, webdataset
from lp_core.dataset.layouts.found import Found, ListArchives, Source, is_hidden
from lp_core.storage import Storage

LAYOUTS: dict[str, ModuleType] = {
    "parquet": parquet,
    "tars": tars,
    "kaggle": kaggle,
    "webdataset": webdataset,
    "folders": folders,
}
"""In the order in which they are looked for; class folders last, because any two folders look like classes."""


def find(
    storage: Storage,
    layout: str | None = None,
    out: Storage | None = None,
    list_archives: ListArchives | None = None,
) -> Found:
    """Recognise the layout of a folder and list what it holds.

    Args:
        storage: the folder.
        layout: a name of `LAYOUTS` instead of looking.
        out: the data set folder to be written; if it lies in the source, it is no part of it.
        list_archives: lists many archives (in parallel, say), in the order given.

    Raises:
        SettingError: the folder is missing or holds no layout that is known; the message says what was seen.
    """
    if not storage.exists():
        raise SettingError(f"source {storage} does not exist")
    source = _listed(storage, out)
    if list_archives is not None:
        source = Source(source.storage, source.files, source.folders, list_archives)
    if layout is not None:
        check(layout in LAYOUTS, f"layout '{layout}' is unknown; give one of {', '.join(LAYOUTS)}")
        return LAYOUTS[layout].find(source)
    seen = [name for name, module in LAYOUTS.items() if module.recognise(source)]
    if len(seen) > 1 and seen[-1] == "folders":
        seen.pop()  # archives and shards lie in folders, too
    if len(seen) > 1:
        raise SettingError(f"source {storage} looks like {' and '.join(seen)}; choose with --layout")
    if not seen:
        raise SettingError(f"source {storage}: no known layout ({_known()}); it holds {_glimpse(source)}")
    return LAYOUTS[seen[0]].find(source)


def _listed(storage: Storage, out: Storage | None) -> Source:
    files, folders = storage.contents()
    inside = ""
    if out is not None and out.path().startswith(storage.path() + "/"):
        inside = out.path()[len(storage.path()) + 1 :] + "/"
    keep = {
        name: size for name, size in files.items() if not is_hidden(name) and not (inside and name.startswith(inside))
    }
    return Source(storage, dict(sorted(keep.items())), sorted(name for name in folders if not is_hidden(name)))


def _known() -> str:
    return (
        "train-*.parquet, ILSVRC2012_img_train.tar, ILSVRC/Data/CLS-LOC, numbered train-*.tar, or a folder of "
        "images per class in train and val"
    )


def _glimpse(source: Source) -> str:
    names = list(source.files)
    if not names:
        return f"no files and {len(source.folders)} folders"
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
