"""`index.json`, in a data set folder with shards of its own: what they were made from. It is written first."""

from __future__ import annotations

from dataclasses import asdict

from lp_core.errors import SettingError, check
from lp_core.indexing.writing.stored_form import StoredForm
from lp_core.storage import Storage

RECORD = "index.json"


def write_record(out: Storage, made_from: str, source: Storage, layout: str, form: StoredForm) -> None:
    """Write `index.json`; `made_from` is the fingerprint of all that decides the shards."""
    out.write_json(RECORD, {"made_from": made_from, "source": source.uri, "layout": layout, **asdict(form)})


def is_unfinished(out: Storage) -> bool:
    """Whether an earlier start began this folder and did not finish it."""
    return out.exists(RECORD) and not out.exists("manifest.json")


def is_finished(out: Storage, made_from: str) -> bool:
    """Whether the folder holds this data set already.

    Raises:
        SettingError: it holds another one, or files that are no data set's.
    """
    if not out.exists(RECORD):
        check(not holds_data(out), f"{out} holds other files (data/ or manifest.json); give an empty or a new folder")
        return False
    record = out.read_json(RECORD)
    check(
        isinstance(record, dict) and record.get("made_from") == made_from,
        f"{out} was begun with other settings or from other files; remove it, or give another folder",
    )
    return out.exists("manifest.json")


def refuse_own_shards(out: Storage) -> None:
    """Stop before shards elsewhere are indexed into a folder that has shards of its own.

    Raises:
        LogpolarError: it has.
    """
    check(not out.exists(RECORD), f"{out} is a data set folder with shards of its own; give another folder")


def holds_data(out: Storage) -> bool:
    """Whether there is a manifest, or anything in `data/`."""
    return out.exists("manifest.json") or bool(out.files("data"))


def refuse_password(storage: Storage) -> None:
    """Stop before a password is written into files.

    Raises:
        LogpolarError: the URI holds one.
    """
    host = storage.uri.partition("://")[2].partition("/")[0]
    if ":" in host.rpartition("@")[0]:
        raise SettingError("a URI holds a password, which manifest.json would keep; give it by the environment")
