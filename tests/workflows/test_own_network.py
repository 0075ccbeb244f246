"""`--own-network` takes a network of the user's own through evaluation, scan, features and `verify`."""

from dataclasses import replace

import pyarrow.compute as pc
import pytest
import torch

from lp_core.errors import LogpolarError
from lp_core.exemplars.table import read_exemplars
from lp_core.network.receptive_field import receptive_field
from lp_core.network.stack import Stack
from lp_core.settings import NetworkSettings
from lp_core.storage import Storage
from tasks.patches import compared_layer
from tasks.pieces import InProcess
from workflows.config import stored_recipe
from workflows.evaluate import evaluate
from workflows.measure import measure
from workflows.own_network import import_network
from workflows.report import report
from workflows.scan import scan
from workflows.session import Session
from workflows.train import train
from workflows.verify import verify
from workflows.visualize import visualize

MODULE = """
import torch
from torch import nn

def small():
    torch.manual_seed(0)
    features = nn.Sequential(
        nn.Conv2d(3, 8, 5, 2, 2, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(8, 6, 3, padding=1, groups=2), nn.ReLU(), nn.AvgPool2d(2, ceil_mode=True),
        nn.Conv2d(6, 4, 2), nn.ReLU(),
    )
    return nn.Sequential(features, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 12))

def other_classes():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 7))

def leaky():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.LeakyReLU(), nn.Flatten(), nn.Linear(3600, 12))

def grey():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 12))

class Sharing(nn.Module):
    def __init__(self):
        super().__init__()
        self.twice, self.last = nn.Conv2d(3, 3, 3), nn.Linear(3, 12)

    def forward(self, x):
        x = torch.relu(self.twice(torch.relu(self.twice(x))))
        return self.last(x.mean((2, 3)))

def sharing():
    return Sharing()

def needs(width):
    return nn.Conv2d(3, width, 3)

def a_class():
    return nn.Conv2d

def number():
    return 7

def broken():
    return nn.Conv2d(3)
"""

TWO_LAYERS = "a Conv2d 3 4 3 1 1 1 1; a.relu ReLU; b Conv2d 4 4 3 1 1 1 1; b.relu ReLU; c Flatten; d Linear 64 2"


@pytest.fixture
def session(tmp_path, small_recipe, monkeypatch) -> Session:
    """A log-polar run; the user's module is in the current folder."""
    (tmp_path / "nets_of_a_test.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    recipe = replace(small_recipe, views=("log_polar",))
    return Session(recipe, Storage.at(tmp_path / "run"), given_executor=InProcess())


@pytest.mark.parametrize("given", [False, True])
def test_a_network_of_ones_own_is_scanned_drawn_and_verified(session, tmp_path, monkeypatch, capsys, given):
    file = None
    if given:
        import importlib

        monkeypatch.syspath_prepend(str(tmp_path))
        made = importlib.import_module("nets_of_a_test").small()
        torch.manual_seed(5)
        for value in made.parameters():
            torch.nn.init.normal_(value, 0, 0.2)
        file = str(tmp_path / "own.pth")
        torch.save(
            {"epoch": 3, "state_dict": {f"module.{name}": value for name, value in made.state_dict().items()}}, file
        )
    import_network(session, "nets_of_a_test:small", file)
    stored = stored_recipe(session.run)
    assert stored == session.recipe
    assert session.recipe.visualize.layers == ("0.7",)
    later = Session(stored, session.run, given_executor=InProcess())  # knows nothing of the user's code
    evaluate(later)
    scan(later)
    table = read_exemplars(session.run / "log_polar")
    assert dict.fromkeys(table["layer"].to_pylist()) == dict.fromkeys(["0.0", "0.4", "0.7"])
    assert len(table) == 9 * (8 + 6 + 4)
    height = pc.subtract(table["rf_bottom"], table["rf_top"]).filter(pc.equal(table["layer"], "0.7")).drop_null()
    made_again = later.trained("log_polar")
    assert set(height.to_pylist()) == {receptive_field("0.7", _architecture(made_again)).size}
    visualize(later)
    capsys.readouterr()
    verify(later)
    assert "bit for bit" in capsys.readouterr().out
    with pytest.raises(LogpolarError, match="weights of other origin"):
        train(later)


def _architecture(trained):
    from tasks.networks import kept_network

    return Stack.of(kept_network(trained)[0]).architecture


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ("other_classes", "network nets_of_a_test:other_classes: it tells 7 classes apart, the data set has 12"),
        ("leaky", "network nets_of_a_test:leaky: 1 is LeakyReLU, which is not computed"),
        ("grey", "network nets_of_a_test:grey: 0 reads 1 channels; photographs have 3, grey ones too"),
        ("sharing", "network nets_of_a_test:sharing: twice is applied 2 times; give each place a module of its own"),
        ("needs", r"needs\(\) missing 1 required positional argument: 'width'"),
        ("a_class", "the function returns a type, not a torch.nn.Module"),
        ("number", "the function returns a int, not a torch.nn.Module"),
        ("broken", r"nets_of_a_test.py, line \d+: TypeError"),
        ("missing", "has no function missing"),
    ],
)
def test_what_is_no_such_network_is_refused_in_one_line(session, function, says):
    with pytest.raises(LogpolarError, match=says) as error:
        import_network(session, f"nets_of_a_test:{function}", None)
    assert "\n" not in str(error.value)
    assert not session.run.exists("config.json")


def test_weights_that_do_not_fit_are_named(session, tmp_path):
    torch.save({"0.0.weight": torch.zeros(8, 3, 3, 3)}, tmp_path / "w.pth")
    with pytest.raises(
        LogpolarError, match=r"--weights .*'0\.0\.weight' is \[8, 3, 3, 3\], the network has \[8, 3, 5, 5\]"
    ):
        import_network(session, "nets_of_a_test:small", str(tmp_path / "w.pth"))
    torch.save({"conv.weight": torch.zeros(8, 3, 3, 3)}, tmp_path / "w.pth")
    with pytest.raises(
        LogpolarError, match=r"'0\.0\.weight' of the network is missing; the first names found are 'conv"
    ):
        import_network(session, "nets_of_a_test:small", str(tmp_path / "w.pth"))


@pytest.mark.parametrize("depth", [11, 19])
def test_other_vggs_are_scanned_drawn_and_verified(session, tmp_path, capsys, depth):
    from lp_core.network.initialization import first_network
    from workflows.weights import import_weights

    session.recipe = replace(session.recipe, network=replace(session.recipe.network, depth=depth))
    made = first_network(session.recipe.network, "log_polar", 12, 1)
    torch.save(made.state_dict(), tmp_path / "vgg.pth")
    import_weights(session, str(tmp_path / "vgg.pth"))
    scan(session)
    visualize(session)
    capsys.readouterr()
    verify(session)
    assert "bit for bit" in capsys.readouterr().out


def test_a_checkpoint_with_batch_normalisation_is_folded_and_said_so(session, tmp_path, capsys):
    import torchvision

    from lp_core.run.weights import load_network
    from workflows.weights import import_weights

    torch.manual_seed(2)
    plan = [step if step == "M" else int(step) // 16 for step in torchvision.models.vgg.cfgs["D"]]
    theirs = torchvision.models.VGG(torchvision.models.vgg.make_layers(plan, True), 12)
    theirs.avgpool = torch.nn.AdaptiveAvgPool2d(1)
    sizes = [32, 256, 256, 12]
    for index, number in enumerate((0, 3, 6)):
        theirs.classifier[number] = torch.nn.Linear(sizes[index], sizes[index + 1])
    x = torch.randn(8, 3, 32, 32)
    theirs.train()(x)  # statistics that are not those of the beginning
    torch.save(theirs.state_dict(), tmp_path / "bn.pth")
    import_weights(session, str(tmp_path / "bn.pth"))
    assert "13 batch normalisations are folded into the convolutions, equal to 1e-5" in capsys.readouterr().out
    ours = load_network(session.run / "log_polar", session.recipe.network, "log_polar", 12)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs.eval()(x), rtol=1e-5, atol=1e-5)


def test_its_pictures_and_tolerance_are_measured_and_reported(session, capsys):
    measured = replace(session.recipe.measure, samples=19, lesion=False, sanity=True, tolerance=True, sanity_channels=1)
    session.recipe = replace(session.recipe, measure=measured)
    import_network(session, "nets_of_a_test:small", None)
    later = Session(stored_recipe(session.run), session.run, given_executor=InProcess())
    evaluate(later)
    scan(later)
    visualize(later)
    measure(later)
    report(later)
    table = session.run.read_table("measures/pictures.parquet")
    assert list(dict.fromkeys(table["layer"].to_pylist())) == ["0.0", "0.4", "0.7"]
    depths = {row["layer"]: row["depth"] for row in table.to_pylist() if row["test"] == "random"}
    assert depths == {"0.0": 1, "0.4": 2, "0.7": 3}
    page = (session.run / "report").read_bytes("index.html").decode()
    assert all(f'src="../log_polar/sanity/{layer}/' in page for layer in depths)
    assert "Activation of 0.7 by distance from the fixation" in page
    assert "channels at the 10th, 50th and 90th percentile of G in\n    0.7." in page


@pytest.mark.parametrize(("given", "expected"), [({"depth": 11}, "conv5_2"), ({"modules": TWO_LAYERS}, "b")])
def test_patches_are_of_the_specifications_layer_or_the_last_one(given, expected):
    assert compared_layer(NetworkSettings(**given)) == expected
