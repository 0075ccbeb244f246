"""`evaluation` writes what `predictions` computes, and compares two views from their files."""

import numpy as np
import pytest

from lp_core.dataset.folder import DatasetFolder
from lp_core.network.predictions import Predictions, comparison
from lp_core.run.evaluation import write_comparison, write_evaluation
from lp_core.run.files import CLASSES, COMPARISON, EVALUATION, PREDICTIONS
from lp_core.storage import Storage


@pytest.fixture
def dataset(toy_folder) -> DatasetFolder:
    return DatasetFolder.open(toy_folder)


def predictions(seed: int) -> Predictions:
    rng, rows = np.random.default_rng(seed), np.arange(60)
    return Predictions(rows, rows % 12, rng.integers(0, 12, 60), rng.integers(0, 12, 60), rng.random(60))


def test_files_hold_what_was_computed(tmp_path, dataset) -> None:
    folder, made = Storage.at(tmp_path), predictions(0)
    write_evaluation(folder, made, dataset, [{"row": 3}])
    assert folder.read_json(EVALUATION) == made.counts().summary() | {"quarantined": [{"row": 3}]}
    assert folder.read_table(CLASSES).equals(made.by_class(dataset.class_names))
    assert folder.read_table(PREDICTIONS)["image_id"].to_pylist() == [
        dataset.rows("validation").image_id(row) for row in made.row_N
    ]


def test_views_are_compared_from_their_files(tmp_path, dataset) -> None:
    run = Storage.at(tmp_path)
    made = {"cartesian": predictions(0), "log_polar": predictions(1)}
    for view, of_view in made.items():
        write_evaluation(run / view, of_view, dataset, [])
    content = write_comparison(run, "cartesian", "log_polar")
    assert content == run.read_json(COMPARISON)
    assert content == {"a": "cartesian", "b": "log_polar", **comparison(*made.values())}
