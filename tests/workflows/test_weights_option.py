"""`--weights` imports a foreign network for one view, and never mixes it with a training."""

import argparse
import json
from dataclasses import replace

import pytest
import torch

from lp_core.errors import LogpolarError
from lp_core.network.vgg16 import VGG16
from lp_core.run.weights import FILE, load_network
from lp_core.storage import Storage
from workflows.cli import main
from workflows.config import stored_recipe
from workflows.session import Session
from workflows.stages import StageGraph
from workflows.train import train
from workflows.weights import import_weights


@pytest.fixture
def file(tmp_path, small_recipe) -> str:
    torch.manual_seed(0)
    torch.save({"state_dict": VGG16(12, small_recipe.network).state_dict()}, tmp_path / "given.pth")
    return str(tmp_path / "given.pth")


@pytest.fixture
def session(tmp_path, small_recipe) -> Session:
    return Session(replace(small_recipe, views=("cartesian",)), Storage.at(tmp_path / "run"))


def test_the_run_keeps_the_weights(session, file, small_recipe):
    import_weights(session, file)
    torch.manual_seed(0)
    expected = VGG16(12, small_recipe.network).state_dict()
    found = load_network(session.run / "cartesian", session.recipe.network, "cartesian", 12).state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert stored_recipe(session.run) == session.recipe
    assert session.trained("cartesian").weights in json.dumps(session.stages.scan("cartesian").inputs)


def test_the_same_weights_again_change_nothing(session, file):
    import_weights(session, file)
    before = (session.run / "cartesian").read_bytes("stages/weights.json")
    (session.run / "cartesian").remove(FILE)  # would be written anew
    import_weights(session, file)
    assert (session.run / "cartesian").read_bytes("stages/weights.json") == before
    assert not (session.run / "cartesian").exists(FILE)


def test_other_weights_are_never_mixed_in(session, file, tmp_path, small_recipe):
    import_weights(session, file)
    torch.save(VGG16(12, small_recipe.network).state_dict(), tmp_path / "other.pth")
    with pytest.raises(LogpolarError, match=r"holds a finished weights with other settings \(file: "):
        import_weights(session, str(tmp_path / "other.pth"))
    with pytest.raises(LogpolarError, match="view cartesian has weights of other origin"):
        train(session)


def test_a_training_is_not_written_over(session, file):
    StageGraph(session.recipe, session.run).train("cartesian").finish(1.0, weights="w")
    with pytest.raises(LogpolarError, match="holds a training of view cartesian"):
        import_weights(session, file)


def test_weights_are_for_one_view(session, file):
    session.recipe = replace(session.recipe, views=("cartesian", "log_polar"))
    with pytest.raises(LogpolarError, match="add --views cartesian or --views log_polar"):
        import_weights(session, file)


def test_weights_that_do_not_fit_leave_no_trace(session, file):
    session.recipe = replace(session.recipe, network=replace(session.recipe.network, width=1 / 8))
    with pytest.raises(LogpolarError, match=r"given\.pth: 'features\.0\.weight' .* give network\.width 0\.0625"):
        import_weights(session, file)
    assert not session.run.exists("config.json")
    assert not (session.run / "cartesian").exists(FILE)


def test_the_command_line_knows_the_option(tmp_path, toy_folder, capsys):
    given = ["--run", str(tmp_path / "r"), "--recipe", "demo", "--data.path", toy_folder, "--views", "cartesian"]
    with pytest.raises(SystemExit):
        main(["evaluate", *given, "--weights", str(tmp_path / "none.pth")])
    assert "none.pth does not exist" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", *given, "--weights", "none.pth"])
    assert "nrecognized" in capsys.readouterr().err


def test_the_set_that_is_taken_is_said_and_the_other_is_other_weights(session, tmp_path, small_recipe, capsys):
    state = VGG16(12, small_recipe.network).state_dict()
    average = {f"module.{name}": value + 1 for name, value in state.items()} | {"n_averaged": torch.tensor(3)}
    torch.save({"model": state, "model_ema": average, "args": argparse.Namespace(lr=0.1)}, tmp_path / "both.pth")
    place = str(tmp_path / "both.pth")
    import_weights(session, place)
    said = capsys.readouterr()
    assert f"took 'model'; for the other give {place}#model_ema" in said.out + said.err
    import_weights(session, f"{place}#model")  # the same
    with pytest.raises(LogpolarError, match="holds a finished weights with other settings"):
        import_weights(session, f"{place}#model_ema")
    other = Session(session.recipe, Storage.at(tmp_path / "other"))
    import_weights(other, f"{place}#model_ema")
    found = load_network(other.run / "cartesian", other.recipe.network, "cartesian", 12).state_dict()
    assert all(torch.equal(value, state[name] + 1) for name, value in found.items())
