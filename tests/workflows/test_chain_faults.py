"""The whole chain on photographs that are damaged: what is left out is named, and what cannot be read ends it."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from tests.conftest import FAULTY_ROWS
from tests.workflows.commands import PATIENCE_SECONDS, SETTINGS, finish, kill, start

pytestmark = pytest.mark.ray


def test_faulty_rows_are_named_by_every_stage_and_the_counts_reconcile(tmp_path, faulty_folder):
    options = [*SETTINGS, "--train.epochs", "1", "--train.workers", "2", "--views", "cartesian"]
    output = finish(start("run", tmp_path, *options, "--data.path", faulty_folder, "--data.max-quarantined", "0.05"))
    assert "train cartesian: 5 of 300 rows hold no usable image and are quarantined (train row 5, " in output
    assert "scan cartesian: 2 of 60 rows hold no usable image" in output
    named = json.loads((tmp_path / "cartesian" / "quarantined.json").read_text())
    assert {split: [one["row"] for one in named if one["split"] == split] for split in FAULTY_ROWS} == FAULTY_ROWS
    evaluation = json.loads((tmp_path / "cartesian" / "evaluation.json").read_text())
    assert evaluation["images"] == 58
    assert [one["row"] for one in evaluation["quarantined"]] == FAULTY_ROWS["validation"]
    for stage in ("evaluate", "scan"):
        manifest = json.loads((tmp_path / "cartesian" / "stages" / f"{stage}.json").read_text())
        assert (manifest["images"], manifest["quarantined"]) == (58, 2)
    left_out = {one["image_id"] for one in evaluation["quarantined"]}
    assert left_out.isdisjoint(pq.read_table(tmp_path / "cartesian" / "exemplars.parquet")["image_id"].to_pylist())
    lines = [json.loads(line) for line in (tmp_path / "cartesian" / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["validation_top1"] == pytest.approx(evaluation["top1"])
    assert "of 58 images bit for bit" in finish(start("verify", tmp_path))
    assert "of them undecodable, left out" in (tmp_path / "report" / "index.html").read_text()


@pytest.mark.slow  # a training through Ray, for one message
def test_a_corrupt_row_group_is_named(tmp_path, toy_folder):
    data = tmp_path / "data"
    shutil.copytree(toy_folder, data)
    shard = next((data / "data").glob("train-*.parquet"))
    place = pq.ParquetFile(shard).metadata.row_group(1).column(0)
    with open(shard, "r+b") as file:
        file.seek(place.data_page_offset)
        file.write(b"\xff" * 2000)
    process = start("train", tmp_path / "run", *SETTINGS, "--data.path", str(data), "--views", "cartesian")
    output = process.communicate(timeout=PATIENCE_SECONDS)[0]
    kill(process)
    assert process.returncode == 1
    assert f"{shard.name}, row group 1: cannot be read" in output
    assert "Traceback" not in output
