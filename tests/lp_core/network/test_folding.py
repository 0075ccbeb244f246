"""`folding` puts batch normalisation into the convolution before it, and torchvision's names with it."""

import pytest
import torch
import torchvision
from torch import nn

from lp_core.network.folding import folded_tensors
from tests.reference.stacks import random_norm


def _with_norms(depth: int) -> nn.Module:
    torch.manual_seed(depth)
    plan = [step if step == "M" else int(step) // 32 for step in torchvision.models.vgg.cfgs[{11: "A", 16: "D"}[depth]]]
    network = torchvision.models.VGG(torchvision.models.vgg.make_layers(plan, True), 5, init_weights=False)
    network.classifier = nn.Sequential(nn.Linear(16 * 49, 5))
    for index, module in enumerate(network.features):
        if isinstance(module, nn.BatchNorm2d):
            network.features[index] = random_norm(module.num_features)
    return network.eval()


@pytest.mark.parametrize("depth", [11, 16])
def test_a_vgg_with_norms_becomes_one_without_to_1e_5(depth: int) -> None:
    network = _with_norms(depth)
    tensors, count = folded_tensors(network.state_dict())
    assert count == depth - 3
    plan = [step if step == "M" else int(step) // 32 for step in torchvision.models.vgg.cfgs[{11: "A", 16: "D"}[depth]]]
    plain = torchvision.models.VGG(torchvision.models.vgg.make_layers(plan), 5, init_weights=False)
    plain.classifier = nn.Sequential(nn.Linear(16 * 49, 5))
    plain.load_state_dict(tensors)  # strict: every name is there, and no other
    x = torch.randn(4, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(plain.eval()(x), network(x), rtol=1e-5, atol=1e-5)


def test_weights_without_norms_stay_as_they_are() -> None:
    tensors = {"features.0.weight": torch.ones(2, 3, 3, 3), "features.0.bias": torch.ones(2)}
    assert folded_tensors(tensors) == (tensors, 0)


def test_a_convolution_without_bias_gets_one() -> None:
    torch.manual_seed(1)
    network = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), random_norm(4)).double().eval()
    tensors, _ = folded_tensors(network.state_dict())
    x = torch.randn(1, 3, 9, 9, dtype=torch.float64)
    found = nn.functional.conv2d(x, tensors["0.weight"], tensors["0.bias"])
    torch.testing.assert_close(found, network(x).detach(), rtol=1e-12, atol=1e-12)


def test_a_norm_elsewhere_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'features\.3\.running_mean' is of a batch normalisation not right behind"):
        folded_tensors(nn.ModuleDict({"features": nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.ReLU(),
                                                                 nn.BatchNorm2d(2))}).state_dict())  # fmt: skip
    with pytest.raises(ValueError, match=r"'1\.running_var' is missing beside"):
        folded_tensors({"0.weight": torch.ones(2, 3, 3, 3), "1.running_mean": torch.zeros(2)})
