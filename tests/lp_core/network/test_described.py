"""`described` turns a network of the user's own into a text and weights that compute the same."""

from collections import OrderedDict

import pytest
import torch
import torchvision
from torch import nn

from lp_core.network.described import described
from lp_core.network.layers import architecture_of
from lp_core.network.network_text import parts_of, text_of
from lp_core.network.plain_network import PlainNetwork
from lp_core.network.stack import Stack
from lp_core.settings import NetworkSettings
from tests.reference.stacks import random_norm


def with_norm() -> nn.Sequential:
    """Nested, with a norm, groups, an incomplete mean and padding by a word."""
    torch.manual_seed(0)
    features = nn.Sequential(
        *(nn.Conv2d(3, 16, 5, 2, 2, bias=False), random_norm(16), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(16, 24, 3, padding="same", groups=2), nn.ReLU(), nn.AvgPool2d(2, ceil_mode=True)),
        *(nn.Conv2d(24, 8, 3, padding=1), nn.ReLU()),
    )
    return nn.Sequential(features, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(), nn.Linear(32, 12))


class Own(nn.Module):
    """Functions instead of modules, as tutorials write it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4 * 16, 5)

    def forward(self, x):
        x = nn.functional.adaptive_avg_pool2d(torch.relu(self.conv(x)), 4)
        return self.fc(torch.flatten(x, 1))


class Averaging(Own):
    """Its classifier begins with a mean, which is no module."""

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).mean((2, 3)).repeat(1, 16))


class Pooled(nn.Module):
    """A module of the user's own."""

    def forward(self, x):
        return x.mean((2, 3))


class PooledOwn(nn.Module):
    """The same in a forward that is followed."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 2, 3), nn.Linear(2, 3)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).mean((2, 3)))


def named(name: str) -> nn.Sequential:
    """A network with a layer of that name."""
    modules = {name: nn.Conv2d(3, 4, 3), "r": nn.ReLU(), "p": nn.AdaptiveAvgPool2d(1), "f": nn.Flatten()}
    return nn.Sequential(OrderedDict(modules, l=nn.Linear(4, 2)))


def vgg_bn() -> nn.Module:
    torch.manual_seed(1)
    plan = [step if step == "M" else int(step) // 32 for step in torchvision.models.vgg.cfgs["A"]]
    network = torchvision.models.VGG(torchvision.models.vgg.make_layers(plan, True), 7)
    network.classifier = nn.Sequential(nn.Linear(16 * 49, 7))
    return network


NETWORKS = {"with norm": with_norm, "functions": Own, "vgg11_bn": vgg_bn}


@pytest.mark.parametrize("name", NETWORKS)
def test_text_and_weights_compute_the_same(name: str) -> None:
    network = NETWORKS[name]().eval()
    text, tensors = described(network, 48)
    plain = PlainNetwork(text).eval()
    plain.load_state_dict(tensors)
    x = torch.randn(3, 3, 48, 48)
    with torch.no_grad():
        torch.testing.assert_close(plain(x), network(x), rtol=1e-4, atol=1e-5)
    expected = {**Stack.of(network).architecture.channels}
    settings = NetworkSettings(modules=text)
    if name != "vgg11_bn":  # whose layers are called conv1_1 and so on where its class is known
        assert architecture_of(settings).channels == expected
    assert architecture_of(settings) == Stack.of(plain).architecture
    assert [layer.kernels for layer in architecture_of(settings).layers] == [
        layer.kernels for layer in Stack.of(network).architecture.layers
    ]
    assert text_of(parts_of(text)) == text


def test_alexnet() -> None:
    network = torchvision.models.AlexNet(num_classes=3).eval()
    text, _ = described(network, 64)
    assert architecture_of(NetworkSettings(modules=text)) == Stack.of(network).architecture


@pytest.mark.parametrize(
    ("make", "size", "says"),
    [
        (Averaging, 48, "^repeat of Averaging is repeat, which is not computed"),
        (lambda: nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), Pooled(), nn.Linear(2, 3)), 8, "^2 is Pooled, which"),
        (PooledOwn, 8, "^its classifier computes something else than its modules in order"),
        (with_norm, 3, "cannot be applied to images of 3 px"),
        (lambda: named("conv 1"), 16, "^module 'conv 1' is named with more than letters, digits, _ and -"),
        (lambda: named("a/b"), 16, "^module 'a/b' is named with more"),
        (lambda: named("a;b"), 16, "^module 'a;b' is named with more"),
        (lambda: named("all"), 16, "^a module is named 'all', which means every layer in options"),
        (lambda: nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Softmax(1)), 8, "^3 is Softmax, which"),
    ],
)
def test_what_is_not_the_same_is_refused(make, size: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        described(make(), size)


def with_value(value: float, of: str = "3.running_var") -> nn.Sequential:
    network = nn.Sequential(
        *(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten()),
        nn.Linear(64, 2),
    )
    with torch.no_grad():
        network.state_dict()[of].view(-1)[0] = value
    return network


def with_shared(kind: type[nn.Module]) -> nn.Sequential:
    if kind is nn.Conv2d:
        shared: nn.Module = nn.Conv2d(3, 3, 3)
        return nn.Sequential(shared, nn.ReLU(), shared, nn.ReLU(), nn.Flatten(), nn.Linear(48, 2))
    shared = nn.Linear(48, 48)
    return nn.Sequential(nn.Conv2d(3, 3, 5), nn.ReLU(), nn.Flatten(), shared, nn.ReLU(), shared, nn.Linear(48, 2))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: with_value(-1), "negative running_var"),
        (lambda: with_value(float("nan")), "^2.(weight|bias) is not finite"),
        (lambda: with_value(float("inf"), "6.weight"), "^6.weight is not finite"),
        (lambda: with_value(3e38, "0.weight"), "^its logits for noise are not finite"),
        (lambda: with_value(1).to("meta"), "^0.weight is on device meta"),
        (lambda: with_shared(nn.Conv2d), "^0 is applied 2 times; give each place"),
        (lambda: with_shared(nn.Linear), "^3 is applied 2 times; give each place"),
    ],
)
def test_weights_that_mean_nothing_or_two_things_are_refused(make, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        described(make(), 8)


def test_one_relu_and_one_pool_may_serve_all_layers() -> None:
    relu, pool = nn.ReLU(), nn.MaxPool2d(2)
    convolutions = [nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 5, 3, padding=1), nn.Conv2d(5, 6, 3, padding=1)]
    head = nn.Flatten(), nn.Linear(24, 2)
    shared = nn.Sequential(*(step for convolution in convolutions for step in (convolution, relu, pool)), *head)
    separate = nn.Sequential(
        *(step for convolution in convolutions for step in (convolution, nn.ReLU(), nn.MaxPool2d(2))), *head
    )
    assert Stack.of(shared).architecture == Stack.of(separate).architecture
    assert described(shared, 16)[0] == described(separate, 16)[0]


@pytest.mark.parametrize("text", ["features.0 Conv2d 3", "a Softmax", "a ReLU; ", "a Conv2d 3 4 3 1 1 1 x"])
def test_a_text_that_describes_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="describes no module"):
        parts_of(text)
