"""A run of both views that was measured, for tests of `logpolar measure`."""

import io
import shutil
from contextlib import redirect_stdout
from dataclasses import replace

import pytest

from lp_core.fingerprint import checksum
from lp_core.run.history import epoch_name, epoch_weights
from lp_core.run.weights import FILE, weights_bytes
from lp_core.settings import (
    DataSettings,
    MeasureSettings,
    NetworkSettings,
    Recipe,
    ScanSettings,
    TrainSettings,
    ViewSettings,
)
from lp_core.storage import Storage
from tasks.from_recipe import learner_of
from tests.workflows.measured_run import LastFirst
from workflows.measure import measure
from workflows.scan import scan
from workflows.session import Session
from workflows.stages import StageGraph


@pytest.fixture(scope="session")
def measured(toy_folder, tmp_path_factory):
    """Folder and settings of a run of both views on 40 images that was measured, and what the command said.

    Its weights are random, and those of its epoch 0 are others.
    """
    recipe = Recipe(
        name="demo",
        data=DataSettings(path=toy_folder, limit=40, flip=0.0, eval_crop=1.0, lanes=4),
        geometry=ViewSettings(size=32),
        network=NetworkSettings(width=1 / 16, pool=1, initialization="variance-preserving"),
        train=TrainSettings(epochs=2, batch_size=24),
        scan=ScanSettings(batch_size=8, piece_rows=16, maxima="always"),
        measure=MeasureSettings(samples=19),
    )
    folder = tmp_path_factory.mktemp("measured")
    run = Storage.at(folder)
    for view in recipe.views:
        stage = StageGraph(recipe, run).train(view)
        for seed, epoch in ((1, 0), (2, None)):
            data = weights_bytes(learner_of(replace(recipe, seed=seed), view, 12, steps_per_epoch=10).network)
            (run / view).write_bytes(FILE if epoch is None else epoch_weights(epoch), data)
            if epoch is not None:
                vouch = {"epoch": epoch, "weights": checksum(data), "training": stage.fingerprint}
                (run / view).write_json(f"{epoch_name(epoch)}.json", vouch)
        stage.finish(1.0, weights=checksum(data))
    with redirect_stdout(io.StringIO()) as output:
        scan(Session(recipe, run, given_executor=LastFirst()))
        measure(Session(recipe, run, given_executor=LastFirst()))
    return folder, recipe, output.getvalue()


@pytest.fixture
def session(measured, tmp_path):
    """A copy of that run."""
    folder, recipe, _ = measured
    shutil.copytree(folder, tmp_path / "run")
    return Session(recipe, Storage.at(tmp_path / "run"), given_executor=LastFirst())
