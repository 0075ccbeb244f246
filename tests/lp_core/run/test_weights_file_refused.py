"""`weights_file` runs no code that lies in a file, and explains in a line what is damaged or no weights."""

import argparse
import io
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from lp_core.errors import LogpolarError
from lp_core.network.vgg16 import VGG16
from tests.lp_core.run.test_weights_file import pickled, read


@pytest.fixture
def network(small_recipe):
    torch.manual_seed(0)
    return VGG16(12, small_recipe.network)


class _Harm:
    def __reduce__(self):
        return print, ("run",)


class _Command:
    def __reduce__(self):
        return os.system, ("touch harm",)


class _Inside(argparse.Namespace):
    """Pickled as the class that is let through, built from what is not."""

    def __reduce__(self):
        return argparse.Namespace, (), {"action": _Harm()}


class _Method:
    def __reduce__(self):
        return getattr, (argparse.Namespace(), "__class__")


@pytest.mark.parametrize(
    "harm", [_Harm(), _Command(), _Inside(), _Method(), argparse.HelpFormatter("x")], ids=lambda h: type(h).__name__
)
def test_code_is_refused_wherever_it_lies(network, tmp_path, capfd, harm, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for content in (
        harm,
        {"model": network.state_dict(), "args": harm},
        {"model": {**network.state_dict(), "x": harm}},
    ):
        with pytest.raises(LogpolarError, match=r"holds more than tensors \(.*\), which is not run for safety"):
            read(tmp_path, pickled(content))
    assert capfd.readouterr().out == ""
    assert not (tmp_path / "harm").exists()


def scripted() -> bytes:
    """What torch.jit.save writes, as far as torch.load looks."""
    file = io.BytesIO(pickled({}))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("archive/constants.pkl", b"")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xd8\xff\xe0 a photograph", r"neither a safetensors nor a PyTorch file; it starts with b'\\xff\\xd8"),
        (b"", "an empty file; download it again"),
        (pickled({"a": torch.zeros(100)})[:300], "not a whole PyTorch file"),
        (b"\x80\x02garbage", "not a whole PyTorch file"),
        (b"\x10\x00\x00\x00\x00\x00\x00\x00{garbage        ", "not a whole safetensors file"),
        (pickled(_Harm()), r"holds more than tensors \(.*print\), which is not run for safety"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 5\n", "Git LFS pointer .* `git lfs pull`"),
        (b"/annex/objects/SHA256E-s5--12.pth\n", "git-annex pointer .* `git annex get`"),
        (b"<!DOCTYPE html><html>Please log in", "a web page instead of the file; download it again"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file of Keras"),
        (b"\x1f\x8b\x08", "compressed with gzip; unpack it first"),
        (scripted(), "a TorchScript program, which is not run for safety; save its state_dict"),
        (
            pickled({"conv1.weight": torch.zeros(3), "bn1.running_mean": torch.zeros(3)}),
            "holds no VGG; the first names found are 'conv1.weight', 'bn1.running_mean', expected are "
            "'features.0.weight'",
        ),
        (
            pickled({"features.0.weight": torch.ones(1), "module.features.0.weight": torch.ones(1)}),
            "holds 'features.0.weight' twice",
        ),
        (pickled([1, 2]), "holds a list, not named weights"),
        (pickled({"state_dict": {}}), "holds no tensors"),
        (pickled({"epoch": 3}), "holds no tensors"),
        (pickled({"features.0.weight": torch.tensor([float("nan")])}), "'features.0.weight' holds NaN"),
    ],
    ids=[
        "jpeg",
        "empty",
        "cut",
        "pickle",
        "safetensors",
        "code",
        "lfs",
        "annex",
        "web page",
        "keras",
        "gzip",
        "script",
        "resnet",
        "twice",
        "list",
        "nothing",
        "numbers",
        "nan",
    ],
)
def test_what_is_no_weights_is_told_in_a_line(tmp_path, content, says):
    with pytest.raises(LogpolarError, match=says) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("place", [0.3, 0.5, 0.7])
def test_a_damaged_pytorch_file_is_refused(network, tmp_path, place):
    content = bytearray(pickled(network.state_dict()))
    content[int(len(content) * place)] ^= 1
    with pytest.raises(LogpolarError, match=r"damaged in archive/data/.*download it again"):
        read(tmp_path, bytes(content))


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (torch.Tensor.to_sparse, "is torch.sparse_coo"),
        (lambda value: value.to("meta"), "is meta"),
    ],
    ids=["sparse", "meta"],
)
def test_tensors_without_plain_values_are_refused(tmp_path, of, says):
    with pytest.raises(LogpolarError, match=f"'features.0.weight' {says}; save its values as a dense tensor"):
        read(tmp_path, pickled({"features.0.weight": of(torch.ones(2, 2))}))


def test_nobody_is_advised_to_run_a_pickle(tmp_path):
    with pytest.raises(LogpolarError, match="save its tensors as safetensors") as error:
        read(tmp_path, pickle.dumps({"features.0.weight": np.ones(3)}))
    assert "weights_only" not in str(error.value)
