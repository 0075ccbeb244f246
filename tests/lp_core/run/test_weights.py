"""`weights` survive the file; files of other networks are refused."""

from dataclasses import replace

import pytest
import torch
import torchvision

from lp_core.errors import LogpolarError
from lp_core.network.vgg16 import VGG16
from lp_core.run.weights import FILE, fitted_settings, load_network, load_weights, weights_bytes
from lp_core.settings import NetworkSettings
from lp_core.storage import Storage


@pytest.fixture
def folder(tmp_path, small_recipe):
    storage = Storage.at(tmp_path)
    torch.manual_seed(0)
    storage.write_bytes(FILE, weights_bytes(VGG16(12, small_recipe.network, "log_polar")))
    return storage


def test_weights_survive_the_file(folder, small_recipe):
    torch.manual_seed(0)
    expected = VGG16(12, small_recipe.network, "log_polar").state_dict()
    found = load_network(folder, small_recipe.network, "log_polar", 12).state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_other_networks_weights_are_refused(folder, small_recipe):
    wider = replace(small_recipe.network, width=1 / 8)
    with pytest.raises(
        LogpolarError, match=r"'features\.0\.weight' is \[4, 3, 3, 3\], the network of these settings has"
    ):
        load_network(folder, wider, "log_polar", 12)
    with pytest.raises(LogpolarError, match=r"classifier\.6\.weight"):
        load_network(folder, small_recipe.network, "log_polar", 13)


def test_a_file_that_is_no_weights_is_refused(folder, small_recipe):
    folder.write_bytes(FILE, b"\x80\x04pickle")
    with pytest.raises(LogpolarError, match="not a safetensors file"):
        load_network(folder, small_recipe.network, "log_polar", 12)
    folder.remove(FILE)
    with pytest.raises(LogpolarError, match="does not exist"):
        load_network(folder, small_recipe.network, "log_polar", 12)


@pytest.mark.parametrize(
    ("depth", "width", "pool", "classes"),
    [(16, 1 / 16, 1, 12), (11, 1 / 8, 2, 3), (13, 1 / 16, 2, 12), (19, 1 / 4, 3, 100)],
)
def test_weights_tell_depth_width_pool_and_classes(depth, width, pool, classes):
    settings = NetworkSettings(depth=depth, width=width, pool=pool, angle_padding="circular")
    with torch.device("meta"):
        tensors = VGG16(classes, settings, "log_polar").state_dict()
    other = NetworkSettings(angle_padding="circular")
    assert fitted_settings(tensors, other) == (settings, classes)


def test_what_is_no_vgg_tells_nothing():
    assert fitted_settings({"fc.weight": torch.zeros(3, 4)}, NetworkSettings()) == (NetworkSettings(), 1)


def test_batch_normalisation_is_folded_into_a_network_of_any_depth(tmp_path):
    torch.manual_seed(0)
    plan = [step if step == "M" else int(step) // 16 for step in torchvision.models.vgg.cfgs["A"]]
    theirs = torchvision.models.VGG(torchvision.models.vgg.make_layers(plan, True), 5)
    theirs.avgpool = torch.nn.AdaptiveAvgPool2d(1)
    for number, (inputs, outputs) in {0: (32, 256), 3: (256, 256), 6: (256, 5)}.items():
        theirs.classifier[number] = torch.nn.Linear(inputs, outputs)
    x = torch.randn(4, 3, 32, 32)
    theirs.train()(x)  # statistics that are not those of the beginning
    torch.save(theirs.state_dict(), tmp_path / "vgg11_bn.pth")
    ours = load_weights(str(tmp_path / "vgg11_bn.pth"), 5, NetworkSettings(depth=11, width=1 / 16, pool=1))
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs.eval()(x), rtol=1e-5, atol=1e-5)
