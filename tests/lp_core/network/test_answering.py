"""`answering` gives a network's logits, which do not depend on how many images are asked about together."""

import numpy as np
import torch

from lp_core.network.answering import answering
from lp_core.network.initialization import initialize
from lp_core.network.inputs import normalized
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings


def test_logits_are_the_networks_in_any_company():
    torch.set_num_threads(1)
    network = initialize(VGG16(5, NetworkSettings(width=1 / 16, pool=1)), "variance-preserving", 0).eval()
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = network(normalized(images, torch.device("cpu"))).numpy()
    answer = answering(network, torch.device("cpu"), 8)
    np.testing.assert_allclose(answer(images), expected, rtol=1e-4, atol=1e-5)
    alone = np.concatenate([answer(images[index : index + 1]) for index in range(8)])
    assert alone.dtype == np.float32
    np.testing.assert_array_equal(alone, answer(images))
