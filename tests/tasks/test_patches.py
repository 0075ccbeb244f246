"""Patches: where the energy of a unit's gradient lies, whatever the pieces; squares about one thing are alike."""

import numpy as np
import pytest
import torch

from lp_core.exemplars.guided_backprop import guided_backprop
from lp_core.findings.grouping import clarity_effect
from lp_core.findings.nines import Nines
from lp_core.images.crop import centre_crop
from lp_core.images.network_input import log_polar_map
from lp_core.images.square import square_about
from lp_core.measures.gradient_energy import energy_centroid, photograph_gradient
from lp_core.network.inputs import normalized
from lp_core.network.layers import PRIMARY
from lp_core.network.receptive_field import receptive_field
from tasks.networks import kept_network
from tasks.patches import energy_points
from tasks.visualizing import network_inputs
from tests.tasks.trained_network import random_network


def units(size: int, count: int) -> np.ndarray:
    """Units of the middle of the map, in different channels and images."""
    field = receptive_field(PRIMARY)
    rows = []
    for number in range(count):
        row, column = number % 2, number // 2 % 2
        box = field.box(row, column)
        rows.append((number, number % 3, row, column, box.top, box.left, box.bottom, box.right))
    return np.array(rows, np.int64)


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_points_are_those_of_whole_gradients(view, small_recipe, tmp_path):
    torch.set_num_threads(1)
    trained = random_network(small_recipe, tmp_path, view)
    units_M8 = units(small_recipe.geometry.size, 5)
    points = energy_points(trained, units_M8)["centre_M2"]
    network, device = kept_network(trained, classifier=False)
    size, log_polar = small_recipe.geometry.size, log_polar_map(small_recipe.geometry)
    images = network_inputs(trained, units_M8[:, 0])
    # Kernels round otherwise for other sizes of batch, and a ReLU next to zero then opens or not.
    full_N8 = units_M8[np.arange(small_recipe.scan.batch_size).clip(max=len(units_M8) - 1)]
    x_N3SR = normalized(np.stack([images[row] for row in full_N8[:, 0].tolist()]), device)
    gradients = guided_backprop(network, x_N3SR, PRIMARY, [tuple(unit) for unit in full_N8[:, 1:4].tolist()])[0]
    for unit, point, gradient in zip(units_M8.tolist(), points, gradients.numpy(), strict=False):
        whole = np.zeros((1, size, size, 3))
        for i in range(gradient.shape[1]):
            for j in range(gradient.shape[2]):
                row, column = unit[4] + i, unit[5] + j
                if 0 <= row < size and 0 <= column < size:
                    whole[0, row, column] = gradient[:, i, j]
        if view == "log_polar":
            whole = photograph_gradient(whole, log_polar)
        [[eccentricity, angle]] = energy_centroid(whole, log_polar.centre_yx).tolist()
        expected = log_polar.centre_yx + eccentricity * np.array([np.sin(angle), np.cos(angle)])
        np.testing.assert_allclose(point, expected, rtol=1e-4, atol=1e-3)
    parts = [energy_points(trained, units_M8[start : start + 2])["centre_M2"] for start in (0, 2, 4)]
    assert np.concatenate(parts).tobytes() == points.tobytes()


def test_things_that_a_channel_looks_at_are_found_in_its_squares_and_not_in_the_crops():
    """Images of noise with one coloured thing each; a channel's nine have the same colour, at different places."""
    rng = np.random.default_rng(0)
    colour_of, centre_N2 = rng.integers(0, 256, (12, 3)), rng.uniform(16, 48, (240, 2))
    images = rng.integers(0, 256, (240, 64, 64, 3)).astype(np.uint8)
    for image, (y, x), kind in zip(images, centre_N2.astype(int), np.arange(240) % 12, strict=True):
        image[y - 3 : y + 4, x - 3 : x + 4] = colour_of[kind]
    image_CK = np.stack([rng.choice(np.flatnonzero(np.arange(240) % 12 == kind % 12), 9, False) for kind in range(24)])
    zeros = np.zeros((24, 9))
    nines = Nines((PRIMARY,), np.zeros(24, int), np.arange(24), image_CK, zeros, zeros, zeros)
    delta = {}
    for share in (1.0, 1 / 4):
        squares = [
            square_about(image, centre_crop(64, 64, 1.0), 64, share, None if share == 1 else tuple(centre))
            for image, centre in zip(images, centre_N2, strict=True)
        ]
        embedding = np.stack(squares).mean((1, 2)).astype(np.float32)
        embedding -= embedding.mean(0)
        eccentricity = np.hypot(*(centre_N2 - 31.5).T)[image_CK]
        effect = clarity_effect(nines, embedding[image_CK], eccentricity, 49, np.random.default_rng(1))
        delta[share] = effect.delta_L[0]
    assert delta[1 / 4] > 0.5
    assert delta[1 / 4] > 2 * delta[1.0]
