"""Files that systems, storage boxes and editors leave in folders: never part of a collection.

The same list applies to folders, for the members of archives and for webdataset samples. Files that a person may take
for part of a collection are not on it: those are quarantined by name.
"""

from __future__ import annotations

FOLDERS = {
    "__MACOSX": "macOS, in archives that it packs",
    "@eaDir": "Synology: thumbnails and metadata of every file",
    "@tmp": "Synology",
    "#recycle": "Synology: deleted files",
    "#snapshot": "Synology: earlier versions of all files",
    "@Recycle": "QNAP: deleted files",
    "@Recently-Snapshot": "QNAP: earlier versions of all files",
    "$RECYCLE.BIN": "Windows: deleted files",
    "RECYCLER": "Windows XP: deleted files",
    "System Volume Information": "Windows",
    "lost+found": "Linux: what a repair of the disk found",
    "Network Trash Folder": "macOS on a server: deleted files",
    "Temporary Items": "macOS on a server",
}
"""Name -> who leaves it. Everything below such a folder is ignored."""
FILES = {
    "Thumbs.db": "Windows: thumbnails",
    "ehthumbs.db": "Windows Media Center: thumbnails",
    "ehthumbs_vista.db": "Windows Media Center: thumbnails",
    "desktop.ini": "Windows: how a folder is shown",
    "Picasa.ini": "Picasa: edits",
    "Icon\r": "macOS: a folder's icon",
}
"""Name -> who leaves it."""
SUFFIXES = {
    ":Zone.Identifier": "Windows, seen from WSL: where a file was downloaded from",
    "@SynoEAStream": "Synology: metadata of one file",
    "@SynoResource": "Synology: metadata of one file",
}
"""End of a file's name -> who leaves it."""
_NAMES = frozenset(name.casefold() for name in (*FOLDERS, *FILES))
_SUFFIXES = tuple(SUFFIXES)


def is_leftover(path: str) -> bool:
    """Whether a file, or a folder above it, is on the list, or hidden (`.DS_Store`, `._x`, `.Trash-1000`)."""
    hidden = path.startswith(".") or "/." in path
    return hidden or path.endswith(_SUFFIXES) or not _NAMES.isdisjoint(path.casefold().split("/"))
