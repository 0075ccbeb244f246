"""Evaluation of two views; without Ray, whose part is only to carry pieces of work."""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from lp_core.dataset.folder import DatasetFolder
from lp_core.network.initialization import initialize
from lp_core.network.vgg16 import VGG16
from lp_core.storage import Storage
from tests.conftest import FAULTY_ROWS
from workflows.evaluate import evaluate
from workflows.session import Session
from workflows.stage_parts import WRITES
from workflows.weights import import_weights

VIEWS = ("cartesian", "log_polar")


class LastFirst:
    """Runs pieces in this process, the last one first."""

    def run(self, function, pieces, gpus=0.0):
        for piece in reversed(pieces):
            yield function(*piece)


def session(recipe, folder) -> Session:
    """A run with random weights in each view."""
    made = Session(recipe, Storage.at(folder / "run"), given_executor=LastFirst())
    for seed, view in enumerate(VIEWS):
        network = initialize(VGG16(12, recipe.network), "variance-preserving", seed)
        torch.save(network.state_dict(), folder / "given.pth")
        made.recipe = replace(recipe, views=(view,))
        import_weights(made, str(folder / "given.pth"))
    made.recipe = recipe
    return made


def test_tables_agree_with_each_other(small_recipe, tmp_path, capsys):
    one = session(small_recipe, tmp_path)
    evaluate(one)
    run = Path(one.run.uri)
    hits = {}
    for view in VIEWS:
        summary = json.loads((run / view / "evaluation.json").read_text())
        images = pq.read_table(run / view / "predictions.parquet").to_pylist()
        classes = pq.read_table(run / view / "classes.parquet").to_pylist()
        assert [line["row"] for line in images] == list(range(60))
        rows = DatasetFolder.open(small_recipe.data.path).rows("validation")
        identities = [rows.image_id(row) for row in range(len(rows))]
        assert [line["image_id"] for line in images] == identities
        hits[view] = {line["row"] for line in images if line["predicted"] == line["label"]}
        assert summary["top1"] == pytest.approx(100 * len(hits[view]) / 60)
        assert sum(line["images"] * line["top1"] / 100 for line in classes) == pytest.approx(len(hits[view]))
        assert summary["loss"] == pytest.approx(sum(line["loss"] for line in images) / 60)
    top1 = json.loads((run / "comparison.json").read_text())["top1"]
    assert top1["only_a"] == len(hits["cartesian"] - hits["log_polar"])
    assert hits["cartesian"] != hits["log_polar"]
    assert top1["only_b"] == len(hits["log_polar"] - hits["cartesian"])
    assert "McNemar" in capsys.readouterr().out
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    evaluate(one)
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_pieces_of_any_length_give_the_same_bytes(small_recipe, tmp_path):
    made = {}
    for rows in (7, 60):
        (tmp_path / str(rows)).mkdir()
        recipe = replace(small_recipe, scan=replace(small_recipe.scan, piece_rows=rows))
        one = session(recipe, tmp_path / str(rows))
        evaluate(one)
        names = [f"{view}/{name}" for view in VIEWS for name in WRITES["evaluate"]] + ["comparison.json"]
        made[rows] = [(Path(one.run.uri) / name).read_bytes() for name in names]
    assert made[7] == made[60]


def test_faulty_rows_are_in_no_table(small_recipe, faulty_folder, tmp_path):
    recipe = replace(small_recipe, data=replace(small_recipe.data, path=faulty_folder, max_quarantined=0.1))
    one = session(recipe, tmp_path)
    evaluate(one)
    images = pq.read_table(Path(one.run.uri) / "log_polar" / "predictions.parquet").to_pylist()
    assert {line["row"] for line in images} == set(range(60)) - set(FAULTY_ROWS["validation"])
    assert json.loads((Path(one.run.uri) / "comparison.json").read_text())["images"] == len(images)
