"""`weights_file` reads torchvision's, the original authors' and our own files, and explains what it refuses."""

import argparse
import io
import pathlib
from dataclasses import replace

import numpy as np
import pytest
import torch
import torchvision
from torchvision.models import VGG16_Weights

from lp_core.errors import LogpolarError
from lp_core.network.vgg16 import VGG16
from lp_core.run.checkpoint import Checkpoint, save_checkpoint
from lp_core.run.weights import network_with, weights_bytes
from lp_core.run.weights_file import read_weights
from lp_core.storage import Storage
from tasks.from_recipe import learner_of


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
    learner = learner_of(small_recipe, "cartesian", 12, steps_per_epoch=10)
    save_checkpoint(Storage.at(tmp_path), Checkpoint(3, learner.state(), {}), keep=1)
    tensors = read_weights(str(tmp_path / "step-000000003.safetensors")).tensors
    assert_same(dict(sorted(tensors.items())), _sorted(learner.network))


def test_half_precision_is_widened(network, small_recipe, tmp_path):
    found = read(tmp_path, pickled({name: value.half() for name, value in network.state_dict().items()}))
    whole = network_with(found, small_recipe.network, "cartesian", 12, "here")
    assert whole.features[0].weight.dtype == torch.float32


def test_the_text_changes_with_the_file(network, tmp_path):
    texts = set()
    for shift in (0.0, 1.0, 0.0):
        with torch.no_grad():
            network.classifier[6].bias.fill_(shift)
        (tmp_path / "w").write_bytes(weights_bytes(network))
        texts.add(read_weights(str(tmp_path / "w"))[1])
    assert len(texts) == 2


def as_torchvisions_script_saves(network) -> dict:
    """With its options, an average, and numbers as numpy returns them."""
    average = torch.optim.swa_utils.AveragedModel(network)
    with torch.no_grad():
        average.module.classifier[6].bias.fill_(7)
    return {
        "model": network.state_dict(),
        "optimizer": torch.optim.SGD(network.parameters(), 0.1, momentum=0.9).state_dict(),
        "epoch": 89,
        "args": argparse.Namespace(data_path=pathlib.Path("/data"), lr=np.float64(0.1), seed=np.int64(3), norm=None),
        "best": np.float32(71.5),
        "random": np.random.default_rng(0).bytes(3),
        "history": np.arange(3.0),
        "model_ema": average.state_dict(),
        "out": pathlib.PureWindowsPath("x"),
    }


@pytest.mark.parametrize("zipped", [True, False])
def test_torchvisions_training_script(network, tmp_path, zipped):
    content = pickled(as_torchvisions_script_saves(network), _use_new_zipfile_serialization=zipped)
    assert_same(read(tmp_path, content), network)


def test_numbers_of_numpy_before_2(network, tmp_path):
    content = pickled(as_torchvisions_script_saves(network), _use_new_zipfile_serialization=False)
    old = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert old != content
    assert_same(read(tmp_path, old), network)


def test_of_an_average_and_the_training_the_latter_is_taken_and_the_other_offered(network, tmp_path):
    (tmp_path / "file").write_bytes(pickled(as_torchvisions_script_saves(network)))
    place = str(tmp_path / "file")
    usual, average, named = (read_weights(place + end) for end in ("", "#model_ema", "#model"))
    assert usual.remark == f"took 'model'; for the other give {place}#model_ema"
    assert average.remark == f"took 'model_ema', a moving average; for the other give {place}#model"
    assert_same(usual.tensors, network)
    assert (average.tensors["classifier.6.bias"] == 7).all()
    assert list(average.tensors) == list(usual.tensors)
    assert usual.identity == named.identity == average.identity.removesuffix("#model_ema") != average.identity
    with pytest.raises(LogpolarError, match=r"holds no set of weights 'student'; give .*file#model, .*file#model_ema"):
        read_weights(place + "#student")


@pytest.mark.parametrize("around", [{}, {"trainer": ...}])
def test_an_optimizer_that_goes_by_names_is_no_network(network, tmp_path, around):
    state = {"exp_avg": with_prefix("", network), "step": {"features.0.weight": torch.ones(1)}}
    optimizer = {"trainer": {"optimizer": state}} if around else {"optim_state": state}
    assert_same(read(tmp_path, pickled({**optimizer, "net": network.state_dict()})), network)


def test_an_average_alone_is_taken_and_said(network, tmp_path):
    average = torch.optim.swa_utils.AveragedModel(network)
    assert_same(read(tmp_path, pickled(average.state_dict())), network)  # with n_averaged
    (tmp_path / "ema").write_bytes(pickled({"state_dict_ema": network.state_dict()}))
    found = read_weights(str(tmp_path / "ema"))
    assert found.remark == "took 'state_dict_ema', a moving average"
    assert "#" not in found.identity


def with_prefix(prefix: str, network) -> dict:
    return {prefix + name: value for name, value in network.state_dict().items()}


@pytest.mark.parametrize("prefix", ["model.", "net.backbone.", "_forward_module.model.", "module._orig_mod.", "x."])
def test_any_prefix_common_to_all_names(network, tmp_path, prefix):
    lightning = {
        "epoch": 3,
        "global_step": 100,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": with_prefix(prefix, network) | {"accuracy.total": torch.tensor(3)},
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.5), "kth_value": torch.tensor([0.5])}},
        "optimizer_states": [{"state": {0: {"momentum_buffer": torch.zeros(3)}}}],
        "hyper_parameters": {"lr": 0.1},
    }
    assert_same(read(tmp_path, pickled(lightning)), network)
    assert_same(read(tmp_path, pickled(with_prefix(prefix, network))), network)


def test_what_lies_beside_the_network_is_left_out_only_when_asked(network, tmp_path):
    (tmp_path / "file").write_bytes(pickled({"state_dict": with_prefix("model.", network) | {"loss.w": torch.ones(2)}}))
    place = str(tmp_path / "file")
    with pytest.raises(
        LogpolarError, match=r"holds 'state_dict\.loss\.w' beside the network; .* .*file#state_dict\.model"
    ):
        read_weights(place)
    for end in ("#model", "#state_dict.model", "#state_dict"):
        assert_same(read_weights(place + end).tensors, network)


def test_several_networks_are_a_choice(network, tmp_path):
    content = {"state_dict": with_prefix("teacher.", network) | with_prefix("student.", network)}
    (tmp_path / "file").write_bytes(pickled(content))
    place = str(tmp_path / "file")
    with pytest.raises(
        LogpolarError, match=r"2 sets .* choose one: .*file#state_dict\.student, .*file#state_dict\.teacher"
    ):
        read_weights(place)
    assert_same(read_weights(place + "#student").tensors, network)


def test_a_file_whose_name_has_the_sign_of_a_choice(network, tmp_path):
    (tmp_path / "run#2.pth").write_bytes(pickled({"model": network.state_dict()}))
    assert_same(read_weights(str(tmp_path / "run#2.pth")).tensors, network)
    assert_same(read_weights(str(tmp_path / "run#2.pth") + "#model").tensors, network)


def test_timms_names_and_kernels(tmp_path, small_recipe):
    network = VGG16(12, replace(small_recipe.network, pool=7))
    state, x = network.state_dict(), torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    timm = {name: value for name, value in state.items() if name.startswith("features.")}
    for old, new, kernel in ((0, "pre_logits.fc1", 7), (3, "pre_logits.fc2", 1), (6, "head.fc", 0)):
        weight = state[f"classifier.{old}.weight"]
        timm[f"{new}.weight"] = weight.reshape(len(weight), -1, kernel, kernel) if kernel else weight
        timm[f"{new}.bias"] = state[f"classifier.{old}.bias"]
    found = read(tmp_path, pickled({"arch": "vgg16", "state_dict": timm, "args": argparse.Namespace(model="vgg16")}))
    assert_same(found, network)
    # timm computes convolutions: the result is that of our linear layers.
    with torch.inference_mode():
        y = network.eval().features(x)
        for name in ("pre_logits.fc1", "pre_logits.fc2"):
            y = torch.relu(torch.nn.functional.conv2d(y, timm[f"{name}.weight"], timm[f"{name}.bias"]))
        y = torch.nn.functional.linear(y.flatten(1), timm["head.fc.weight"], timm["head.fc.bias"])
        torch.testing.assert_close(y, network_with(
            found, replace(small_recipe.network, pool=7), "cartesian", 12, "here").eval()(x))  # fmt: skip


def test_a_missing_file_meets_the_nearest_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LogpolarError, match="does not exist; did you mean torchvision's IMAGENET1K_V1"):
        read_weights("IMAGENET1K_V2")
    with pytest.raises(LogpolarError, match=r"none\.pth does not exist$"):
        read_weights("none.pth")


def test_published_weights_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody listens
    with pytest.raises(LogpolarError, match=r"could not fetch https://.*vgg16-397923af\.pth .*give the file"):
        read_weights("IMAGENET1K_V1")


def test_published_weights_from_torchvisions_cache(network, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    (cache / "vgg16-397923af.pth").write_bytes(pickled(network.state_dict()))
    found = read_weights("IMAGENET1K_V1")
    assert_same(found.tensors, network)
    assert found.identity == VGG16_Weights.IMAGENET1K_V1.url


def test_other_networks_are_told_with_what_to_do(network, small_recipe):
    def message(tensors, classes=12, **changes):
        settings = replace(small_recipe.network, **changes)
        with pytest.raises(LogpolarError) as error:
            network_with(tensors, settings, "cartesian", classes, "F")
        return str(error.value)

    state = network.state_dict()
    assert "'features.0.weight' is [4, 3, 3, 3]" in message(state, width=1.0)
    assert message(state, width=1.0).endswith("; give network.width 0.0625")
    assert message(state, pool=7).endswith("; give network.pool 1")
    whole = {**state, "classifier.0.weight": torch.zeros(len(state["classifier.0.weight"]), 5)}
    assert "give another network.pool" in message(whole, pool=7)
    assert message(state, pool=7, width=0.5).endswith("; give network.width 0.0625, network.pool 1")
    assert "they tell 12 classes apart, the data set has 100" in message(state, classes=100)
    assert "'classifier.6.bias' is missing" in message({n: v for n, v in state.items() if n != "classifier.6.bias"})
    assert "'more' is in none" in message({**state, "more": torch.zeros(1)})
    quantized = {**state, "features.0.weight": state["features.0.weight"].to(torch.int8)}
    assert "'features.0.weight' holds torch.int8; give weights in floating point" in message(quantized)


@pytest.mark.parametrize(
    ("depth", "says"),
    [
        ("vgg11", "are VGG-11's, of 8 convolutions, the network of these settings has 13; give network.depth 11"),
        ("vgg13", "are VGG-13's, of 10 convolutions, the network of these settings has 13; give network.depth 13"),
        ("vgg19", "are VGG-19's, of 16 convolutions, the network of these settings has 13; give network.depth 19"),
        ("vgg11", "; give network.depth 11, network.width 1, network.pool 7"),
        ("alexnet", "'features.0.weight' is [64, 3, 11, 11], the network of these settings has [4, 3, 3, 3]"),
    ],
)
def test_another_depth_is_named(small_recipe, depth, says):
    with torch.device("meta"):
        tensors = torchvision.models.get_model(depth).state_dict()
    with pytest.raises(LogpolarError) as error:
        network_with(tensors, small_recipe.network, "cartesian", 12, "F")
    assert says in str(error.value)
    assert "\n" not in str(error.value)
