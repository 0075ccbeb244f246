"""Peaks under looks: each equals a forward pass of images made one by one, in any division into pieces."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lp_core.dataset.feed import open_dataset
from lp_core.exemplars.peaks import find_peaks
from lp_core.findings.retention import retention_curves
from lp_core.images.decode import decode_rgb
from lp_core.images.network_input import network_input
from lp_core.measures.retention import other_crop, retention_looks
from lp_core.network.inputs import filled, normalized
from tasks.kept_pieces import PieceFiles
from tasks.networks import kept_network
from tasks.pieces import InProcess
from tasks.retention import kept_peaks, peaks_of_items
from tests.tasks.trained_network import random_network

IMAGE_CK = np.array([[3, 9, 11], [9, -1, -1], [-1, -1, -1], [41, 3, -1]])


@pytest.fixture
def trained(small_recipe, tmp_path):
    torch.set_num_threads(1)
    return random_network(small_recipe, tmp_path / "run", "log_polar")


def test_every_peak_is_that_of_an_image_made_by_hand(trained):
    recipe, (network, device) = trained.recipe, kept_network(trained, classifier=False)
    found = peaks_of_items(trained, np.array([[3, 0], [3, 70], [9, 1]]))
    image = {
        row: decode_rgb(next(iter(open_dataset(recipe.data.path).photographs("validation", np.array([row])))).data)
        for row in (3, 9)
    }
    for place, (transform, look) in enumerate(retention_looks()):
        inputs = [
            network_input(
                one, other_crop(transform, *one.shape[:2], recipe.data.eval_crop), "log_polar", recipe.geometry, look
            )
            for one in image.values()
        ]
        peaks = find_peaks(network, normalized(filled(np.stack(inputs), 8), device), rows=[3, 9]).value_NC.numpy()
        np.testing.assert_array_equal(found["value_ML"][:, place], peaks[[0, 0, 1], [0, 70, 1]])


def test_the_division_into_pieces_leaves_no_trace(trained, tmp_path):
    arrays = []
    for piece_rows in (16, 1):
        recipe = replace(trained.recipe, scan=replace(trained.recipe.scan, piece_rows=piece_rows))
        files = PieceFiles(str(tmp_path / str(piece_rows)), "name")
        arrays.append(kept_peaks(replace(trained, recipe=recipe), IMAGE_CK, InProcess(), files))
    alone = [peaks_of_items(trained, arrays[0]["item_M2"][[at]])["value_ML"][0] for at in range(6)]
    assert arrays[0]["item_M2"].tolist() == [[3, 0], [3, 3], [9, 0], [9, 1], [11, 0], [41, 3]]
    np.testing.assert_array_equal(arrays[0]["value_ML"], arrays[1]["value_ML"])
    np.testing.assert_array_equal(arrays[0]["value_ML"], np.stack(alone))


def test_channels_that_no_image_excites_keep_nothing(trained, tmp_path):
    files = PieceFiles(str(tmp_path / "none"), "name")
    peaks = kept_peaks(trained, np.full((4, 3), -1), InProcess(), files)
    table, values = retention_curves("log_polar", np.zeros(4, int), ["conv1_1"], peaks["item_M2"], peaks["value_ML"])
    assert (len(table), values) == (0, {})
