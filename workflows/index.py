"""`logpolar index`: a data set folder from a collection of images."""

from __future__ import annotations

from tyro.conf import Positional

from lp_core.dataset.layouts import find
from lp_core.dataset.manifest import write_dataset_folder
from lp_core.storage import Storage
from tasks.progress import say


def index(source: Positional[str], out: Positional[str]) -> None:
    """List the photographs of a collection, number them, and write manifest and row tables; images stay in place.

    Args:
        source: folder of Hugging Face Parquet shards, train-*.parquet and validation-*.parquet (local, s3:// or gs://).
        out: data set folder to write.

    Raises:
        SettingError: the source is missing or of no known layout, or the folder cannot be written to.
    """
    collection = find(Storage.at(source))
    folder = Storage.at(out)
    manifest = write_dataset_folder(folder, collection)
    counts = ", ".join(f"{split['rows']} {name}" for name, split in manifest["splits"].items())
    say(f"{folder}: {counts} rows of {len(manifest['classes'])} classes ({collection.layout}, indexed in place)")
