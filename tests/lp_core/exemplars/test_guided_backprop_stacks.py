"""`guided_backprop` equals captum and automatic differentiation on AlexNet, other VGGs and random stacks."""

import copy
import itertools
from typing import get_args

import pytest
import torch
from captum.attr import NeuronDeconvolution, NeuronGradient, NeuronGuidedBackprop
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import lp_core.exemplars.guided_backprop as guided
from lp_core.exemplars.crop import cut
from lp_core.exemplars.field_pixels import crop_suffices
from lp_core.exemplars.guided_backprop import guided_backprop, whole_image
from lp_core.network.receptive_field import map_shape, receptive_field
from lp_core.network.stack import Stack
from lp_core.settings import Rule
from tests.reference.stacks import NETWORKS, SIDES, network_of, plain_maps, stacks

RULES = get_args(Rule)
CAPTUM = {"guided": NeuronGuidedBackprop, "deconvnet": NeuronDeconvolution, "gradient": NeuronGradient}
EXACT = 1e-10
"""Relative to the largest gradient, in float64: folded batch normalisation rounds otherwise."""
Unit = tuple[int, int, int]


def is_near(found: Tensor, expected: Tensor) -> bool:
    assert found.shape == expected.shape
    return float((found - expected).abs().max()) <= EXACT * max(float(expected.abs().max()), 1e-6)


def by_differentiation(network: nn.Module, image_3SR: Tensor, number: int, unit: Unit, rule: str) -> Tensor:
    """Gradient [3, S, R] of a unit of one layer, by torch, through the modules as they are."""
    x = image_3SR[None].clone().requires_grad_()
    map_NCSR = plain_maps(network, x, rule)[number][1]
    seed = torch.zeros_like(map_NCSR)
    seed[(0, *unit)] = 1
    (gradient,) = torch.autograd.grad(map_NCSR, x, seed)
    return gradient[0]


def cropped(gradient_3SR: Tensor, stack: Stack, layer: str, unit: Unit) -> Tensor:
    box = receptive_field(layer, stack.architecture).box(*unit[1:])
    return torch.from_numpy(cut(gradient_3SR.numpy().transpose(1, 2, 0), box, wraps=False)[0].transpose(2, 0, 1))


def edge_units(map_CSR: Tensor) -> list[Unit]:
    """Units in corners, on edges and inside, of the channel that is most active there."""
    rows, cols = map_CSR.shape[1:]
    places = sorted({(0, 0), (0, cols // 2), (rows // 2, cols // 2), (rows - 1, cols - 1)})
    return [(int(map_CSR[:, row, col].argmax()), row, col) for row, col in places]


def check(network: nn.Module, shape_SR: tuple[int, int], number: int, rule: str, monkeypatch) -> None:
    """All ways to compute the units at the edges of a layer's map give torch's own gradient."""
    image_3SR = torch.randn(3, *shape_SR, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    stack = Stack.of(network)
    layer = list(stack.layers)[number]
    map_CSR = plain_maps(network, image_3SR[None])[number][1][0].detach()
    units = edge_units(map_CSR)
    x_N3SR = image_3SR.expand(len(units), -1, -1, -1)
    expected = [by_differentiation(network, image_3SR, number, unit, rule) for unit in units]
    active = torch.stack([map_CSR[unit] for unit in units])
    whole_N3SR, whole_activation_N = whole_image(network, x_N3SR, layer, units, rule)
    assert is_near(whole_N3SR, torch.stack(expected))
    assert is_near(whole_activation_N, active)
    in_field = torch.stack([cropped(g, stack, layer, unit) for g, unit in zip(expected, units, strict=True)])
    for part_share in (0, 9):  # never parts of the image, where a crop suffices; always
        monkeypatch.setattr(guided, "PART_SHARE", part_share)
        crop_N3LL, activation_N = guided_backprop(network, x_N3SR, layer, units, rule)
        assert is_near(crop_N3LL, in_field), part_share
        assert is_near(activation_N, active), part_share
        assert crop_N3LL.abs().sum() == pytest.approx(float(torch.stack(expected).abs().sum()), rel=1e-8)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NETWORKS)
def test_known_networks(name: str, rule: str, monkeypatch) -> None:
    network = network_of(name)
    for number in range(0, len(Stack.of(network).layers), 3):
        check(network, NETWORKS[name][1], number, rule, monkeypatch)


@given(stacks(), st.sampled_from(RULES))
@settings(max_examples=60)
def test_random_stacks(network: nn.Sequential, rule: str) -> None:
    stack = Stack.of(network)
    with pytest.MonkeyPatch.context() as patch:
        for number, layer in enumerate(stack.layers):
            assume(min(map_shape(layer, SIDES, stack.architecture)) > 0)
            check(network, SIDES, number, rule, patch)


def test_crops_are_tried_on_alexnet() -> None:
    """Otherwise the tests above would compare whole images alone."""
    stack = Stack.of(network_of("alexnet"))
    fields = [receptive_field(layer, stack.architecture) for layer in stack.layers]
    assert [field.size for field in fields] == [11, 51, 99, 131, 163]
    assert [crop_suffices(field, NETWORKS["alexnet"][1], circular=False) for field in fields[:3]] == [True, True, False]


def by_captum(modules: nn.Sequential, x_13SR: Tensor, number: int, unit: Unit, rule: str) -> Tensor:
    """Gradient [3, S, R] of a unit behind the ReLU at a position of a sequence, by captum."""
    modules = copy.deepcopy(modules)
    for module in modules:
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return CAPTUM[rule](modules, modules[number]).attribute(x_13SR.clone().requires_grad_(), unit).detach()[0]


def relus_of_layers(modules: nn.Sequential) -> list[int]:
    """Positions of the ReLUs that come right after a convolution or its normalisation."""
    idle = nn.Identity, nn.Dropout, nn.BatchNorm2d
    acting = [number for number, module in enumerate(modules) if not isinstance(module, idle)]
    return [
        b
        for a, b in itertools.pairwise(acting)
        if isinstance(modules[a], nn.Conv2d) and isinstance(modules[b], nn.ReLU)
    ]


def check_with_captum(network: nn.Module, modules: nn.Sequential, shape_SR: tuple[int, int], numbers, rule) -> int:
    """Units at the edges of some layers' maps have captum's gradients. Returns how many of these are not all 0."""
    x = torch.randn(1, 3, *shape_SR, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    stack, relus = Stack.of(network), relus_of_layers(modules)
    assert len(relus) == len(stack.layers)
    shown = 0
    for number in numbers:
        layer = list(stack.layers)[number]
        for unit in edge_units(modules[: relus[number] + 1](x.clone())[0].detach()):
            expected = by_captum(modules, x, relus[number], unit, rule)
            crop_N3LL, _ = guided_backprop(network, x, layer, [unit], rule)
            assert is_near(crop_N3LL[0], cropped(expected, stack, layer, unit))
            shown += bool(expected.any())
    return shown


WARNINGS = ("ignore:Setting backward hooks", "ignore:Input Tensor 0 did not already require gradients")


@pytest.mark.filterwarnings(*WARNINGS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["alexnet", "vgg11", "vgg19", "vgg16_bn"])
def test_captum_on_known_networks(name: str, rule: str) -> None:
    network = network_of(name)
    assert check_with_captum(network, network.features, NETWORKS[name][1], (2, 4), rule) > 4


@pytest.mark.filterwarnings(*WARNINGS)
@given(stacks(), st.sampled_from(RULES))
@settings(max_examples=40)
def test_captum_on_random_stacks(network: nn.Sequential, rule: str) -> None:
    stack = Stack.of(network)
    assume(all(min(map_shape(layer, SIDES, stack.architecture)) > 0 for layer in stack.layers))
    check_with_captum(network, network, SIDES, range(len(stack.layers)), rule)


def test_an_unknown_layer_is_named() -> None:
    x = torch.zeros(1, 3, 95, 95, dtype=torch.float64)
    with pytest.raises(KeyError, match=r"no layer 'conv1_1'; there are features\.0, features\.3"):
        guided_backprop(network_of("alexnet"), x, "conv1_1", [(0, 0, 0)])
