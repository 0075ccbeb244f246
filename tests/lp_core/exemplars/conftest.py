"""Networks and images with random values for the tests of `lp_core/exemplars`."""

from collections.abc import Callable

import pytest
import torch

from lp_core.network.initialization import initialize
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings


def _random_network(width: float = 1 / 32, angle_padding: str = "zeros", dtype: torch.dtype = torch.float32) -> VGG16:
    """Random weights and biases: without biases a wrong treatment of padding would not show."""
    settings = NetworkSettings(width=width, angle_padding=angle_padding, pool=1)
    network = initialize(VGG16(3, settings, "log_polar"), "variance-preserving", seed=5).eval()
    generator = torch.Generator().manual_seed(6)
    for module in network.features:
        if isinstance(module, torch.nn.Conv2d):
            assert module.bias is not None
            torch.nn.init.normal_(module.bias, 0, 0.1, generator=generator)
    return network.to(dtype)


@pytest.fixture(scope="session")
def random_network() -> Callable[..., VGG16]:
    return _random_network


@pytest.fixture(scope="session")
def full_width_network() -> VGG16:
    """Not to be changed: it takes seconds to make."""
    return _random_network(1.0)


@pytest.fixture(scope="session")
def random_images() -> Callable[..., torch.Tensor]:
    def images(count: int, *shape_SR: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        return torch.randn(count, 3, *shape_SR, generator=torch.Generator().manual_seed(seed), dtype=dtype)

    return images
