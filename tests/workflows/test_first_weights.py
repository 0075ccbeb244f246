"""`--init-weights`: a training begins with the weights of a file, whatever its name and kind, and says what it took."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from lp_core.errors import LogpolarError
from lp_core.findings.values import UNTRAINED
from lp_core.network.construction import constructed
from lp_core.network.initialization import first_network
from lp_core.run.files import FIRST_WEIGHTS
from lp_core.storage import Storage
from tests.tasks.in_process import carried, interrupted_after, trained
from workflows.absences import WITHOUT_UNTRAINED, possible_absences
from workflows.first_weights import import_first_weights
from workflows.repeat import commands
from workflows.session import Session
from workflows.train import train
from workflows.weights import import_weights

HEAD = ("classifier.6.weight", "classifier.6.bias")


@pytest.fixture
def session(tmp_path, small_recipe) -> Session:
    return Session(replace(small_recipe, views=("cartesian",)), Storage.at(tmp_path / "run"))


def given_file(session, path, classes=12, seed=5, **changes) -> dict[str, torch.Tensor]:
    """Write weights of a network like the session's; return them."""
    torch.manual_seed(seed)
    made = constructed(replace(session.recipe.network, **changes), "cartesian", classes).state_dict()
    torch.save(made, path)
    return made


def first_epoch(session) -> dict[str, torch.Tensor]:
    return load_file(session.run.path("cartesian/history/epoch_000.safetensors"))


@pytest.mark.parametrize("classes", [12, 7])
def test_a_training_begins_with_the_files_weights_and_a_random_last_layer_for_other_classes(
    session, tmp_path, capsys, classes
):
    given = given_file(session, tmp_path / "given.pth", classes)
    import_first_weights(session, str(tmp_path / "given.pth"))
    said = capsys.readouterr()
    head = "none anew" if classes == 12 else "classifier.6 starts anew, for its number of classes"
    layers = "16 layers are taken, classifier.0" if classes == 12 else "15 layers are taken, classifier.0"
    assert head in said.out + said.err
    assert layers.split()[0] + " layers are taken" in said.out + said.err
    trained(session.recipe, tmp_path / "run")
    random = first_network(session.recipe.network, "cartesian", 12, session.recipe.seed).state_dict()
    expected = given if classes == 12 else given | {name: random[name] for name in HEAD}
    found = first_epoch(session)
    assert set(found) == set(expected)
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_the_content_decides_not_the_name_or_kind_of_the_file(session, tmp_path):
    given = given_file(session, tmp_path / "a.pth")
    import_first_weights(session, str(tmp_path / "a.pth"))
    before = session.stages.train("cartesian").fingerprint
    manifest = (session.run / "cartesian").read_bytes("stages/first_weights.json")
    torch.save({"state_dict": {f"module.{name}": value for name, value in given.items()}}, tmp_path / "b.pth")
    save_file(given, tmp_path / "c.safetensors")
    for name in ("b.pth", "c.safetensors"):
        import_first_weights(session, str(tmp_path / name))
        assert (session.run / "cartesian").read_bytes("stages/first_weights.json") == manifest
    other = Session(session.recipe, Storage.at(tmp_path / "other"))
    assert other.stages.train("cartesian").fingerprint != before
    import_first_weights(other, str(tmp_path / "c.safetensors"))
    assert other.stages.train("cartesian").fingerprint == before
    given_file(session, tmp_path / "d.pth", seed=6)
    with pytest.raises(LogpolarError, match=r"began with other weights, of .*a\.pth; give these or another --run"):
        import_first_weights(session, str(tmp_path / "d.pth"))


def test_layers_are_named_in_the_order_of_the_network(session, tmp_path, capsys):
    given = given_file(session, tmp_path / "a.pth")
    torch.save(dict(sorted(given.items(), key=lambda named: named[1].numel())), tmp_path / "sorted.pth")
    import_first_weights(session, str(tmp_path / "sorted.pth"))
    said = capsys.readouterr()
    assert "16 layers are taken, features.0 to classifier.6; none anew" in said.out + said.err


def test_half_precision_is_widened(session, tmp_path):
    given = {name: value.half() for name, value in given_file(session, tmp_path / "a.pth").items()}
    torch.save(given, tmp_path / "half.pth")
    import_first_weights(session, str(tmp_path / "half.pth"))
    kept = load_file(session.run.path(f"cartesian/{FIRST_WEIGHTS}"))
    assert all(kept[name].dtype == torch.float32 and torch.equal(kept[name].half(), given[name]) for name in given)


def test_a_training_that_was_interrupted_ends_with_the_same_weights(session, tmp_path):
    given_file(session, tmp_path / "given.pth", 7)
    ends = []
    for name, stream in (("run", carried), ("broken", interrupted_after(13))):
        own = Session(session.recipe, Storage.at(tmp_path / name))
        import_first_weights(own, str(tmp_path / "given.pth"))
        if name == "broken":
            with pytest.raises(KeyboardInterrupt):
                trained(own.recipe, tmp_path / name, stream)
        trained(own.recipe, tmp_path / name)
        ends.append((own.run / "cartesian").read_bytes("weights.safetensors"))
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"width": 1 / 8}, r"--init-weights .*'features\.0\.weight' is \[8, .* give network\.width 0\.125"),
        ({"pool": 2}, r"--init-weights .*'classifier\.0\.weight' is .*; give network\.pool 2"),
        ({"depth": 11}, r"--init-weights .*weights are VGG-11's"),
    ],
)
def test_weights_of_another_shape_are_refused_by_name(session, tmp_path, changes, says):
    given_file(session, tmp_path / "given.pth", **changes)
    with pytest.raises(LogpolarError, match=says):
        import_first_weights(session, str(tmp_path / "given.pth"))
    assert not session.run.exists()


def test_missing_names_and_numbers_that_are_not_real_are_refused(session, tmp_path):
    given = given_file(session, tmp_path / "given.pth")
    torch.save({name: value for name, value in given.items() if name != "features.2.bias"}, tmp_path / "short.pth")
    with pytest.raises(LogpolarError, match=r"--init-weights .*'features\.2\.bias' is missing"):
        import_first_weights(session, str(tmp_path / "short.pth"))
    torch.save(given | {"features.2.bias": given["features.2.bias"].to(torch.int8)}, tmp_path / "whole.pth")
    with pytest.raises(LogpolarError, match=r"--init-weights .*'features\.2\.bias' holds torch\.int8"):
        import_first_weights(session, str(tmp_path / "whole.pth"))
    torch.save({name: value for name, value in given.items() if name not in HEAD}, tmp_path / "headless.pth")
    import_first_weights(session, str(tmp_path / "headless.pth"))
    assert session.stages.first_weights("cartesian").fact("anew") == "classifier.6"


def test_a_view_with_another_beginning_is_refused(session, tmp_path):
    file = str(tmp_path / "given.pth")
    given_file(session, file)
    session.stages.train("cartesian").finish(1.0, weights="w")
    with pytest.raises(LogpolarError, match="view cartesian began with random weights; give another --run"):
        import_first_weights(session, file)
    other = Session(session.recipe, Storage.at(tmp_path / "other"))
    import_weights(other, file)
    with pytest.raises(LogpolarError, match="view cartesian has weights that were not trained here"):
        import_first_weights(other, file)
    with pytest.raises(LogpolarError, match="weights of other origin"):
        train(other)


def test_epoch_0_does_not_pose_as_an_untrained_network(session, tmp_path):
    given_file(session, tmp_path / "given.pth")
    import_first_weights(session, str(tmp_path / "given.pth"))
    session.recipe = replace(session.recipe, scan=replace(session.recipe.scan, checkpoints="0"))
    trained(session.recipe, tmp_path / "run")
    assert session.stages.untrained("cartesian") is None
    networks = session.stages.networks("cartesian")
    assert UNTRAINED not in networks
    assert networks["epoch 0"] == (0, "none")
    reasons = {absence.measure: absence.reason for absence in possible_absences(session) if absence.measure}
    for measure in WITHOUT_UNTRAINED:
        assert "its training began with the weights of" in reasons[measure]
        assert "given.pth (--init-weights)" in reasons[measure]


def test_without_the_option_nothing_changes(session):
    trained(session.recipe, session.run.uri)
    assert "first_weights" not in session.stages.train("cartesian").inputs
    assert UNTRAINED in session.stages.networks("cartesian")


def test_the_commands_that_make_a_run_again_name_the_file(session):
    one = replace(session.recipe, data=replace(session.recipe.data, path=""))
    assert commands(one, {}, {"cartesian": "/a.pth"}).endswith("--init-weights /a.pth")
    both = replace(one, views=("cartesian", "log_polar"))
    lines = commands(both, {}, {"log_polar": "/a.pth"}).splitlines()
    assert lines[0].startswith("logpolar train")
    assert "--views log_polar" in lines[0]
    assert lines[0].endswith("--init-weights /a.pth")
    assert "--init-weights" not in lines[1]
