"""A whole run in an object store that is away for a minute during the training and another during the scan."""

import io
import json
import time
from importlib.util import find_spec

import pyarrow.parquet as pq
import pytest

from lp_core.storage import Storage
from tests.workflows.commands import SETTINGS, finish, start, wait_for
from tests.workflows.object_store import object_store

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("moto") is None or find_spec("flask") is None, reason="moto[server] is not installed"),
]

VIEW = "cartesian"
AWAY_SECONDS = 60


def test_a_run_outlives_a_minute_without_its_store(tmp_path, toy_folder):
    options = [*SETTINGS, "--views", VIEW, "--train.epochs", "3", "--scan.piece-rows", "2"]
    alone = tmp_path / "alone"
    finish(start("run", alone, *options, "--data.path", toy_folder))
    with object_store("runs", tmp_path / "moto.log") as store:
        data = store.upload(toy_folder, "data")
        run = Storage(store.uri("run"))
        store.vanish()
        store.appear(until=f" /{store.bucket}/run/{VIEW}/checkpoints/step-")
        process = start("run", run.uri, *options, "--data.path", data)
        wait_for(store.is_away, process)
        time.sleep(AWAY_SECONDS)
        store.appear(until=f" /{store.bucket}/run/{VIEW}/scan/")
        wait_for(store.is_away, process)
        time.sleep(AWAY_SECONDS)
        store.appear()
        output = finish(process)
        assert "the store does not answer" in output
        assert (run / "report").exists("index.html")
        for name in ("weights.safetensors", "exemplars.parquet", "channels.parquet"):
            assert (run / VIEW).read_bytes(name) == (alone / VIEW / name).read_bytes(), name
        lines = [json.loads(line) for line in (run / VIEW).read_bytes("metrics.jsonl").splitlines()]
        assert [line["step"] for line in lines if "loss" in line] == list(range(1, 31))
        assert (run / VIEW).files("metrics") == []
        assert len(pq.read_table(io.BytesIO((run / VIEW).read_bytes("exemplars.parquet")))) > 0
