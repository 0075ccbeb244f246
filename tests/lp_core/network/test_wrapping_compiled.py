"""A compiled network wraps its rows as an uncompiled one does: maps and gradients are equal."""

import pytest
import torch
from torch import nn

from lp_core.network.initialization import initialize
from lp_core.network.vgg16 import VGG16
from lp_core.network.wrapping import WrappingReLU, wrapped_rows
from lp_core.settings import NetworkSettings


@pytest.mark.filterwarnings("default")  # the compiler's own
def test_a_circular_network_learns_the_same_compiled() -> None:
    torch.compiler.reset()
    settings = NetworkSettings(depth=11, width=1 / 16, pool=1, dropout=0.0, angle_padding="circular")
    network = initialize(VGG16(3, settings, "log_polar"), "variance-preserving", 0)
    network = network.to(memory_format=torch.channels_last)
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = []
    for way in (network, torch.compile(network, dynamic=False, backend="aot_eager")):
        given = x.clone().to(memory_format=torch.channels_last).requires_grad_()
        logits = way(given)
        found.append([logits.detach(), *torch.autograd.grad(logits.square().sum(), [given, *network.parameters()])])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    assert found[0][1].abs().sum() > 0


@pytest.mark.filterwarnings("default")
def test_the_function_itself_may_be_compiled() -> None:
    torch.compiler.reset()

    def wrapped(y: torch.Tensor) -> torch.Tensor:
        return WrappingReLU.apply(2 * y) * 3

    compiled = torch.compile(wrapped, backend="aot_eager")
    weight = torch.randn(2, 4, 10, 6, generator=torch.Generator().manual_seed(1))
    found = []
    for way in (lambda y: wrapped_rows(nn.functional.relu(2 * y)) * 3, wrapped, compiled):
        y = torch.randn(2, 4, 8, 6, generator=torch.Generator().manual_seed(0), requires_grad=True)
        out = way(y)
        found.append((out.detach(), *torch.autograd.grad((out * weight).sum(), y)))
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))
