"""Source and data set folder in an object store, spoken to over S3's own protocol."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import LogpolarError
from tests.lp_core.indexing.imagenet_forms import FORMS, identities, photos
from tests.workflows.index_command import index, labelled_ids
from tests.workflows.object_store import ObjectStore, object_store

pytestmark = pytest.mark.skipif(
    find_spec("moto") is None or find_spec("flask") is None, reason="moto's S3 server is not installed: moto[server]"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_store("photos", tmp_path_factory.mktemp("moto") / "log") as found:
        yield found


@pytest.mark.parametrize("form", FORMS)
def test_from_a_bucket_into_a_bucket(tmp_path: Path, store: ObjectStore, form: str) -> None:
    FORMS[form](tmp_path / form)
    source, out = store.upload(tmp_path / form, form), store.uri(f"indexed/{form}")
    index(source, out, check=True, max_quarantined=0.5)
    data = DatasetFolder.open(out)
    content = {one.stem: one.data for one in photos()}
    for split in ("train", "validation"):
        assert labelled_ids(data, split) == identities(photos(), split)
        for photograph in data.photographs(split, np.arange(len(data.rows(split)))):
            assert photograph.data == content[photograph.image_id]
    index(str(tmp_path / form), str(tmp_path / "local"), check=True, max_quarantined=0.5)
    local = DatasetFolder.open(str(tmp_path / "local"))
    assert data.fingerprint == local.fingerprint
    if form != "parquet":
        assert data.manifest == local.manifest


def test_a_bucket_that_is_not_there_is_told_in_one_line(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(LogpolarError, match=r"^source s3://nowhere/x.* does not exist$"):
        index(store.uri("x").replace("s3://photos/", "s3://nowhere/"), str(tmp_path))
