"""`logpolar index`: a data set folder from a collection of images."""

from __future__ import annotations

from functools import partial
from typing import Any

from tyro.conf import OmitArgPrefixes, Positional

from lp_core.indexing.collection import Collection
from lp_core.indexing.layouts import find
from lp_core.indexing.record import holds_data, is_unfinished, refuse_password
from lp_core.indexing.remarks import remarks
from lp_core.indexing.settings import CollectionSettings, StorageSettings, validation_share_of
from lp_core.indexing.sources.archive import list_members
from lp_core.indexing.validation_split import with_validation_split
from lp_core.storage import Storage
from tasks.folder_lock import locked
from tasks.indexing.archives import list_archive, list_archives
from tasks.indexing.copied_shards import copy_shards
from tasks.indexing.job import IndexJob
from tasks.indexing.shards_in_place import index_in_place
from tasks.indexing.written_shards import write_photographs
from tasks.progress import say

AS_IT_IS, AS_STORED = CollectionSettings(), StorageSettings()


def index(
    source: Positional[str],
    out: Positional[str],
    *,
    collection: OmitArgPrefixes[CollectionSettings] = AS_IT_IS,
    storage: OmitArgPrefixes[StorageSettings] = AS_STORED,
    address: str | None = None,
) -> None:
    """Make a data set folder: Parquet stays in place; archives and folders of images are written as Parquet shards.

    With --shuffle, --max-side or --short-side, Parquet is copied, too.

    Args:
        source: folder of a collection (local, s3:// or gs://): Hugging Face Parquet, ImageNet's own tars, Kaggle's
            ILSVRC, webdataset tars, or a folder per class.
        out: data set folder to write.
        collection: how the collection is read.
        storage: how its photographs are stored.
        address: Ray cluster to write with (auto, HOST:PORT); without, one is started on this machine.

    Raises:
        LogpolarError: the source is missing or of no known layout, or the folder cannot be written to.
    """
    origin, folder, form = Storage.at(source), Storage.at(out), storage.form
    for place in (origin, folder):
        refuse_password(place)
    share = validation_share_of(collection, storage.seed)
    photographs = _collection(origin, folder, collection)
    for note in photographs.notes:
        say(note)
    if share:
        photographs = with_validation_split(photographs, share)
    job = IndexJob(origin, folder, photographs, form, collection.max_quarantined, address)
    with locked(folder):
        if photographs.files:
            manifest = write_photographs(job, storage.seed)
        elif form.resizes or storage.shuffle:
            manifest = copy_shards(job, storage.seed if storage.shuffle else None)
        else:
            manifest = index_in_place(job)
    is_written = bool(photographs.files) or form.resizes or storage.shuffle
    _say_what_was_made(folder, manifest, "written as shards" if is_written else "indexed in place")


def _collection(origin: Storage, folder: Storage, settings: CollectionSettings) -> Collection:
    """List the collection; archives that an earlier start listed are not listed again."""
    # Notes are not written into a folder that is finished, or another's.
    may_note = is_unfinished(folder) or not holds_data(folder)
    list_one = partial(list_archive, folder) if may_note else list_members
    listing = partial(list_archives, list_one)
    return find(origin, settings.layout, folder, listing, settings.image_column, settings.label_column)


def _say_what_was_made(folder: Storage, manifest: dict[str, Any], how: str) -> None:
    splits = manifest["splits"]
    counts = ", ".join(f"{split['rows']} {name}" for name, split in splits.items())
    quarantined = len(manifest["quarantined"])
    say(
        f"{folder}: {counts} rows of {len(manifest['classes'])} classes ({manifest['layout']}, {how})"
        + (f"; {quarantined} files quarantined, see manifest.json" if quarantined else "")
    )
    if "train" in splits and "validation" not in splits:
        say(
            "training needs a validation split: index again with --validation-share 0.1 to take a tenth of train "
            "(to evaluate on all photographs, put their folder into one called val)"
        )
    for remark in remarks(manifest):
        say(remark)
