"""Equivariance of a run's networks: errors of inputs made by hand, both paddings, any pieces, faulty rows left out."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lp_core.dataset.feed import open_dataset
from lp_core.images.crop import centre_crop
from lp_core.images.decode import decode_rgb
from lp_core.images.network_input import network_input
from lp_core.measures.equivariance import turns
from lp_core.network.equivariance import equivariance_errors
from lp_core.network.inputs import normalized
from tasks import equivariance as module
from tasks.equivariance import equivariance, errors_of_pairs, paddings, with_padding
from tasks.kept_pieces import PieceFiles
from tasks.networks import kept_network
from tasks.pieces import InProcess
from tests.tasks.trained_network import random_network


@pytest.fixture(params=["cartesian", "log_polar"])
def trained(small_recipe, tmp_path, request):
    torch.set_num_threads(1)
    return random_network(small_recipe, tmp_path / "run", request.param)


def test_errors_are_those_of_inputs_made_by_hand(trained):
    pairs, recipe, every = np.array([[3, 9], [9, 11]]), trained.recipe, turns(trained.view, 32)
    found, inputs = errors_of_pairs(trained, pairs), {}
    for photograph in open_dataset(recipe.data.path).photographs("validation", np.unique(pairs)):
        image_HWC = decode_rgb(photograph.data)
        crop = centre_crop(*image_HWC.shape[:2], recipe.data.eval_crop)
        inputs[photograph.row] = network_input(image_HWC, crop, trained.view, recipe.geometry)
    assert found["row_N"].tolist() == [3, 9]
    for place, padding in enumerate(paddings(trained)):
        network, device = kept_network(with_padding(trained, padding), classifier=False)
        x, other = (normalized(np.stack([inputs[row] for row in rows]), device) for rows in pairs.T.tolist())
        expected = equivariance_errors(network, x, other, every)
        for name in ("error_NTL", "unmoved_NTL", "unrelated_NL"):
            mine = found[name.replace("_N", "_NP")][:, place]
            np.testing.assert_allclose(mine, getattr(expected, name).numpy(), rtol=1e-4, atol=1e-6)


def test_only_log_polar_weights_are_tested_with_either_padding(trained):
    assert paddings(trained) == (("zeros", "circular") if trained.view == "log_polar" else ("zeros",))
    own = replace(trained, recipe=replace(trained.recipe, geometry=replace(trained.recipe.geometry, size=40)))
    assert paddings(own) == ("zeros",), "pools would drop rows of the circle"
    if trained.view == "log_polar":
        first, _ = kept_network(with_padding(trained, "circular"), classifier=False)
        assert type(first.features[0]).__name__ == "AngleConv2d"


def test_the_division_into_pieces_leaves_no_trace(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "IMAGES", 5)
    arrays = []
    for piece_rows in (16, 2):
        recipe = replace(trained.recipe, scan=replace(trained.recipe.scan, piece_rows=piece_rows))
        files = PieceFiles(str(tmp_path / str(piece_rows)), "name")
        arrays.append(equivariance(replace(trained, recipe=recipe), InProcess(), files))
    assert len(arrays[0]["row_N"]) == 5
    assert (np.diff(arrays[0]["row_N"]) > 0).all()
    for name, whole in arrays[0].items():
        np.testing.assert_array_equal(whole, arrays[1][name])


def test_faulty_photographs_and_a_photograph_alone_are_no_pairs(small_recipe, faulty_folder, tmp_path):
    recipe = replace(small_recipe, data=replace(small_recipe.data, path=faulty_folder))
    trained = random_network(recipe, tmp_path / "run", "log_polar")
    found = errors_of_pairs(trained, np.array([[0, 1], [1, 2], [2, 0], [7, 7]]))
    assert found["row_N"].tolist() == [1, 7]
    assert np.isnan(found["unrelated_NPL"][1]).all()
    assert np.isfinite(found["unrelated_NPL"][0]).all()
    none = errors_of_pairs(trained, np.array([[0, 1]]))
    assert {name: array.shape[1:] for name, array in none.items()} == {
        name: array.shape[1:] for name, array in found.items()
    }
    assert len(none["row_N"]) == 0
