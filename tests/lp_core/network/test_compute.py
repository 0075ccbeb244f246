"""`compute` counts the operations that torch's own counter counts, and knows the peaks of GPUs by name."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lp_core.network.compute import forward_operations, peak_operations, training_operations
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings

STANDARD = NetworkSettings()


@pytest.mark.parametrize(
    ("settings", "classes", "size", "view"),
    [
        (STANDARD, 1000, 224, "cartesian"),
        (NetworkSettings(angle_padding="circular"), 1000, 224, "log_polar"),
        (NetworkSettings(width=1 / 8, pool=2), 100, 64, "cartesian"),
        (NetworkSettings(width=0.3, pool=3), 12, 100, "cartesian"),
        (NetworkSettings(depth=11, width=0.3, pool=2), 12, 64, "cartesian"),
        (NetworkSettings(depth=19, width=1 / 8), 12, 64, "cartesian"),
    ],
)
def test_arithmetic_agrees_with_torchs_counter(settings, classes, size, view):
    with torch.device("meta"):
        network, x = VGG16(classes, settings, view).eval(), torch.empty(2, 3, size, size)
    with FlopCounterMode(display=False) as counter:
        logits = network(x)
    assert counter.get_total_flops() == 2 * forward_operations(settings, classes, size)
    with FlopCounterMode(display=False) as counter:
        logits = network(x)
        logits.sum().backward()
    assert counter.get_total_flops() == 2 * training_operations(settings, classes, size)


def test_the_standard_network_takes_what_is_published():
    assert forward_operations(STANDARD, 1000, 224) == pytest.approx(2 * 15.47e9, rel=1e-4)  # torchvision: 15.47 GMAC
    assert training_operations(STANDARD, 1000, 224) == pytest.approx(92.65e9, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA H100 NVL", 835e12),
        ("NVIDIA H200", 989e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA L40S", 362e12),
        ("NVIDIA GeForce RTX 3090", 71e12),
        ("NVIDIA A10G", None),
        ("NVIDIA GeForce RTX 3090 Ti", None),
        ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", None),
        ("Tesla T4", None),
    ],
)
def test_names_of_chips(name, peak):
    assert peak_operations(name) == peak
