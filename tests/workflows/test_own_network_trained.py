"""A network of the user's own is trained: from random weights of the run's seed, or from those of a file."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from lp_core.errors import LogpolarError
from lp_core.network.compute import training_operations
from lp_core.settings import NetworkSettings
from lp_core.storage import Storage
from tasks.pieces import InProcess
from tests.tasks.in_process import carried, interrupted_after, trained
from workflows.config import stored_recipe
from workflows.own_network import begin_with_network
from workflows.scan import scan
from workflows.session import Session
from workflows.train import train
from workflows.verify import verify
from workflows.visualize import visualize

MODULE = """
import torch
from torch import nn
from torch.nn import functional as F

def small(classes=12, norm=False):
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, 2, 2, bias=not norm), *([nn.BatchNorm2d(8)] if norm else []), nn.ReLU(), nn.Dropout(0.1),
        nn.MaxPool2d(3, 2), nn.Conv2d(8, 6, 3, padding=1, groups=2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, classes),
    )

def normed():
    return small(norm=True)

def seven():
    return small(7)

class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 8, 3, 2), nn.Linear(8, 12)

    def forward(self, x):
        x = F.dropout(F.relu(self.first(x)), 0.2, self.training)
        return self.last(F.dropout(F.adaptive_avg_pool2d(x, 1).flatten(1), training=self.training))

def functional():
    return Own()

def channels():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Dropout2d(0.5), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 12)
    )
"""
NAME = "trained_nets_of_a_test"


@pytest.fixture
def session(tmp_path, small_recipe, monkeypatch) -> Session:
    (tmp_path / f"{NAME}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    recipe = replace(small_recipe, views=("cartesian",))
    return Session(recipe, Storage.at(tmp_path / "run"), given_executor=InProcess())


def test_it_is_trained_scanned_drawn_and_verified(session, tmp_path, capsys):
    begin_with_network(session, f"{NAME}:small", None)
    assert "2 Dropout 100000" in session.recipe.network.modules
    session.write_config()
    trained(session.recipe, tmp_path / "run")
    later = Session(stored_recipe(session.run), session.run, given_executor=InProcess())  # knows no code of the user's
    train(later)
    assert "train cartesian: finished before" in capsys.readouterr().out
    scan(later)
    visualize(later)
    verify(later)
    assert "bit for bit" in capsys.readouterr().out


def test_random_weights_are_of_the_seed_alone(session, tmp_path):
    for name in ("a", "b", "c"):
        own = Session(replace(session.recipe, seed=int(name == "c")), Storage.at(tmp_path / name))
        begin_with_network(own, f"{NAME}:small", None)
        with pytest.raises(KeyboardInterrupt):
            trained(own.recipe, tmp_path / name, interrupted_after(1))
    a, b, c = (load_file(tmp_path / name / "cartesian/history/epoch_000.safetensors") for name in "abc")
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(a["0.weight"], c["0.weight"])


def test_units_drop_out_alike_in_one_part_and_in_many(session, tmp_path):
    begin_with_network(session, f"{NAME}:small", None)
    ends = []
    for part in (24, 7):
        recipe = replace(session.recipe, train=replace(session.recipe.train, micro_batch=part, epochs=1))
        trained(recipe, tmp_path / str(part), carried)
        ends.append(load_file(tmp_path / str(part) / "cartesian/weights.safetensors"))
    for name, value in ends[0].items():
        torch.testing.assert_close(value, ends[1][name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("function", ["small", "normed"])
def test_it_begins_with_the_weights_of_a_file(session, tmp_path, monkeypatch, function):
    import importlib

    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module(NAME)
    torch.manual_seed(3)
    given = module.small(7, function == "normed").eval()
    torch.save({"model": {f"module.{name}": value for name, value in given.state_dict().items()}}, tmp_path / "g.pth")
    begin_with_network(session, f"{NAME}:{function}", str(tmp_path / "g.pth"))
    with pytest.raises(KeyboardInterrupt):
        trained(session.recipe, tmp_path / "run", interrupted_after(1))
    began = load_file(tmp_path / "run/cartesian/history/epoch_000.safetensors")
    last = list(given._modules)[-1]
    assert session.stages.first_weights("cartesian").fact("anew") == last
    assert began[f"{last}.weight"].shape == (12, 16)
    x = torch.randn(2, 3, 32, 32)
    first = given[0](x) if function == "small" else given[1](given[0](x))
    ours = torch.nn.functional.conv2d(x, began["0.weight"], began["0.bias"], 2, 2)
    torch.testing.assert_close(ours, first, rtol=1e-4, atol=1e-4)


def test_functions_that_drop_out_train_as_modules_do(session):
    begin_with_network(session, f"{NAME}:functional", None)
    assert session.recipe.network.modules.count("Dropout") == 2
    assert "Dropout 200000" in session.recipe.network.modules
    assert "Dropout 500000" in session.recipe.network.modules


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ("seven", "the network tells 7 classes apart, the data set has 12"),
        ("channels", f"network {NAME}:channels: 2 is Dropout2d; a network that trains drops units alone: give Dropout"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(session, function, says):
    with pytest.raises(LogpolarError, match=says):
        begin_with_network(session, f"{NAME}:{function}", None)
    assert not session.run.exists()


def test_channels_are_not_paired_across_groups(session):
    session.recipe = replace(session.recipe, network=NetworkSettings(initialization="looks-linear"))
    with pytest.raises(LogpolarError, match="looks-linear, which pairs channels, but 4 has 2 groups; give variance"):
        begin_with_network(session, f"{NAME}:small", None)


def test_its_arithmetic_is_counted():
    network = NetworkSettings(
        modules="a Conv2d 4 6 3 1 1 1 2; a.relu ReLU; p MaxPool2d 2 2 0 1 0; f Flatten; b Linear 96 5"
    )
    convolution, linear = 8 * 8 * 6 * 2 * 9, 96 * 5
    assert training_operations(network, 5, 8) == 2 * (3 * (convolution + linear) - convolution)
