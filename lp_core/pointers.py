"""Small files that version control leaves in place of large ones that were not fetched."""

from __future__ import annotations

_POINTERS = {
    b"version https://git-lfs": "a Git LFS pointer instead of the file; fetch it with `git lfs pull`",
    b"/annex/objects/": "a git-annex pointer instead of the file; fetch it with `git annex get`",
}


def pointer(data: bytes) -> str | None:
    """What the file is, with the command that fetches the real one; None if it is no pointer.

    Args:
        data: the first bytes of the file, 40 or more.
    """
    return next((what for start, what in _POINTERS.items() if data.startswith(start)), None)
