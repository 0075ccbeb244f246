"""`logpolar measure --evolution` on a run whose weights are given; the tasks run in this process."""

import io
import json
import shutil
from contextlib import redirect_stdout
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

import workflows.evolution
from lp_core.errors import LogpolarError
from lp_core.network.layers import architecture_of
from lp_core.run.files import BIRTHS, EVOLUTION, EVOLUTION_LAYERS, LAYER_BIRTHS
from lp_core.run.history import epoch_name
from lp_core.run.stage import Stage
from lp_core.setting_names import with_settings
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
from tasks.pieces import InProcess
from tests.workflows.kept_epochs import give_weights
from workflows.epochs import evolution_epochs
from workflows.evolution import check_history, evolve
from workflows.measure import measure
from workflows.run import run
from workflows.scan import scan
from workflows.session import Session
from workflows.visualize import visualize

TABLES = (EVOLUTION, BIRTHS, EVOLUTION_LAYERS, LAYER_BIRTHS)


@pytest.fixture(scope="module")
def measured(toy_folder, tmp_path_factory):
    """Folder and settings of a run on 40 images that was measured without evolution."""
    recipe = Recipe(
        name="demo",
        data=DataSettings(path=toy_folder, limit=40, flip=0.0, eval_crop=1.0, lanes=4),
        geometry=ViewSettings(size=32),
        network=NetworkSettings(width=1 / 16, pool=1, initialization="variance-preserving"),
        train=TrainSettings(epochs=3, batch_size=24),
        scan=ScanSettings(batch_size=8, piece_rows=16, maxima="never"),
        measure=MeasureSettings(samples=19, lesion=False),
    )
    folder = tmp_path_factory.mktemp("measured")
    run = Storage.at(folder)
    give_weights(recipe, run, (0, 1, 2))
    with redirect_stdout(io.StringIO()):
        scan(Session(recipe, run, given_executor=InProcess()))
        measure(Session(recipe, run, given_executor=InProcess()))
    return folder, recipe


@pytest.fixture
def session(measured, tmp_path):
    """A copy of that run, and settings that ask for evolution."""
    folder, recipe = measured
    shutil.copytree(folder, tmp_path / "run")
    asking = with_settings(recipe, {"measure.evolution": True})
    return Session(asking, Storage.at(tmp_path / "run"), given_executor=InProcess())


def test_layers_are_those_of_the_network(measured, tmp_path):
    """Of VGG-11: eight, conv1_2 not among them."""
    recipe = measured[1]
    recipe = replace(recipe, views=("cartesian",), network=replace(recipe.network, depth=11))
    run = Storage.at(tmp_path / "other")
    give_weights(recipe, run, (0, 1, 2))
    session = Session(recipe, run, given_executor=InProcess())
    scan(session)
    evolve(session)
    rows = (run / "cartesian" / "history").read_table(EVOLUTION_LAYERS).to_pylist()
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    assert layers == list(architecture_of(recipe.network).channels)
    left = {(row["layer"], row["epoch"]): row["weight_distance"] for row in rows}
    assert all(left[layer, 0] == 1 and left[layer, 3] == 0 and 0.5 < left[layer, 1] < 2 for layer in layers)


def tables_of(session) -> dict[str, bytes]:
    return {
        f"{view}/{name}": session.run.read_bytes(f"{view}/history/{name}")
        for view in session.recipe.views
        for name in TABLES
    }


def read(session, name: str) -> list[dict]:
    return pq.read_table(session.run.path(name)).to_pylist()


def test_evolution_is_measured_judged_and_made_once(session, capsys):
    before = json.loads(session.run.read_bytes("findings.json"))
    grouping = session.run.read_bytes("measures/grouping.parquet")
    measure(session)
    capsys.readouterr()
    for view in session.recipe.views:
        assert (session.run / view).exists("controls/other-crop/exemplars.parquet")
        rows = read(session, f"{view}/history/{EVOLUTION}")
        assert sorted({row["epoch"] for row in rows}) == [0, 1, 2, 3]
        assert len(rows) == 4 * 264
        layers = read(session, f"{view}/history/{EVOLUTION_LAYERS}")
        assert {row["weight_distance"] for row in layers if row["epoch"] == 0} == {1.0}
        assert {row["weight_distance"] for row in layers if row["epoch"] == 3} == {0.0}
    values = {tuple(row.values())[:3]: row["value"] for row in read(session, "measures/values.parquet")}
    births = {(row["view"], row["layer"]): row["median"] for row in read(session, "measures/births.parquet")}
    assert values["log_polar", "conv3_1", "evolution.median_birth"] == births["log_polar", "conv3_1"]
    key = "conv3_1", "evolution.mean_birth"
    difference = values["log_polar", *key] - values["cartesian", *key]
    assert values["log_polar - cartesian", *key] == pytest.approx(difference)
    after = json.loads(session.run.read_bytes("findings.json"))
    known = len(before["findings"])
    assert after["findings"][:known] == before["findings"]
    assert [row["claim"] for row in after["findings"][known:]] == [
        "lower-layers-first",
        "lower-layers-first-log-polar",
        "lower-layers-first-beyond-weights",
    ]
    assert session.run.read_bytes("measures/grouping.parquet") == grouping
    measure(session)
    output = capsys.readouterr().out
    assert "evolution log_polar: finished before" in output
    assert "measure: finished before" in output


def test_without_evolution_its_claims_and_tables_are_gone_again(session):
    before = {name: session.run.read_bytes(name) for name in [*session.run.files("measures"), "findings.json"]}
    measure(session)
    assert session.run.exists("measures/evolution.parquet")
    session.recipe = with_settings(session.recipe, {"measure.evolution": False})
    measure(session)
    assert {name: session.run.read_bytes(name) for name in before} == before
    assert not session.run.exists("measures/evolution.parquet")


def test_the_order_of_pieces_and_a_kill_change_nothing(session, monkeypatch):
    evolve(session)
    expected = tables_of(session)
    for view in session.recipe.views:
        for name in TABLES:
            session.run.remove(f"{view}/history/{name}")

    class Killed(Exception):
        pass

    class LastFirst:
        def run(self, function, pieces, gpus=0.0):
            yield from (function(*piece) for piece in list(pieces)[::-1])

    def killed(*arguments):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(workflows.evolution, "weights_left", killed)
        with pytest.raises(Killed):
            evolve(session)
    assert not session.stages.evolution("cartesian").is_finished()
    session.given_executor = LastFirst()
    evolve(session)
    assert tables_of(session) == expected


def test_chosen_checkpoints_are_read_and_epoch_0_always(session):
    session.recipe = with_settings(session.recipe, {"scan.checkpoints": "2"})
    evolve(session)
    rows = read(session, f"cartesian/history/{EVOLUTION_LAYERS}")
    assert sorted({row["epoch"] for row in rows}) == [0, 2, 3]
    measure(session)
    assert session.stages.measured().is_finished()


def test_a_training_without_its_first_weights_is_refused(session):
    with pytest.raises(LogpolarError, match="evolution begins with epoch 0, whose weights of view cartesian are not"):
        evolution_epochs(session.recipe, session.run, "cartesian", [1, 2])


def test_too_few_epochs_are_refused_in_one_line_before_anything_is_scanned(session):
    for epoch in (1, 2):
        session.run.remove(f"log_polar/{epoch_name(epoch)}.json")
    with pytest.raises(LogpolarError) as error:
        evolve(session)
    assert str(error.value) == (
        f"{session.run}: evolution needs weights of 3 epochs or more, and the training of view log_polar has 0, 3; "
        "train with --train.keep-weights-every-epochs 1"
    )
    assert not session.run.exists("cartesian/controls/other-crop/exemplars.parquet")


def test_a_refused_command_keeps_no_settings(session):
    session.run.remove(f"log_polar/{epoch_name(1)}.json")
    session.run.remove(f"log_polar/{epoch_name(2)}.json")
    before = session.run.read_bytes("config.json")
    session.recipe = with_settings(session.recipe, {"visualize.evolution": True})
    for command in (measure, visualize):
        with pytest.raises(LogpolarError, match="evolution needs weights of 3 epochs"):
            command(session)
    assert session.run.read_bytes("config.json") == before


def test_a_run_that_will_keep_too_few_epochs_is_refused_before_its_training(session, tmp_path):
    new = Session(session.recipe, Storage.at(tmp_path / "new"))
    with pytest.raises(LogpolarError, match=r"training of view cartesian has 0, 3; train with --train\.keep-weights"):
        run(new)
    assert not new.run.files()
    new.recipe = with_settings(new.recipe, {"train.keep-weights-every-epochs": 2})
    check_history(new, is_planned=True)
    new.recipe = with_settings(new.recipe, {"scan.checkpoints": "1"})
    with pytest.raises(LogpolarError, match="kept no weights of epoch 1; there are 0, 2, 3"):
        check_history(new, is_planned=True)


def test_imported_weights_have_no_history(session):
    session.recipe = replace(session.recipe, views=("cartesian",))
    training = session.stages.train("cartesian")
    Stage(session.run / "cartesian", "weights", {"file": "given"}).finish(
        1.0, weights=training.fact("weights"), source="given.pth"
    )
    with pytest.raises(LogpolarError, match=r"weights of view cartesian were imported, .* leave out evolution"):
        evolve(session)
