"""`weights_file` reads torchvision's, the original authors' and our own files, and explains what it refuses."""

import io
from dataclasses import replace

import pytest
import torch
from torchvision.models import VGG16_Weights

from lp_core.errors import SettingError
from lp_core.network.learner import Learner
from lp_core.network.vgg16 import VGG16
from lp_core.run.checkpoint import Checkpoint, save_checkpoint
from lp_core.run.weights import network_with, weights_bytes
from lp_core.run.weights_file import read_weights
from lp_core.storage import Storage


@pytest.fixture
def network(small_recipe):
    torch.manual_seed(0)
    return VGG16(12, small_recipe.network)


def read(tmp_path, content: bytes):
    file = tmp_path / "file"
    file.write_bytes(content)
    return read_weights(str(file))[0]


def pickled(value, **options) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def assert_same(found, network):
    expected = network.state_dict()
    assert list(found) == list(expected)
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_our_own_file_and_torchvisions_state_dict(network, tmp_path):
    assert_same(dict(sorted(read(tmp_path, weights_bytes(network)).items())), _sorted(network))
    assert_same(read(tmp_path, pickled(network.state_dict())), network)
    assert_same(read(tmp_path, pickled({"model": network.state_dict(), "epoch": 89})), network)


class _sorted:
    """A network whose names are in the order of safetensors files."""

    def __init__(self, network):
        self.state_dict = lambda: dict(sorted(network.state_dict().items()))


@pytest.mark.parametrize("zipped", [True, False])
def test_the_original_authors_checkpoint(network, tmp_path, zipped):
    # As pytorch/examples wrote it in 2018: DataParallel around `features` alone, files without the zip of today.
    network.features = torch.nn.DataParallel(network.features)
    state = {name: value.detach().clone() for name, value in network.state_dict().items()}
    assert "features.module.0.weight" in state
    optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9)
    content = {"epoch": 90, "arch": "vgg16", "state_dict": state, "best_prec1": torch.tensor(65.7)}
    content["optimizer"] = optimizer.state_dict()
    found = read(tmp_path, pickled(content, _use_new_zipfile_serialization=zipped))
    network.features = network.features.module
    assert_same(found, network)


def test_every_checkpoint_of_a_training(small_recipe, tmp_path):
    learner = Learner(small_recipe, "cartesian", 12, steps_per_epoch=10)
    torch.use_deterministic_algorithms(False)
    save_checkpoint(Storage.at(tmp_path), Checkpoint(3, learner.state(), {}), keep=1)
    tensors, _ = read_weights(str(tmp_path / "step-000000003.safetensors"))
    assert_same(dict(sorted(tensors.items())), _sorted(learner.network))


def test_half_precision_is_widened(network, small_recipe, tmp_path):
    found = read(tmp_path, pickled({name: value.half() for name, value in network.state_dict().items()}))
    whole = network_with(found, small_recipe, "cartesian", 12, "here")
    assert whole.features[0].weight.dtype == torch.float32


def test_the_text_changes_with_the_file(network, tmp_path):
    texts = set()
    for shift in (0.0, 1.0, 0.0):
        with torch.no_grad():
            network.classifier[6].bias.fill_(shift)
        (tmp_path / "w").write_bytes(weights_bytes(network))
        texts.add(read_weights(str(tmp_path / "w"))[1])
    assert len(texts) == 2


class _Harm:
    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xd8\xff\xe0 a photograph", r"neither a safetensors nor a PyTorch file; it starts with b'\\xff\\xd8"),
        (b"", "neither a safetensors nor a PyTorch file"),
        (pickled({"a": torch.zeros(100)})[:300], "not a whole PyTorch file"),
        (b"\x80\x02garbage", "not a whole PyTorch file"),
        (b"\x10\x00\x00\x00\x00\x00\x00\x00{garbage        ", "not a whole safetensors file"),
        (pickled(_Harm()), r"holds more than tensors \(.*print\), which is not run for safety"),
        (pickled([1, 2]), "holds a list, not named weights"),
        (pickled({"state_dict": {}}), "holds no tensors"),
        (pickled({"epoch": 3}), "'epoch' is a int, not a tensor"),
        (pickled({"features.0.weight": torch.tensor([float("nan")])}), "'features.0.weight' holds NaN"),
    ],
    ids=["jpeg", "empty", "cut", "pickle", "safetensors", "code", "list", "nothing", "numbers", "nan"],
)
def test_what_is_no_weights_is_told_in_a_line(tmp_path, content, says):
    with pytest.raises(SettingError, match=says) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)


def test_a_missing_file_meets_the_nearest_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError, match="does not exist; did you mean torchvision's IMAGENET1K_V1"):
        read_weights("IMAGENET1K_V2")
    with pytest.raises(SettingError, match=r"none\.pth does not exist$"):
        read_weights("none.pth")


def test_published_weights_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody listens
    with pytest.raises(SettingError, match=r"could not fetch https://.*vgg16-397923af\.pth .*give the file"):
        read_weights("IMAGENET1K_V1")


def test_published_weights_from_torchvisions_cache(network, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    (cache / "vgg16-397923af.pth").write_bytes(pickled(network.state_dict()))
    tensors, text = read_weights("IMAGENET1K_V1")
    assert_same(tensors, network)
    assert text == VGG16_Weights.IMAGENET1K_V1.url


def test_other_networks_are_told_with_what_to_do(network, small_recipe):
    def message(tensors, classes=12, **changes):
        recipe = replace(small_recipe, network=replace(small_recipe.network, **changes))
        with pytest.raises(SettingError) as error:
            network_with(tensors, recipe, "cartesian", classes, "--weights F")
        return str(error.value)

    state = network.state_dict()
    assert "'features.0.weight' is [4, 3, 3, 3]" in message(state, width=1.0)
    assert "give --network.width 0.0625" in message(state, width=1.0)
    assert "give another --network.pool" in message(state, pool=7)
    assert "they tell 12 classes apart, the data set has 100" in message(state, classes=100)
    assert "'classifier.6.bias' is missing" in message({n: v for n, v in state.items() if n != "classifier.6.bias"})
    assert "'more' is in none" in message({**state, "more": torch.zeros(1)})
    normalised = {"features.0.weight": state["features.0.weight"], "features.1.running_mean": torch.zeros(4)}
    assert "batch normalisation" in message(normalised)
