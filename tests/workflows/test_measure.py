"""`logpolar measure` on a run whose weights are given; the tasks run in this process, one after the other."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
import torch

from lp_core.errors import LogpolarError
from lp_core.fingerprint import checksum
from lp_core.network.initialization import initialize
from lp_core.network.vgg16 import VGG16
from lp_core.run.history import epoch_name, epoch_weights
from lp_core.run.weights import FILE, weights_bytes
from lp_core.storage import Storage
from tasks.from_recipe import learner_of
from workflows.measure import measure
from workflows.scan import scan
from workflows.session import Session
from workflows.stages import StageGraph
from workflows.weights import import_weights


class LastFirst:
    """Runs pieces in this process, the last one first, and keeps what it ran."""

    def __init__(self):
        self.ran = []

    def run(self, function, pieces, gpus=0.0):
        for piece in list(pieces)[::-1]:
            self.ran.append(function.__name__)
            yield function(*piece)


@pytest.fixture
def session(small_recipe, tmp_path):
    """A run of both views on 40 images: random weights, and others as those of its epoch 0."""
    recipe = replace(
        small_recipe,
        data=replace(small_recipe.data, limit=40),
        scan=replace(small_recipe.scan, maxima=True),
        measure=replace(small_recipe.measure, samples=19),
    )
    run = Storage.at(tmp_path / "run")
    for view in recipe.views:
        stage = StageGraph(recipe, run).train(view)
        for seed, epoch in ((1, 0), (2, None)):
            data = weights_bytes(learner_of(replace(recipe, seed=seed), view, 12, steps_per_epoch=10).network)
            (run / view).write_bytes(FILE if epoch is None else epoch_weights(epoch), data)
            if epoch is not None:
                vouch = {"epoch": epoch, "weights": checksum(data), "training": stage.fingerprint}
                (run / view).write_json(f"{epoch_name(epoch)}.json", vouch)
        stage.finish(1.0, weights=checksum(data))
    session = Session(recipe, run, given_executor=LastFirst())
    scan(session)
    return session


def findings(session) -> dict[str, dict]:
    content = json.loads(session.run.read_bytes("findings.json"))
    assert content["format"] == 1
    return {row["claim"]: row for row in content["findings"]}


def table(session, name: str):
    return pq.read_table(session.run.path(f"measures/{name}.parquet"))


def test_a_run_is_measured_controls_included(session, capsys):
    measure(session)
    print(capsys.readouterr().out)
    print(session.run.files())
    print(findings(session))
    assert False
