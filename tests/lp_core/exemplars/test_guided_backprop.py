"""`guided_backprop` equals captum and automatic differentiation for every unit and rule."""

import copy
import itertools
from typing import get_args

import numpy as np
import pytest
import torch
from captum.attr import NeuronDeconvolution, NeuronGradient, NeuronGuidedBackprop

import lp_core.exemplars.guided_backprop as guided
from lp_core.exemplars.crop import cut
from lp_core.exemplars.field_pixels import crop_suffices
from lp_core.exemplars.guided_backprop import guided_backprop, whole_image, wraps
from lp_core.network.layers import conv_layers
from lp_core.network.receptive_field import map_shape, receptive_field
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings, Rule
from tests.reference.guided_backprop import from_one_unit
from tests.reference.peaks import is_untouched

RULES = get_args(Rule)
CAPTUM = {"guided": NeuronGuidedBackprop, "deconvnet": NeuronDeconvolution, "gradient": NeuronGradient}
EXACT = 1e-12
"""Relative to the largest gradient, in float64: sums of some thousand products in another order."""


def relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    assert found.shape == expected.shape
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1e-300))


def cropped(gradient_3SR: torch.Tensor, layer: str, unit: tuple[int, int, int], wraps: bool) -> torch.Tensor:
    box = receptive_field(layer).box(*unit[1:])
    return torch.from_numpy(cut(gradient_3SR.numpy().transpose(1, 2, 0), box, wraps=wraps)[0].transpose(2, 0, 1))


def special_units(network, x_N3SR: torch.Tensor, layer: str) -> list[tuple[int, int, int]]:
    """A unit for each image: in corners, on edges and inside, of the channel that is most active there."""
    map_NCSR = network.features[: conv_layers()[layer] + 2](x_N3SR.clone()).detach()
    rows, cols = map_NCSR.shape[2:]
    places = itertools.product(sorted({0, rows // 2, rows - 1}), sorted({0, cols // 2, cols - 1}))
    return [
        (int(map_CSR[:, row, col].argmax()), row, col)
        for map_CSR, (row, col) in zip(map_NCSR, itertools.cycle(places), strict=False)
    ]


MAPS = [
    ("conv1_2", (10, 12), "zeros"),
    ("conv1_2", (9, 13), "circular"),
    ("conv2_2", (20, 24), "zeros"),
    ("conv2_2", (16, 23), "circular"),
    ("conv2_2", (19, 25), "zeros"),
    ("conv3_3", (44, 48), "zeros"),
    ("conv3_3", (40, 51), "circular"),
    ("conv3_3", (43, 54), "zeros"),
    ("conv4_1", (67, 72), "zeros"),
]
DEEP = ("conv5_1", (144, 133), "circular")
"""Seconds for each rule: `make test` does one, and all rules on the other maps, `make slow` the rest."""


@pytest.mark.parametrize(
    ("layer", "shape_SR", "angle_padding", "rule"),
    [(*one, rule) for one in MAPS for rule in RULES]
    + [pytest.param(*DEEP, rule, marks=[] if rule == "guided" else pytest.mark.slow) for rule in RULES],
)
def test_every_unit_of_a_map_equals_the_whole_image(
    random_network, random_images, layer, shape_SR, angle_padding, rule, monkeypatch
) -> None:
    network = random_network(1 / 16, angle_padding, torch.float64)
    image_13SR = random_images(1, *shape_SR, dtype=torch.float64)
    map_CSR = network.features[: conv_layers()[layer] + 2](image_13SR)[0].detach()
    places = itertools.product(*map(range, map_shape(layer, shape_SR)))
    units = [(int(map_CSR[:, row, col].argmax()), row, col) for row, col in places]
    x_N3SR = image_13SR.expand(len(units), -1, -1, -1)
    assert crop_suffices(receptive_field(layer), shape_SR, wraps(network))
    whole_N3SR, whole_activation_N = whole_image(network, x_N3SR, layer, units, rule)
    assert (whole_activation_N > 0).float().mean() > 0.7
    expected = [cropped(g, layer, u, angle_padding == "circular") for g, u in zip(whole_N3SR, units, strict=True)]
    for part_share in (0, 9):  # never windows, always windows
        monkeypatch.setattr(guided, "PART_SHARE", part_share)
        crop_N3LL, activation_N = guided_backprop(network, x_N3SR, layer, units, rule)
        assert relative(crop_N3LL, torch.stack(expected)) <= EXACT, part_share
        assert relative(activation_N, whole_activation_N) <= EXACT, part_share
        # Nothing of the whole image's gradient lies outside the receptive field.
        amount_N = crop_N3LL.abs().sum((1, 2, 3)).tolist()
        assert amount_N == pytest.approx(whole_N3SR.abs().sum((1, 2, 3)).tolist(), rel=1e-10), part_share


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("angle_padding", ["zeros", "circular"])
@pytest.mark.parametrize(
    ("layer", "shape_SR", "computed_in_crop"),
    [
        ("conv4_1", (99, 75), {"zeros"}),
        ("conv4_3", (96, 109), {"zeros", "circular"}),
        ("conv5_1", (149, 139), {"zeros"}),
        ("conv5_1", (112, 199), {"zeros"}),  # goes round more than once
        ("conv5_3", (208, 224), {"zeros", "circular"}),
        ("conv3_2", (61, 46), {"zeros"}),
        ("conv5_3", (61, 46), set()),
    ],
)
def test_corners_edges_and_middle_equal_automatic_differentiation(
    random_network, random_images, layer, shape_SR, computed_in_crop, angle_padding, rule
) -> None:
    network = random_network(1 / 32, angle_padding, torch.float64)
    x_N3SR = random_images(9, *shape_SR, dtype=torch.float64)[: 4 if layer == "conv5_3" else 9]
    units = special_units(network, x_N3SR, layer)
    if angle_padding == "circular" and shape_SR[0] % receptive_field(layer).stride:
        with pytest.raises(ValueError, match=rf"images have {shape_SR[0]} rows, a circle .* or take `whole_image`"):
            guided_backprop(network, x_N3SR, layer, units, rule)
        whole_N3SR, activation_N = whole_image(network, x_N3SR, layer, units, rule)
        for i, unit in enumerate(units):
            expected, activation = from_one_unit(network, x_N3SR[i], layer, unit, rule)
            assert relative(whole_N3SR[i], expected) <= EXACT
            assert float(activation_N[i]) == pytest.approx(activation, rel=EXACT)
        return
    assert crop_suffices(receptive_field(layer), shape_SR, wraps(network)) == (angle_padding in computed_in_crop)
    crop_N3LL, activation_N = guided_backprop(network, x_N3SR, layer, units, rule)
    assert (activation_N > 0).float().mean() > 0.7
    for i, unit in enumerate(units):
        expected, activation = from_one_unit(network, x_N3SR[i], layer, unit, rule)
        assert relative(crop_N3LL[i], cropped(expected, layer, unit, angle_padding == "circular")) <= EXACT
        assert float(activation_N[i]) == pytest.approx(activation, rel=EXACT)


@pytest.mark.parametrize("layer", ["conv3_1", "conv5_3"])
def test_a_circle_turns_with_its_unit(random_network, random_images, layer) -> None:
    network = random_network(1 / 32, "circular", torch.float64)
    x_N3SR = random_images(1, 224, 224, dtype=torch.float64)
    stride = 16
    unit_rows = stride // {"conv3_1": 4, "conv5_3": 16}[layer]
    channel, row, col = special_units(network, x_N3SR, layer)[0]
    crop, activation = guided_backprop(network, x_N3SR, layer, [(channel, row, col)])
    turned, turned_activation = guided_backprop(network, x_N3SR.roll(stride, 2), layer, [(channel, unit_rows, col)])
    assert activation > 0
    assert torch.equal(crop, turned)
    assert torch.equal(activation, turned_activation)


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
@pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients")
class TestCaptum:
    def captum(self, network, layer: str, rule: str, x_N3SR: torch.Tensor, unit: tuple[int, int, int]) -> torch.Tensor:
        features = copy.deepcopy(network.features)
        for module in features:
            if isinstance(module, torch.nn.ReLU):
                module.inplace = False
        attribution = CAPTUM[rule](features, features[conv_layers()[layer] + 1])
        return attribution.attribute(x_N3SR.clone().requires_grad_(), unit).detach()

    @pytest.mark.parametrize("rule", RULES)
    @pytest.mark.parametrize("angle_padding", ["zeros", "circular"])
    @pytest.mark.parametrize("layer", ["conv1_1", "conv2_2", "conv3_3", "conv4_2", "conv5_3"])
    def test_small_networks_in_float64(self, random_network, random_images, layer, angle_padding, rule) -> None:
        network = random_network(1 / 16, angle_padding, torch.float64)
        x_N3SR = random_images(3, 96, 80, dtype=torch.float64)
        unit = special_units(network, x_N3SR, layer)[2]
        expected_N3SR = self.captum(network, layer, rule, x_N3SR, unit)
        whole_N3SR, _ = whole_image(network, x_N3SR, layer, [unit] * 3, rule)
        crop_N3LL, _ = guided_backprop(network, x_N3SR, layer, [unit] * 3, rule)
        assert relative(whole_N3SR, expected_N3SR) <= EXACT
        wraps = angle_padding == "circular"
        expected = torch.stack([cropped(g, layer, unit, wraps) for g in expected_N3SR])
        assert relative(crop_N3LL, expected) <= EXACT

    @pytest.mark.parametrize(("layer", "side"), [("conv2_2", 64), ("conv4_1", 96), ("conv5_2", 176)])
    @pytest.mark.parametrize("rule", ["guided", "deconvnet"])
    def test_full_width_in_single_precision(self, full_width_network, random_images, layer, side, rule) -> None:
        """1e-6 holds within one memory format; between formats rounding opens and shuts other gates."""
        network = full_width_network
        x_N3SR = random_images(1, side, side)
        unit = special_units(network, x_N3SR, layer)[0]
        assert crop_suffices(receptive_field(layer), (side, side), circular=False)
        crop_N3LL, _ = guided_backprop(network, x_N3SR, layer, [unit], rule)
        expected = cropped(self.captum(network, layer, rule, x_N3SR, unit)[0], layer, unit, wraps=False)
        assert relative(crop_N3LL[0], expected) <= 1e-6

    @pytest.mark.slow
    @pytest.mark.parametrize("rule", RULES)
    def test_full_width_in_float64(self, full_width_network, random_images, rule) -> None:
        """Units in a corner, on an edge and inside, odd sizes too: half a minute in all on one core."""
        network = copy.deepcopy(full_width_network).double()
        deep = [("conv5_2", (181, 176))] if rule == "guided" else []
        for layer, shape_SR in [("conv3_3", (71, 64)), ("conv4_2", (81, 96)), *deep]:
            x_N3SR = random_images(1, *shape_SR, dtype=torch.float64)
            assert crop_suffices(receptive_field(layer), shape_SR, wraps(network))
            rows, cols = map_shape(layer, shape_SR)
            for row, col in ((0, 0), (rows // 2, cols - 1), (rows // 2, cols // 2)):
                with torch.no_grad():
                    map_1CSR = network.features[: conv_layers()[layer] + 2](x_N3SR)
                unit = (int(map_1CSR[0, :, row, col].argmax()), row, col)
                crop_N3LL, _ = guided_backprop(network, x_N3SR, layer, [unit], rule)
                expected_3SR = self.captum(network, layer, rule, x_N3SR, unit)[0]
                assert relative(crop_N3LL[0], cropped(expected_3SR, layer, unit, wraps=False)) <= EXACT
                box = receptive_field(layer).box(row, col)
                outside = expected_3SR.clone()
                outside[:, max(box.top, 0) : box.bottom, max(box.left, 0) : box.right] = 0
                assert not outside.any()


@pytest.mark.parametrize("rule", RULES)
def test_a_unit_that_is_not_active_lets_nothing_back_but_in_deconvnet(random_network, random_images, rule) -> None:
    network = random_network()
    with torch.no_grad():
        network.features[conv_layers()["conv2_1"]].bias[0] = -1e6
    crop_N3LL, activation_N = guided_backprop(network, random_images(1, 32, 32), "conv2_1", [(0, 3, 3)], rule)
    assert float(activation_N) == 0
    assert crop_N3LL.any() == (rule == "deconvnet")


@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
def test_units_of_a_batch_do_not_mix(random_network, random_images, memory_format) -> None:
    network = random_network().double().to(memory_format=memory_format)
    x_N3SR = random_images(9, 48, 48, dtype=torch.float64).to(memory_format=memory_format)
    units = special_units(network, x_N3SR, "conv3_2")
    together, activation_N = guided_backprop(network, x_N3SR, "conv3_2", units)
    for i, unit in enumerate(units):
        alone, activation = guided_backprop(network, x_N3SR[i : i + 1], "conv3_2", [unit])
        assert relative(together[i : i + 1], alone) <= EXACT
        assert float(activation_N[i]) == pytest.approx(float(activation), rel=EXACT)


@pytest.mark.parametrize("layer", ["conv2_2", "conv5_1"])
def test_network_and_images_stay_as_they_were(random_network, random_images, layer) -> None:
    network, x_N3SR = random_network(), random_images(2, 48, 48)
    state, image = copy.deepcopy(network.state_dict()), x_N3SR.clone()
    crop_N3LL, activation_N = guided_backprop(network, x_N3SR, layer, [(0, 1, 1), (1, 2, 2)])
    assert not crop_N3LL.requires_grad
    assert not activation_N.requires_grad
    assert torch.equal(x_N3SR, image)
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    assert is_untouched(network)


def test_no_units_give_no_pictures(random_network, random_images) -> None:
    crop_N3LL, activation_N = guided_backprop(random_network(), random_images(0, 48, 48), "conv2_2", [])
    assert (crop_N3LL.shape, activation_N.shape) == ((0, 3, 14, 14), (0,))


@pytest.mark.parametrize(
    ("units", "rule", "message"),
    [
        ([(0, 0, 0)], "guided", "1 units for 2 images"),
        ([(0, 0, 0), (4, 0, 0)], "guided", r"no unit \(4, 0, 0\).* 4 channels, 24 rows and 24 columns"),
        ([(0, 24, 0), (0, 0, 0)], "guided", r"no unit \(0, 24, 0\)"),
        ([(0, 0, -1), (0, 0, 0)], "guided", r"no unit \(0, 0, -1\)"),
        ([(0, 0, 0), (0, 0, 0)], "saliency", "no rule 'saliency'; there are guided, deconvnet, gradient"),
    ],
)
def test_what_does_not_exist_is_refused(random_network, random_images, units, rule, message) -> None:
    with pytest.raises(ValueError, match=message):
        guided_backprop(random_network(), random_images(2, 48, 48), "conv2_1", units, rule)


@pytest.mark.parametrize(
    ("images", "units", "says"),
    [
        (np.zeros((1, 3, 64, 64), np.float32), [(0, 1, 1)], "images are ndarray; give a floating-point tensor"),
        (torch.zeros((1, 3, 64, 64), dtype=torch.uint8), [(0, 1, 1)], r"images are torch.uint8 \[1, 3, 64, 64\]"),
        (torch.zeros((1, 1, 64, 64)), [(0, 1, 1)], r"images are torch.float32 \[1, 1, 64, 64\]"),
        (torch.zeros((1, 3, 64, 64)), [(0.5, 1, 1)], "three whole numbers"),
    ],
    ids=["array", "bytes", "grey", "half a channel"],
)
def test_what_is_no_image_or_unit_is_refused(images, units, says):
    network = VGG16(10, NetworkSettings(width=1 / 16)).eval()
    for function in (guided_backprop, whole_image):
        with pytest.raises(ValueError, match=says):
            function(network, images, "conv2_1", units)


@pytest.mark.parametrize("layer", ["conv1_1", "conv3_2"])
def test_before_its_own_relu_a_silent_unit_has_the_gradient_of_its_sum(layer: str) -> None:
    """Automatic differentiation of the sum of inputs; the network itself is left as it was."""
    torch.manual_seed(3)
    network = VGG16(4, NetworkSettings(width=0.125), "cartesian").double()
    before = copy.deepcopy(network.state_dict())
    x = torch.randn(1, 3, 24, 24, dtype=torch.float64, requires_grad=True)
    modules = network.features[: conv_layers()[layer] + 1]
    sums = modules(x.clone())
    channel, row, col = np.unravel_index(int(sums.argmin()), sums.shape[1:])
    assert sums[0, channel, row, col] < 0
    (expected,) = torch.autograd.grad(sums[0, channel, row, col], x)
    unit = (int(channel), int(row), int(col))
    silent, _ = whole_image(network, x.detach(), layer, [unit], "gradient")
    assert not silent.any()
    lifted = guided.always_active(network, layer)
    found, _ = whole_image(lifted, x.detach(), layer, [unit], "gradient")
    assert relative(found, expected) < EXACT
    assert is_equal(network.state_dict(), before)
    assert lifted.steps[0].module.weight is network.features[0].weight


def is_equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in b)
