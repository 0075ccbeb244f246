"""The forms in which people have image collections. One file per layout; this one tells them apart."""

from __future__ import annotations

from lp_core.config import SettingError
from lp_core.dataset.layouts import parquet
from lp_core.dataset.layouts.found import Found
from lp_core.storage import Storage


def find(source: Storage) -> Found:
    """Recognise the layout of a folder and list what it holds.

    Raises:
        SettingError: the folder is missing or holds no layout that is known; the message says what was seen.
    """
    if not source.exists():
        raise SettingError(f"source {source} does not exist")
    files = source.files()
    if parquet.recognise(files):
        return parquet.find(source, files)
    seen = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "") if files else "no files"
    raise SettingError(
        f"source {source}: no known layout (expected Parquet files named train-*.parquet, validation-*.parquet); "
        f"it holds {seen}"
    )
