"""The lesion test: nothing blanked is the evaluation; each condition equals that of images blanked by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lp_core.errors import SettingError
from lp_core.network.inputs import filled, normalized
from tasks.evaluating import evaluate_rows
from tasks.from_recipe import feed_of, rows_of
from tasks.lesion import conditions_of, lesion, lesion_files, lesion_hits
from tasks.networks import kept_network
from tasks.pieces import InProcess
from tests.tasks.trained_network import random_network


@pytest.fixture
def trained(small_recipe, tmp_path):
    torch.set_num_threads(1)
    recipe = replace(small_recipe, geometry=replace(small_recipe.geometry, foveal_scale=4.0))
    return random_network(recipe, tmp_path / "run", "log_polar")


def test_nothing_blanked_is_the_evaluation(trained):
    rows = rows_of(trained.recipe, "validation")
    evaluated, arrays = evaluate_rows(trained, rows), lesion_hits(trained, 2, 0, rows)
    assert arrays["row_N"].tolist() == evaluated.row_N.tolist()
    assert arrays["hit_NK"][:, 0].tolist() == (evaluated.rank_N < 1).tolist()


def test_faulty_rows_are_left_out_as_in_the_evaluation(trained, faulty_folder):
    recipe = trained.recipe
    faulty = replace(trained, recipe=replace(recipe, data=replace(recipe.data, path=faulty_folder)))
    rows = rows_of(faulty.recipe, "validation")
    evaluated, arrays = evaluate_rows(faulty, rows), lesion_hits(faulty, 1, 0, rows)
    assert arrays["row_N"].tolist() == evaluated.row_N.tolist()
    assert len(arrays["hit_NK"]) == len(rows) - 2


def test_each_condition_is_an_evaluation_of_images_blanked_by_hand(trained):
    recipe, rows = trained.recipe, rows_of(trained.recipe, "validation")[:16]
    conditions, _ = conditions_of(recipe.geometry, 2, 5)
    network, device = kept_network(trained)
    assert {condition.name for condition in conditions} == {"none", "fovea", "equal_cells", "equal_area"}
    hits = []
    for condition in conditions:
        for batch in feed_of(recipe, "log_polar").evaluation_batches("validation", rows, 8):
            images = batch.images_NSRC.copy()
            for row, column in np.argwhere(condition.mask_SR):
                images[:, row, column] = [124, 116, 104]  # ImageNet's mean colour
            with torch.inference_mode():
                logits = network(normalized(filled(images, 8), device))
            hits += (logits.argmax(1).numpy() == batch.labels_N).tolist()
    arrays = lesion_hits(trained, 2, 5, rows)
    assert arrays["hit_NK"].T.ravel().tolist() == hits


def test_the_division_into_pieces_leaves_no_trace(trained, tmp_path):
    rows = rows_of(trained.recipe, "validation")
    tables = []
    for piece_rows in (7, 60):
        one = replace(trained, recipe=replace(trained.recipe, scan=replace(trained.recipe.scan, piece_rows=piece_rows)))
        folder = str(tmp_path / "pieces")
        tables.append(lesion(one, rows, InProcess(), folder, draws=2))
        lesion_files(one, folder, draws=2).remove()
    assert tables[0].equals(tables[1])
    assert tables[0]["images"].to_pylist() == [60] * len(tables[0])


def test_what_the_answers_depend_on_names_the_pieces(trained):
    files = lesion_files(trained, "x")
    others = [lesion_files(trained, "x", draws=4), lesion_files(trained, "x", seed=1)]
    others.append(lesion_files(replace(trained, weights="other"), "x"))
    assert len({files.name, *(other.name for other in others)}) == 4


def test_a_network_without_rings_is_refused(trained, tmp_path):
    with pytest.raises(SettingError, match="view cartesian has none"):
        lesion(replace(trained, view="cartesian"), np.arange(4), InProcess(), str(tmp_path))
