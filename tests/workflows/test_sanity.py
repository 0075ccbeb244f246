"""Pictures are tested as a stage: resumable, the same in any order, with given weights; claims about them on demand."""

import io
import json
import shutil
from contextlib import redirect_stdout
from dataclasses import replace

import pyarrow.compute as pc
import pytest

import workflows.sanity
from lp_core.errors import LogpolarError
from lp_core.exemplars.cascade import depths
from lp_core.exemplars.relu_rules import RELU_RULES
from lp_core.fingerprint import checksum
from lp_core.measures.rules import PICTURES, committed_rules, read_rules
from lp_core.run.stage import Stage
from lp_core.run.weights import FILE, weights_bytes
from lp_core.setting_names import with_settings
from lp_core.settings import (
    DataSettings,
    MeasureSettings,
    NetworkSettings,
    Recipe,
    ScanSettings,
    ViewSettings,
)
from lp_core.storage import Storage
from tasks.from_recipe import learner_of
from tasks.pieces import InProcess
from tasks.sanity import sanity_of_channel
from workflows.measure import measure
from workflows.sanity import sanity
from workflows.scan import scan
from workflows.session import Session

VIEW = "log_polar"
LAYERS = ("conv1_2", "conv4_1")


class LastFirst:
    """Runs pieces in this process, the last one first."""

    def run(self, function, pieces, gpus=0.0):
        for piece in list(pieces)[::-1]:
            yield function(*piece)


@pytest.fixture(scope="module")
def tested(toy_folder, tmp_path_factory):
    """Folder and settings of a run of given weights, one view and 24 images, whose pictures were tested."""
    recipe = Recipe(
        name="demo",
        views=(VIEW,),
        data=DataSettings(path=toy_folder, limit=24, eval_crop=1.0, lanes=4),
        geometry=ViewSettings(size=32),
        network=NetworkSettings(width=1 / 16, pool=1, initialization="variance-preserving", angle_padding="circular"),
        scan=ScanSettings(batch_size=8, piece_rows=16),
        measure=MeasureSettings(samples=19, lesion=False, sanity=True, sanity_channels=2, sanity_layers=LAYERS),
    )
    folder = tmp_path_factory.mktemp("tested")
    run = Storage.at(folder)
    data = weights_bytes(learner_of(replace(recipe, seed=2), VIEW, 12, steps_per_epoch=10).network)
    (run / VIEW).write_bytes(FILE, data)
    Stage(run / VIEW, "weights", {"file": "given"}).finish(1.0, weights=checksum(data), source="given.pth")
    with redirect_stdout(io.StringIO()):
        scan(Session(recipe, run, given_executor=InProcess()))
        sanity(Session(recipe, run, given_executor=LastFirst()), VIEW)
    return folder, recipe


@pytest.fixture
def session(tested, tmp_path):
    """A copy of that run."""
    folder, recipe = tested
    shutil.copytree(folder, tmp_path / "run")
    return Session(recipe, Storage.at(tmp_path / "run"), given_executor=InProcess())


def content(session) -> dict[str, bytes]:
    folder = session.run / VIEW
    return {name: folder.read_bytes(name) for name in ("sanity.parquet", *folder.files("sanity"))}


def test_every_channel_exemplar_rule_and_depth_has_its_row(session):
    table = (session.run / VIEW).read_table("sanity.parquet")
    for layer in LAYERS:
        rows = table.filter(pc.equal(table["layer"], layer))
        random = rows.filter(pc.equal(rows["test"], "random"))
        assert len(random) == 2 * 3 * len(RELU_RULES) * depths(layer)
        assert set(random["depth"].to_pylist()) == set(range(1, depths(layer) + 1))
        assert (session.run / VIEW).files(f"sanity/{layer}")[0].endswith(".webp")
    assert not (session.run / VIEW).files("sanity/parts")


def test_a_kill_repeats_only_what_was_unfinished_and_the_order_changes_nothing(session, monkeypatch, capsys):
    expected = content(session)
    for name in [*expected, "stages/sanity.json"]:
        (session.run / VIEW).remove(name)
    made = []

    def test_two(trained, piece):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(piece.channel)
        return sanity_of_channel(trained, piece)

    monkeypatch.setattr(workflows.sanity, "sanity_of_channel", test_two)
    with pytest.raises(KeyboardInterrupt):
        sanity(session, VIEW)
    monkeypatch.setattr(
        workflows.sanity, "sanity_of_channel", lambda *piece: made.append(piece[1].channel) or sanity_of_channel(*piece)
    )
    sanity(session, VIEW)
    assert len(made) == 2 * len(LAYERS)
    assert content(session) == expected
    sanity(session, VIEW)
    assert "sanity log_polar: finished before" in capsys.readouterr().out


def test_findings_have_the_claims_about_pictures_only_where_they_were_asked_for(session):
    measure(session)
    claims = {claim.name for claim in read_rules(committed_rules(PICTURES)).claims}
    assert claims <= {row["claim"] for row in json.loads(session.run.read_bytes("findings.json"))["findings"]}
    values = session.run.read_table("measures/values.parquet")
    names = set(values.filter(pc.equal(values["layer"], "conv4_1"))["measure"].to_pylist())
    for rule in RELU_RULES:
        assert {f"pictures.{rule}.random", f"pictures.{rule}.deletion.effect", f"pictures.{rule}.edges"} <= names
    assert len(session.run.read_table("measures/pictures.parquet"))
    session.recipe = with_settings(session.recipe, {"measure.sanity": False})
    measure(session)
    assert not claims & {row["claim"] for row in json.loads(session.run.read_bytes("findings.json"))["findings"]}
    assert not session.run.exists("measures/pictures.parquet")


def test_a_layer_that_does_not_exist_is_refused_before_it_is_kept(session):
    before = session.run.read_json("config.json")
    session.recipe = with_settings(session.recipe, {"measure.sanity-layers": ("conv9",)})
    with pytest.raises(LogpolarError, match=r"measure\.sanity-layers: no layer 'conv9'"):
        measure(session)
    assert session.run.read_json("config.json") == before


def test_a_missing_picture_is_drawn_again(session):
    expected = content(session)
    (session.run / VIEW).remove(next(name for name in expected if name.endswith(".webp")))
    sanity(session, VIEW)
    assert content(session) == expected


def test_an_activation_that_is_not_found_again_is_refused(session):
    folder = session.run / VIEW
    table = folder.read_table("exemplars.parquet")
    doubled = pc.multiply(table["activation"], 2).cast("float32")
    folder.write_table("exemplars.parquet", table.set_column(3, table.schema.field(3), doubled))
    manifest = folder.read_json("stages/scan.json")
    folder.write_json("stages/scan.json", manifest | {"exemplars": "others"})
    with pytest.raises(LogpolarError, match=r"activation .* is recorded, found .*; scan again"):
        sanity(session, VIEW)
