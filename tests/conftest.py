"""Shared fixtures: a small toy data set, the same with faulty rows, and settings that train in seconds."""

import os
import secrets

# Before anything imports Ray: a token for every cluster started here, and nothing that calls home.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")
# Small networks gain nothing from threads, and threads that spin starve whatever else the machine does.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from pathlib import Path

import pytest
from hypothesis import settings

# Seeded like everything else; a busy machine is no failure.
settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile("seeded")


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory) -> str:
    """A small toy data set: 240 training and 60 validation images in row groups of 100."""
    from lp_core.indexing.layouts import find
    from lp_core.indexing.manifest import write_dataset_folder
    from lp_core.storage import Storage
    from lp_core.toy.data_set import write_toy

    folder = Storage.at(tmp_path_factory.mktemp("toy"))
    write_toy(Path(folder.uri), train=240, validation=60)
    write_dataset_folder(folder, find(folder))
    return folder.uri


FAULTY_ROWS = {"train": [5, 77, 78], "validation": [0, 41]}
"""Rows of `faulty_folder` that cannot be decoded; rows of a toy data set are stored in the order of their numbers."""


@pytest.fixture(scope="session")
def faulty_folder(toy_folder, tmp_path_factory) -> str:
    """The toy data set after some photographs were damaged, which nobody noticed while it was indexed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from lp_core.indexing.layouts import find
    from lp_core.indexing.manifest import write_dataset_folder
    from lp_core.storage import Storage

    folder = tmp_path_factory.mktemp("faulty")
    (folder / "data").mkdir()
    for shard in Path(toy_folder, "data").iterdir():
        table = pq.read_table(shard)
        images = table["image"].to_pylist()
        kinds = [images[0]["bytes"][:200], b"", b"<html>404 Not Found</html>"]
        for kind, row in zip(kinds, FAULTY_ROWS[shard.name.partition("-")[0]], strict=False):
            images[row]["bytes"] = kind
        table = table.set_column(table.schema.get_field_index("image"), "image", pa.array(images, table["image"].type))
        pq.write_table(table, folder / "data" / shard.name, row_group_size=100)
    write_dataset_folder(Storage.at(folder), find(Storage.at(folder)))
    return str(folder)


@pytest.fixture
def small_recipe(toy_folder):
    """Settings under which everything takes seconds, and the same bits every time."""
    from lp_core.settings import DataSettings, NetworkSettings, Recipe, ScanSettings, TrainSettings, ViewSettings

    return Recipe(
        name="demo",
        data=DataSettings(path=toy_folder, flip=0.0, eval_crop=1.0, crop_scale=(0.6, 1.0), lanes=4),
        geometry=ViewSettings(size=32),
        network=NetworkSettings(width=1 / 16, pool=1, dropout=0.1, initialization="variance-preserving"),
        train=TrainSettings(
            epochs=2,
            batch_size=24,
            optimizer="adamw",
            learning_rate=1e-3,
            schedule="one-cycle",
            precision="fp32",
            deterministic=True,
            log_every_steps=1,
        ),
        scan=ScanSettings(batch_size=8, piece_rows=16),
    )
