"""Sequential networks of every kind that is computed: drawn at random, and those that people use."""

from collections.abc import Callable

import torch
import torchvision
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.reference.guided_backprop import RELU

SIDES = (37, 43)


@st.composite
def stacks(draw: st.DrawFn) -> nn.Sequential:
    """Convolutions with and without batch normalisation and ReLU, and pools, of any kernel; float64, random weights."""
    torch.manual_seed(draw(st.integers(0, 10**6)))
    modules: list[nn.Module] = []
    channels, side = 3, min(SIDES)
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["conv", "conv", "conv", "max", "mean"])) if modules else "conv"
        size = draw(st.integers(1, 4))
        stride, ceil = draw(st.integers(1, 3)), draw(st.booleans())
        dilation = 1 if kind == "mean" else draw(st.integers(1, 2))
        reach = dilation * (size - 1) + 1
        padding = draw(st.integers(0, size // 2 if kind != "conv" else 2))
        if side + 2 * padding < reach:
            continue
        if kind == "conv":
            groups = draw(st.sampled_from([1, channels]))
            outputs = groups * draw(st.integers(1, 2)) if groups > 1 else draw(st.integers(2, 4))
            bias = draw(st.booleans())
            modules.append(nn.Conv2d(channels, outputs, size, stride, padding, dilation, groups, bias=bias))
            channels = outputs
            if draw(st.booleans()):
                modules.append(random_norm(channels))
            if draw(st.integers(0, 3)):
                modules.append(nn.ReLU(inplace=draw(st.booleans())))
        elif kind == "max":
            modules.append(nn.MaxPool2d(size, stride, padding, dilation, ceil_mode=ceil))
        else:
            override = draw(st.sampled_from([None, None, 3]))
            modules.append(nn.AvgPool2d(size, stride, padding, ceil, draw(st.booleans()), override))
            if draw(st.booleans()):
                modules.append(nn.ReLU())
        modules.append(draw(st.sampled_from([nn.Identity(), nn.Dropout()])))
        side = (side + 2 * padding - reach) // stride + 1
    last = nn.Conv2d(channels, 3, 1)
    return nn.Sequential(*modules, last, nn.ReLU()).double().eval()


def random_norm(channels: int) -> nn.BatchNorm2d:
    """As after a training: every value differs from that of a new one."""
    norm = nn.BatchNorm2d(channels)
    with torch.no_grad():
        for value in (norm.weight, norm.running_var):
            value.uniform_(0.5, 2)
        for value in (norm.bias, norm.running_mean):
            value.normal_(0, 0.3)
    return norm


class Functional(nn.Module):
    """A user's own network: ReLUs and pools are functions, and the batch's size is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 6, 5, stride=2), nn.Conv2d(6, 8, 3, padding="same", groups=2)
        self.drop, self.last = nn.Dropout(), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        y = nn.functional.max_pool2d(nn.functional.relu(self.first(x)), 3, stride=2)
        y = torch.relu(self.second(self.drop(y)))
        return self.last(y.view(y.size(0), 8, -1).mean(2))


def _vgg(plan: list, batch_norm: bool = False) -> nn.Module:
    """torchvision's network of some layers; its large classifier takes no memory."""
    features = torchvision.models.vgg.make_layers(plan, batch_norm)
    with torch.device("meta"):
        network = torchvision.models.VGG(features, init_weights=False)
    return network


def _narrow(depth: str, batch_norm: bool = False) -> nn.Module:
    plan = torchvision.models.vgg.cfgs[depth]
    network = _vgg([step if step == "M" else int(step) // 16 for step in plan], batch_norm)
    for index, module in enumerate(network.features):
        if isinstance(module, nn.BatchNorm2d):
            network.features[index] = random_norm(module.num_features)
    return network


def _alexnet() -> nn.Module:
    with torch.device("meta"):
        network = torchvision.models.AlexNet()
    network.features.to_empty(device="cpu")
    return network


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, int]]] = {
    "alexnet": (_alexnet, (95, 103)),
    "vgg11": (lambda: _narrow("A"), (64, 75)),
    "vgg19": (lambda: _narrow("E"), (64, 75)),
    "vgg16_bn": (lambda: _narrow("D", batch_norm=True), (64, 75)),
    "functional": (Functional, SIDES),
}
"""Networks by name, with an image's rows and columns."""


def network_of(name: str) -> nn.Module:
    """A network with random weights and biases, float64, in evaluation mode."""
    torch.manual_seed(7)
    network = NETWORKS[name][0]().eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.normal_(module.bias, 0, 0.1)
    return network if name == "functional" and network.double() else _double(network)


def _double(network: nn.Module) -> nn.Module:
    network.features.double()
    return network


def plain_modules(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """The modules as their author put them, one after the other, with their names."""
    if isinstance(network, Functional):
        return [
            ("first", network.first),
            ("", nn.ReLU()),
            ("", nn.MaxPool2d(3, 2)),
            ("second", network.second),
            ("", nn.ReLU()),
        ]
    if isinstance(network, nn.Sequential):
        return list(network.named_children())
    return [(f"features.{name}", module) for name, module in network.features.named_children()]


def plain_maps(network: nn.Module, x_N3SR: Tensor, rule: str = "gradient") -> list[tuple[str, Tensor]]:
    """Name of the convolution and map, for each ReLU that comes right after one; ReLUs follow the rule backward."""
    maps = []
    y, convolution = x_N3SR, ""
    for name, module in plain_modules(network):
        if isinstance(module, nn.ReLU):
            y = RELU[rule](y)
            if convolution:
                maps.append((convolution, y))
            convolution = ""
        else:
            y = module(y)
            if isinstance(module, nn.Conv2d):
                convolution = name
            elif not isinstance(module, (nn.BatchNorm2d, nn.Dropout, nn.Identity)):
                convolution = ""
    return maps
