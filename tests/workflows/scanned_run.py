"""A run whose weights are given, for tests of `logpolar scan` and `verify`; tasks run in this process."""

from dataclasses import replace

from lp_core.fingerprint import checksum
from lp_core.run.history import keep_weights
from lp_core.run.weights import FILE, weights_bytes
from lp_core.storage import Storage
from tasks.from_recipe import learner_of
from workflows.scan import scan
from workflows.session import Session
from workflows.stages import StageGraph

TABLES = ["exemplars.parquet", "channels.parquet", "places.npz", "rings.npz"]


class LastFirst:
    """Runs pieces in this process, the last one first, and keeps what it ran."""

    def __init__(self):
        self.ran = []

    def run(self, function, pieces, gpus=0.0):
        for piece in list(pieces)[::-1]:
            self.ran.append((function.__name__, piece))
            yield function(*piece)


def trained_session(recipe, tmp_path, executor) -> Session:
    """A run of four epochs of which the first three were kept, in both views."""
    train = replace(recipe.train, epochs=4, keep_weights_every_epochs=1)
    recipe = replace(recipe, train=train, data=replace(recipe.data, limit=28))
    run = Storage.at(tmp_path / "run")
    for view in recipe.views:
        stage = StageGraph(recipe, run).train(view)
        for epoch in range(1, 5):
            learner = learner_of(replace(recipe, seed=epoch), view, 12, steps_per_epoch=10)
            learner.step = 10 * epoch
            keep_weights(run / view, learner, stage.fingerprint)
        data = weights_bytes(learner.network)
        (run / view).write_bytes(FILE, data)
        stage.finish(1.0, weights=checksum(data))
    return Session(recipe, run, given_executor=executor)


def asked(session: Session, **settings) -> Session:
    recipe = session.recipe
    chosen = replace(recipe, scan=replace(recipe.scan, **settings), views=("log_polar",))
    return Session(chosen, session.run, given_executor=session.given_executor)


def content(session: Session, folder: str = "log_polar", names=TABLES) -> list[bytes]:
    return [session.run.read_bytes(f"{folder}/{name}") for name in names]


def scanned(session: Session, **settings) -> Session:
    scan(asked(session, **settings))
    return asked(session, **settings)
