"""Answers of the tolerance test: the identity is the evaluation bit for bit; pieces and faulty rows leave no trace."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lp_core.dataset.feed import open_dataset
from lp_core.images.decode import decode_rgb
from lp_core.images.look import Look
from lp_core.images.network_input import network_input
from lp_core.measures import tolerance_conditions
from lp_core.measures.tolerance_conditions import base_crop, conditions, fixations
from lp_core.network.inputs import filled, normalized
from tasks import tolerance as module
from tasks.evaluating import evaluate_rows
from tasks.from_recipe import rows_of
from tasks.networks import kept_network
from tasks.pieces import InProcess
from tasks.tolerance import (
    _decoded,
    _others,
    looked_at,
    other_rows,
    tolerance,
    tolerance_answers,
    tolerance_files,
    tolerance_sample,
)
from tests.tasks.trained_network import random_network


@pytest.fixture
def trained(small_recipe, tmp_path):
    torch.set_num_threads(1)
    return random_network(small_recipe, tmp_path / "run", "log_polar")


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
@pytest.mark.parametrize("sampling", ["composed", "two-step"])
def test_the_identity_is_the_evaluation_bit_for_bit(small_recipe, tmp_path, view, sampling):
    torch.set_num_threads(1)
    recipe = replace(
        small_recipe,
        geometry=replace(small_recipe.geometry, sampling=sampling, seam_degrees=30.0),
        data=replace(small_recipe.data, eval_crop=0.8),
    )
    trained = random_network(recipe, tmp_path / "run", view)
    rows = rows_of(recipe, "validation")[5:19]  # batches of other images than the evaluation's
    evaluated, answers = evaluate_rows(trained, rows_of(recipe, "validation")), tolerance_answers(trained, rows)
    mine = np.isin(evaluated.row_N, rows)
    np.testing.assert_array_equal(answers["row_N"], rows)
    np.testing.assert_array_equal(answers["label_N"], evaluated.label_N[mine])
    np.testing.assert_array_equal(answers["predicted_NK"][:, 0], evaluated.predicted_N[mine])
    np.testing.assert_array_equal(answers["loss_NK"][:, 0], evaluated.loss_N[mine].astype(np.float32))
    middle = next(
        index
        for index, each in enumerate(conditions())
        if (each.transform, each.value, each.value_x) == ("fixation_gaze", 0.0, 0.0)
    )
    np.testing.assert_array_equal(answers["loss_NK"][:, middle], answers["loss_NK"][:, 0])


def test_every_condition_is_an_evaluation_of_images_made_one_by_one(trained):
    recipe, rows = trained.recipe, rows_of(trained.recipe, "validation")[:3]
    answers, (network, device) = tolerance_answers(trained, rows), kept_network(trained)
    photographs = list(open_dataset(recipe.data.path).photographs("validation", rows))
    unlike = [photograph_of_another_class(recipe, photograph) for photograph in photographs]
    logits = []
    for condition in conditions():
        inputs = []
        for photograph, other in zip(photographs, unlike, strict=True):
            image = decode_rgb(photograph.data)
            crop = base_crop(condition.base, *image.shape[:2], recipe.data.eval_crop)
            # Photographs of the toy are squares of one size, and all of each is evaluated.
            given = {"other_HWC": other} if condition.look.mask_fill == "photograph" else {}
            inputs.append(network_input(image, crop, "log_polar", recipe.geometry, condition.look, **given))
        with torch.inference_mode():
            logits.append(network(normalized(filled(np.stack(inputs), 8), device))[:3].double().numpy())
    np.testing.assert_array_equal(answers["predicted_NK"], np.stack([of.argmax(1) for of in logits], 1))
    for name, transform in module.MEANS.items():
        for place, number in enumerate(tolerance_conditions.MULTI):
            mean = np.mean([logits[k] for k in fixations(transform, number)], 0)
            np.testing.assert_array_equal(answers[name][:, place], mean.argmax(1))


def photograph_of_another_class(recipe, photograph):
    """The first one from half of the split further on, which wraps around."""
    rows = rows_of(recipe, "validation").tolist()
    start = rows.index(photograph.row) + len(rows) // 2
    for place in range(start, start + len(rows)):
        (other,) = open_dataset(recipe.data.path).photographs("validation", np.array([rows[place % len(rows)]]))
        if other.label != photograph.label:
            return decode_rgb(other.data)
    raise AssertionError("there is one class")


def test_masks_show_the_other_photograph_resized_to_the_crop(small_recipe):
    """A quarter of the side shows the other one's own crop: its middle in the middle, whatever its size."""
    recipe = replace(small_recipe, data=replace(small_recipe.data, eval_crop=0.5))
    image, other = np.zeros((40, 60, 3), np.uint8), np.full((90, 80, 3), 7, np.uint8)
    other[25:65, 20:60] = 200  # its crop, half of the shorter side
    look = Look(mask="scotoma", radius=0.5, mask_fill="photograph")
    (seen,) = looked_at([image], "cartesian", recipe, "evaluation", look, [other])
    assert set(np.unique(seen[12:20, 12:20])) == {200}
    assert set(np.unique(seen[:4])) == {0}


def test_others_are_of_another_class_the_same_for_each_row_and_in_half_of_the_sample(small_recipe):
    label = open_dataset(small_recipe.data.path).rows("validation").label
    rows = rows_of(small_recipe, "validation")
    others = other_rows(small_recipe, rows)
    first = np.array([others[row][0] for row in rows.tolist()])
    assert (label[first] != label[rows]).all()
    assert len(set(first.tolist())) > len(rows) / 2  # most photographs are shown once
    assert others[7][-1] == 7
    of_one = replace(small_recipe, measure=replace(small_recipe.measure, tolerance_images=1))
    [(row, alone)] = other_rows(of_one, tolerance_sample(of_one)).items()
    assert alone.tolist() == [row]


def test_a_faulty_photograph_is_not_shown_but_the_next_of_its_kind(trained, faulty_folder):
    recipe = trained.recipe
    faulty = replace(recipe, data=replace(recipe.data, path=faulty_folder))
    bad = {row for row in rows_of(faulty, "validation").tolist() if not len(_decoded(faulty, np.array([row]))[0])}
    others = other_rows(faulty, np.arange(60))
    row = next(row for row in range(60) if row not in bad and others[row][0] in bad)
    expected = next(other for other in others[row].tolist() if other not in bad)
    ((seen,), (whole,)) = _others(faulty, np.array([row])), _decoded(faulty, np.array([expected]))[0]
    np.testing.assert_array_equal(seen, whole)


def test_the_division_into_pieces_leaves_no_trace(trained, tmp_path):
    found = []
    for piece_rows in (4, 60):
        recipe = replace(
            trained.recipe,
            scan=replace(trained.recipe.scan, piece_rows=piece_rows),
            measure=replace(trained.recipe.measure, tolerance_images=6),
        )
        other, folder = replace(trained, recipe=recipe), str(tmp_path / "pieces")
        found.append(tolerance(other, InProcess(), folder))
        tolerance_files(other, folder).remove()
    assert len(found[0]["row_N"]) == 6
    for name in found[0]:
        assert found[0][name].tobytes() == found[1][name].tobytes(), name


def test_the_sample_is_seeded_ascending_and_the_same_in_both_views(small_recipe):
    recipe = replace(small_recipe, measure=replace(small_recipe.measure, tolerance_images=20))
    rows = tolerance_sample(recipe)
    assert len(rows) == len(set(rows.tolist())) == 20
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, tolerance_sample(replace(recipe, views=("log_polar",))))
    assert rows.tolist() != tolerance_sample(replace(recipe, seed=1)).tolist()
    assert len(tolerance_sample(small_recipe)) == 60


def test_faulty_rows_are_left_out_and_a_piece_may_have_no_other(trained, faulty_folder):
    recipe = trained.recipe
    faulty = replace(trained, recipe=replace(recipe, data=replace(recipe.data, path=faulty_folder)))
    assert tolerance_answers(faulty, np.array([0, 1, 41]))["row_N"].tolist() == [1]
    none, one = tolerance_answers(faulty, np.array([0, 41])), tolerance_answers(faulty, np.array([1]))
    assert {name: (array.dtype, array.shape[1:]) for name, array in none.items()} == {
        name: (array.dtype, array.shape[1:]) for name, array in one.items()
    }


def test_what_the_answers_depend_on_names_the_pieces(trained):
    recipe = trained.recipe
    turned = replace(recipe, geometry=replace(recipe.geometry, seam_degrees=90.0))
    others = [replace(trained, weights="other"), replace(trained, recipe=turned)]
    assert len({tolerance_files(one, "x").name for one in (trained, *others)}) == 3
