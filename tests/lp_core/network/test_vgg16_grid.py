"""The means that a deterministic training on a GPU takes by matrix products are those of torch's own pool."""

import pytest
import torch
from torch.nn import functional as F

from lp_core.network.vgg16 import grid_means


@pytest.mark.parametrize("side", [1, 2, 3, 7])
@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (7, 7), (3, 8), (14, 5)])
def test_means_and_gradients_are_those_of_adaptive_pooling(side, shape):
    x = torch.randn(3, 4, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weight = torch.randn(3, 4, side, side, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found, expected = grid_means(x, side), F.adaptive_avg_pool2d(x, side)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    gradients = [torch.autograd.grad((y * weight).sum(), x)[0] for y in (found, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=1e-12)
