"""Source and data set folder in an object store, spoken to over S3's own protocol."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow.fs
import pytest

from lp_core.config import SettingError
from lp_core.dataset.folder import DatasetFolder
from lp_core.storage import Storage
from tests.lp_core.dataset.imagenet_forms import FORMS, identities, photos
from workflows.index import index

pytestmark = pytest.mark.skipif(
    find_spec("moto") is None or find_spec("flask") is None, reason="moto's S3 server is not installed: moto[server]"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Options of a URI that lead to a bucket called `photos` on this machine."""
    port = free_port()
    log = (tmp_path_factory.mktemp("moto") / "log").open("w")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    found_here = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    server = subprocess.Popen(command, stdout=log, stderr=log, env=found_here)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        options = f"endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1&allow_bucket_creation=true"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", "test")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
            patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
            Storage(f"s3://photos?{options}").filesystem.create_dir("photos")
            yield options
    finally:
        server.terminate()
        server.wait()
        log.close()


def upload(folder: Path, target: Storage) -> None:
    pyarrow.fs.copy_files(
        str(folder),
        target.path(),
        source_filesystem=pyarrow.fs.LocalFileSystem(),
        destination_filesystem=target.filesystem,
    )


@pytest.mark.parametrize("form", FORMS)
def test_from_a_bucket_into_a_bucket(tmp_path: Path, bucket: str, form: str) -> None:
    FORMS[form](tmp_path / form)
    source, out = f"s3://photos/{form}?{bucket}", f"s3://photos/indexed/{form}?{bucket}"
    upload(tmp_path / form, Storage(source))
    index(source, out, check=True, max_quarantined=0.5)
    data = DatasetFolder.open(out)
    content = {one.stem: one.data for one in photos()}
    for split in ("train", "validation"):
        rows = data.rows(split)
        assert list(zip(rows.image_ids, rows.label.tolist(), strict=True)) == identities(photos(), split)
        for photograph in data.photographs(split, np.arange(len(rows))):
            assert photograph.data == content[photograph.image_id]
    index(str(tmp_path / form), str(tmp_path / "local"), check=True, max_quarantined=0.5)
    local = DatasetFolder.open(str(tmp_path / "local"))
    assert data.fingerprint == local.fingerprint
    if form != "parquet":
        assert data.manifest == local.manifest


def test_a_bucket_that_is_not_there_is_told_in_one_line(bucket: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"^source s3://nowhere/x.* does not exist$"):
        index(f"s3://nowhere/x?{bucket}", str(tmp_path))
