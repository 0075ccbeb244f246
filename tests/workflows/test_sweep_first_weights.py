"""A sweep with `--init-weights` or `--own-network`: one beginning and one network for all runs, checked first."""

import subprocess

import pytest
import torch

from lp_core.errors import LogpolarError, SettingError
from lp_core.network.construction import constructed
from lp_core.run.files import FIRST_WEIGHTS
from lp_core.run.sweep_plan import SweepPlan
from lp_core.storage import Storage
from workflows.cell_process import CellProcess
from workflows.first_weights import read_first_weights
from workflows.recipes import demo
from workflows.sweep import first_weights_file, write_plan
from workflows.sweep_command import sweep_command

MODULE = """
from torch import nn

def small():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(4, 12),
    )

def seven():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 7))
"""
NAME = "swept_nets_of_a_test"


def asked(folder, *words):
    return sweep_command("about", ["--recipe", "demo", "--run", str(folder / "sweep"), *words])


@pytest.fixture
def file(tmp_path) -> str:
    torch.manual_seed(1)
    torch.save(constructed(demo().network, "cartesian", 7).state_dict(), tmp_path / "given.pth")
    return str(tmp_path / "given.pth")


def test_the_plan_keeps_the_beginning_by_its_content(tmp_path, file):
    command = asked(tmp_path, "--init-weights", file)
    assert SweepPlan.from_dict(command.plan.to_dict(), "here") == command.plan
    assert "first_weights" not in SweepPlan(demo()).to_dict()
    write_plan(command)
    moved = str(tmp_path / "moved.pth")
    (tmp_path / "moved.pth").write_bytes((tmp_path / "given.pth").read_bytes())
    for words in ((), ("--init-weights", moved)):
        assert asked(tmp_path, *words).plan.first_identity == command.plan.first_identity
    torch.save(constructed(demo().network, "cartesian", 7).state_dict(), tmp_path / "other.pth")
    with pytest.raises(
        SettingError, match=r"would begin with .*other\.pth, but those of the folder's sweep began with"
    ):
        asked(tmp_path, "--init-weights", str(tmp_path / "other.pth"))


def test_a_sweep_of_random_beginnings_takes_no_other(tmp_path, file):
    write_plan(asked(tmp_path))
    with pytest.raises(SettingError, match="began with other ones, random weights"):
        asked(tmp_path, "--init-weights", file)


def test_given_weights_are_no_untrained_control(tmp_path, file):
    with pytest.raises(SettingError, match=r"given\.pth, so epoch 0 is no control untrained; leave it out"):
        asked(tmp_path, "--init-weights", file, "--controls", "untrained")


def test_all_runs_begin_with_the_sweeps_own_copy(tmp_path, file, monkeypatch):
    command = asked(tmp_path, "--init-weights", file)
    data = first_weights_file(command)
    command.folder.write_bytes(FIRST_WEIGHTS, data)
    assert first_weights_file(command) is None
    copy = command.folder.path(FIRST_WEIGHTS)
    mine, theirs = (read_first_weights(command.plan.base, 12, source) for source in (copy, file))
    assert mine.anew == theirs.anew == "classifier.6"
    assert all(torch.equal(mine.tensors[name], value) for name, value in theirs.tensors.items())
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda words, **others: started.append(words))
    CellProcess(command.plan.cells()[0], command.folder, "auto", {}, 0, until="report")
    assert started[0][-2:] == ["--init-weights", copy]


def test_depths_that_the_file_does_not_fit_are_refused_before_anything_starts(tmp_path, file):
    with pytest.raises(LogpolarError, match=r"--init-weights .*given\.pth: the weights are VGG-16's"):
        first_weights_file(asked(tmp_path, "--init-weights", file, "--vary", "network.depth=16,11"))
    assert first_weights_file(asked(tmp_path, "--vary", "network.depth=16,11")) is None


def test_a_network_of_ones_own_is_swept(tmp_path, monkeypatch):
    (tmp_path / f"{NAME}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    command = asked(tmp_path, "--own-network", f"{NAME}:small", "--seeds", "2")
    assert all("5 Dropout 500000" in cell.recipe.network.modules for cell in command.plan.cells())
    assert first_weights_file(command) is None
    write_plan(command)
    assert asked(tmp_path).plan == command.plan  # later starts need no code
    for name in ("network.width=0.5,1", "network.modules=a,b"):
        with pytest.raises(SettingError, match=r"network\.\w+ is varied"):
            asked(tmp_path, "--own-network", f"{NAME}:small", "--vary", name)
    with pytest.raises(SettingError, match="the network tells 7 classes apart, the data set has 12"):
        first_weights_file(asked(tmp_path / "other", "--own-network", f"{NAME}:seven"))


def test_a_network_of_ones_own_begins_with_folded_weights(tmp_path, monkeypatch):
    (tmp_path / f"{NAME}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    given = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, bias=False), torch.nn.BatchNorm2d(4))
    names = {f"{name}": value for name, value in given.state_dict().items()}
    torch.save(names | {"6.weight": torch.ones(9, 4), "6.bias": torch.ones(9)}, tmp_path / "own.pth")
    command = asked(tmp_path, "--own-network", f"{NAME}:small", "--init-weights", str(tmp_path / "own.pth"))
    Storage.at(tmp_path).write_bytes("copy.safetensors", first_weights_file(command))
    first = read_first_weights(command.plan.base, 12, str(tmp_path / "copy.safetensors"))
    assert (set(first.tensors), first.anew) == ({"0.weight", "0.bias"}, "6")
