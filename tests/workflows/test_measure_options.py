"""What settings add to `logpolar measure`, what it leaves out, and the reasons that it gives."""

import json
import math
from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from lp_core.errors import LogpolarError
from lp_core.fingerprint import checksum
from lp_core.run.history import epoch_name, epoch_weights
from lp_core.run.stage import Stage
from lp_core.run.weights import weights_bytes
from lp_core.setting_names import with_settings
from lp_core.settings import (
    MeasureSettings,
)
from tasks.from_recipe import learner_of
from tasks.pieces import InProcess
from tests.workflows.measured_run import findings, folder_content, table
from workflows.measure import measure
from workflows.scan import scan

PATCHES = ("E_half_plugin", "E_quarter_plugin")


def test_an_embedding_that_is_refused_is_not_kept(session):
    before = session.run.read_bytes("config.json")
    session.recipe = replace(session.recipe, measure=MeasureSettings(samples=19, embedding="no_such_module:f"))
    with pytest.raises(LogpolarError, match="no module no_such_module"):
        measure(session)
    assert session.run.read_bytes("config.json") == before


def test_a_users_embedding_gives_e_and_m(session, tmp_path, monkeypatch):
    code = "import numpy as np\n\ndef colours(images):\n    return images.mean((1, 2)).astype(np.float32)\n"
    (tmp_path / "my_colours.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    before = table(session, "grouping").to_pylist()
    session.recipe = with_settings(session.recipe, {"measure.embedding": "my_colours:colours"})
    measure(session)
    rows = table(session, "grouping").to_pylist()
    others = [row for row in rows if not row["measure"].endswith("_plugin")]
    assert repr(others) == repr(before)  # NaN is not equal to itself
    for name in ("E", "M", "M_90", "M_50"):
        mine = [row for row in rows if row["measure"] == f"{name}_plugin"]
        assert {row["network"] for row in mine} == {"trained", "untrained"}
        assert f"grouping.{name}.lambda.plugin_embedding" in table(session, "values")["measure"].to_pylist()
    channels = table(session, "channels").filter((pc.field("layer") == "conv2_1") & (pc.field("view") == "cartesian"))
    for name in ("E", "M"):
        (row,) = [
            row
            for row in rows
            if (row["measure"], row["layer"], row["network"], row["view"])
            == (f"{name}_plugin", "conv2_1", "trained", "cartesian")
        ]
        assert np.nanmean(channels[name].to_numpy()) == pytest.approx(row["mean"])
    active = pq.read_table(session.run.path("cartesian/channels.parquet"))
    assert (
        channels["active_share"].to_pylist()
        == active.filter(pc.field("layer") == "conv2_1")["active_share"].to_pylist()
    )
    assert not session.run.files("measures/parts")


def test_patches_of_the_primary_layer_are_compared(session, tmp_path, monkeypatch):
    code = "import numpy as np\n\ndef hues(images):\n    return images.mean((1, 2)).astype(np.float32)\n"
    (tmp_path / "my_hues.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    chosen = {"measure.embedding": "my_hues:hues", "measure.patches": True}
    session.recipe = with_settings(session.recipe, chosen)
    measure(session)
    rows = [row for row in table(session, "grouping").to_pylist() if row["measure"] in PATCHES]
    networks = {(row["view"], row["network"], row["measure"]) for row in rows}
    assert networks == {
        (view, network, name)
        for view in session.recipe.views
        for network in ("trained", "untrained")
        for name in PATCHES
    }
    assert {row["layer"] for row in rows} == {"conv5_2"}
    complete = table(session, "channels").filter((pc.field("layer") == "conv5_2") & pc.field("complete"))
    for view in session.recipe.views:
        (row,) = [
            row for row in rows if (row["view"], row["network"], row["measure"]) == (view, "trained", "E_half_plugin")
        ]
        assert row["channels"] == len(complete.filter(pc.field("view") == view))
        names = table(session, "values").filter(pc.field("view") == view)["measure"].to_pylist()
        assert {"grouping.E_half.lambda.plugin_embedding", "grouping.E_quarter.lambda.plugin_embedding"} <= set(names)
    assert not session.run.files("measures/parts")
    made = folder_content(session)
    session.run.remove("stages/measure.json")
    session.given_executor = InProcess()
    measure(session)
    assert folder_content(session) == made


def test_a_rotated_basis_and_random_fixations_are_controls_that_a_setting_adds(session, capsys):
    before = {name: table(session, name).to_pylist() for name in ("grouping", "firing", "channels")}
    chosen = {"measure.rotated-basis": True, "measure.random-fixations": True}
    session.recipe = with_settings(session.recipe, chosen)
    measure(session)
    output = capsys.readouterr().out
    for control in ("rotated-basis", "random-fixations"):
        assert f"scan log_polar, {control}" in output
        assert (session.run / "log_polar").exists(f"controls/{control}/exemplars.parquet")
    grouping, firing = table(session, "grouping").to_pylist(), table(session, "firing").to_pylist()
    rotated = [row for row in grouping if row["network"] == "rotated"]
    assert {(row["view"], row["measure"]) for row in rotated} == {(view, "G") for view in session.recipe.views}
    assert repr([row for row in grouping if row["network"] != "rotated"]) == repr(before["grouping"])
    assert {row["network"] for row in firing} == {"trained", "untrained", "scrambled", "random-fixations"}
    assert [row for row in firing if row["network"] != "random-fixations"] == before["firing"]
    assert repr(table(session, "channels").to_pylist()) == repr(before["channels"])
    values = {tuple(row.values())[:3]: row["value"] for row in table(session, "values").to_pylist()}
    delta = {
        row["network"]: row["delta"]
        for row in grouping
        if (row["view"], row["layer"], row["measure"]) == ("log_polar", "conv3_1", "G")
    }
    expected = delta["trained"] - delta["rotated"]
    assert values["log_polar", "conv3_1", "grouping.G.against_rotated"] == pytest.approx(expected)
    assert math.isfinite(values["log_polar", "conv3_1", "firing.foveal_index.against_fixations"])
    assert -1 < values["log_polar", "conv3_1", "firing.angle.order_1.against_fixations"] < 1


def test_without_maxima_twins_are_left_out_and_said(session, capsys):
    session.recipe = replace(session.recipe, scan=replace(session.recipe.scan, maxima="never"))
    session.run.remove("log_polar/stages/scan.json")
    scan(session)
    session.run.remove("stages/measure.json")
    measure(session)
    output = capsys.readouterr().out
    assert "measure log_polar: twins left out: a scan wrote no maxima" in output
    assert not session.run.exists("measures/twins.parquet")
    assert table(session, "grouping").num_rows
    assert "measure log_polar: grouping.M left out: it needs networks of another seed" in output


def test_the_advice_for_what_is_left_out_works(session, measured, capsys):
    """Measured without maxima, then scanned as the reason says: the same command makes what was left out."""
    expected = folder_content(session)
    recipe = session.recipe
    for maxima in ("never", "always"):
        for view in recipe.views:
            session.run.remove(f"{view}/stages/scan.json")
        session.recipe = replace(recipe, scan=replace(recipe.scan, maxima=maxima))
        scan(session)
        if maxima == "never":
            session.run.remove("stages/measure.json")
        capsys.readouterr()
        measure(session)
        assert ("`logpolar scan` with --scan.maxima always" in capsys.readouterr().out) == (maxima == "never")
    assert folder_content(session) == expected


def test_the_reason_for_no_equally_accurate_checkpoints_is_true(session, measured, capsys):
    assert "the training kept the weights of its last epoch alone; a new run with --train.keep" in measured[2]
    for view in session.recipe.views:
        data = weights_bytes(learner_of(replace(session.recipe, seed=7), view, 12, steps_per_epoch=10).network)
        (session.run / view).write_bytes(epoch_weights(1), data)
        vouch = {"epoch": 1, "weights": checksum(data), "training": session.stages.train(view).fingerprint}
        (session.run / view).write_json(f"{epoch_name(1)}.json", vouch)
    for checkpoints, reason in (("none", "--scan.checkpoints all scans more"), ("all", "no checkpoints of the views")):
        session.run.remove("stages/measure.json")
        session.recipe = replace(session.recipe, scan=replace(session.recipe.scan, checkpoints=checkpoints))
        measure(session)
        assert f"accuracy_matched left out: {reason}" in capsys.readouterr().out.replace(
            "one checkpoint was scanned; ", ""
        )


def test_one_view_leaves_the_difference_open(session, capsys):
    session.recipe = replace(session.recipe, views=("cartesian",))
    measure(session)
    assert set(table(session, "values")["view"].to_pylist()) == {"cartesian"}
    assert not session.run.exists("measures/twins.parquet")
    row = findings(session)["weaker-grouping-log-polar"]
    assert row["effect"] is None
    assert "the run has no log_polar view" in row["conditions"][0]["reason"]
    assert "accuracy_matched left out: it compares both views, and the run has one" in capsys.readouterr().out


@pytest.mark.parametrize("kept", [True, False], ids=["imported", "without first weights"])
def test_without_an_untrained_network_the_reason_is_said(kept, session, capsys):
    view = "log_polar"
    if kept:
        Stage(session.run / view, "weights", {"file": "given"}).finish(
            1.0, weights=session.stages.train(view).fact("weights"), source="given.pth"
        )
    else:
        session.run.remove(f"{view}/{epoch_name(0)}.json")
    measure(session)
    networks = {(row["view"], row["network"]) for row in table(session, "grouping").to_pylist()}
    assert networks == {("cartesian", "trained"), ("cartesian", "untrained"), (view, "trained")}
    reason = findings(session)["strong-grouping-log-polar"]["conditions"][0]["reason"]
    assert "there is no untrained network: its " + ("weights were imported" if kept else "training kept no") in reason
    assert findings(session)["strong-grouping-log-polar"]["conditions"][1]["interval"] is not None


def test_checkpoints_give_the_difference_at_equal_accuracy(session):
    for view, top1 in (("cartesian", (20.0, 70.0)), ("log_polar", (40.0, 69.5))):
        data = weights_bytes(learner_of(replace(session.recipe, seed=7), view, 12, steps_per_epoch=10).network)
        (session.run / view).write_bytes(epoch_weights(1), data)
        vouch = {"epoch": 1, "weights": checksum(data), "training": session.stages.train(view).fingerprint}
        (session.run / view).write_json(f"{epoch_name(1)}.json", vouch)
        lines = [{"step": 10 * epoch, "epoch": float(epoch), "validation_top1": top1[epoch - 1]} for epoch in (1, 2)]
        (session.run / view).write_bytes("metrics.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines).encode())
    session.recipe = replace(session.recipe, scan=replace(session.recipe.scan, checkpoints="all"))
    measure(session)
    values = {
        tuple(row.values())[1:3]: row["value"] for row in table(session, "values").to_pylist() if "-" in row["view"]
    }
    # The finished networks are within a point of each other, so this is the plain difference.
    assert values["conv5_2", "grouping.G.lambda.accuracy_matched"] == pytest.approx(
        values["conv5_2", "grouping.G.lambda"]
    )
    assert "epoch 1" in table(session, "grouping")["network"].to_pylist()


def test_tolerance_is_measured_where_it_is_asked_for(session):
    """Its claims, numbers and tables come and go with the option; the others stay as they are."""
    before = findings(session)
    session.recipe = with_settings(session.recipe, {"measure.tolerance": True, "measure.tolerance-images": 2})
    measure(session)
    asked = findings(session)
    assert {name: asked[name] for name in before} == before
    assert set(asked) - set(before) == {"rotation-tolerance", "scale-tolerance", "central-use"}
    assert asked["scale-tolerance"]["images"] == 2
    assert len(table(session, "tolerance")) == 2 * (316 + 6 + 1)
    numbers = {row["measure"] for row in table(session, "values").to_pylist()}
    assert {"tolerance.top1", "tolerance.inversion", "tolerance.multi_fixation.gaze"} <= numbers
    assert {"tolerance.retention.rotation", "tolerance.retention.scale"} <= numbers
    kept = table(session, "retention").to_pylist()
    assert {row["median"] for row in kept if row["value"] == 0} == {1.0}
    turned = table(session, "equivariance").to_pylist()
    assert {(row["view"], row["padding"], row["own_padding"]) for row in turned} == {
        ("cartesian", "zeros", True),
        ("log_polar", "zeros", True),
        ("log_polar", "circular", False),
    }
    # Padded as a circle, nothing but pools can be in the way of a turn.
    rolled = [row["error"] for row in turned if row["padding"] == "circular" and row["layer"] == "conv1_1"]
    assert max(rolled) < 1e-5
    session.recipe = with_settings(session.recipe, {"measure.tolerance": False})
    measure(session)
    assert findings(session) == before
    assert not session.run.exists("measures/tolerance.parquet")
    assert not session.run.exists("measures/equivariance.parquet")
