"""`feed` yields batches that depend on seed, epoch and row alone, with faulty rows in their places."""

import math
from dataclasses import replace

import numpy as np
import pytest

from lp_core.dataset.feed import FAULTY, Reading, open_dataset, scrambled_crop, shuffled_labels
from lp_core.images import decode_crop
from lp_core.images.crop import Crop, centre_crop, random_crop
from lp_core.images.decode import decode_rgb
from lp_core.images.network_input import network_input
from lp_core.measures.tolerance_conditions import random_mask
from tasks.from_recipe import feed_of, rows_of, scan_feed
from tests.conftest import FAULTY_ROWS


def collect(feed, reading):
    return list(feed.batches(reading))


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_a_training_image_is_a_function_of_seed_epoch_and_row(small_recipe, view):
    feed = feed_of(small_recipe, view)
    step = feed.steps_per_epoch + 3
    [batch] = collect(feed, Reading("train", step, step + 1))
    row = int(batch.rows_N[5])
    [photograph] = open_dataset(small_recipe.data.path).photographs("train", np.array([row]))
    image = decode_rgb(photograph.data)
    data = small_recipe.data
    rng = np.random.default_rng([small_recipe.seed, 1, row])
    crop = random_crop(*image.shape[:2], data.crop_scale, data.crop_ratio, data.flip, rng)
    assert np.array_equal(batch.images_NSRC[5], network_input(image, crop, view, small_recipe.geometry))
    assert batch.labels_N[5] == photograph.label


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_a_random_mask_is_a_function_of_seed_epoch_and_row_and_hides_nothing_in_validation(small_recipe, view):
    masked = replace(small_recipe, data=replace(small_recipe.data, random_masks=0.5))
    plain_feed, feed = feed_of(small_recipe, view), feed_of(masked, view)
    steps = feed.steps_per_epoch
    usual, seen = (
        {
            (batch.index // steps, row): image
            for batch in collect(each, Reading("train", steps - 2, steps + 2))
            for row, image in zip(batch.rows_N.tolist(), batch.images_NSRC, strict=True)
        }
        for each in (plain_feed, feed)
    )
    assert {epoch for epoch, _ in seen} == {0, 1}
    unmasked = [np.array_equal(usual[place], image) for place, image in seen.items()]
    assert 0.3 < np.mean(unmasked) < 0.7  # of 96 images half; a mask may hide nothing
    half = [replace(feed, rank=rank, world=2) for rank in range(2)]
    for batch in (batch for each in half for batch in collect(each, Reading("train", steps, steps + 2))):
        for row, image in zip(batch.rows_N.tolist(), batch.images_NSRC, strict=True):
            assert np.array_equal(image, seen[1, row])
    for batch, same in zip(*(collect(each, Reading("validation", 0, 1)) for each in (plain_feed, feed)), strict=True):
        assert np.array_equal(batch.images_NSRC, same.images_NSRC)


def test_both_views_are_masked_alike_in_the_photograph_with_the_crop_of_a_training_without_masks(small_recipe):
    recipe = replace(small_recipe, data=replace(small_recipe.data, random_masks=1.0))
    for view in recipe.views:
        [batch] = collect(feed_of(recipe, view), Reading("train", 0, 1))
        for row, seen in zip(batch.rows_N.tolist(), batch.images_NSRC, strict=True):
            [photograph] = open_dataset(recipe.data.path).photographs("train", np.array([row]))
            image, data = decode_rgb(photograph.data), recipe.data
            rng = np.random.default_rng([recipe.seed, 0, row])
            crop = random_crop(*image.shape[:2], data.crop_scale, data.crop_ratio, data.flip, rng)
            look = random_mask(1.0, np.random.default_rng([recipe.seed, 0, row, 0x3A5CED]))
            assert look.mask in ("window", "scotoma")
            assert np.array_equal(seen, network_input(image, crop, view, recipe.geometry, look))


def test_shuffled_labels_are_a_permutation_of_the_training_labels_alone(small_recipe):
    shuffled = replace(small_recipe, data=replace(small_recipe.data, shuffle_labels=True))
    feeds = [feed_of(recipe, "cartesian") for recipe in (small_recipe, shuffled)]
    steps = feeds[0].steps_per_epoch
    label = open_dataset(small_recipe.data.path).rows("train").label
    given = {}
    for true, other in zip(*(collect(feed, Reading("train", 0, 2 * steps)) for feed in feeds), strict=True):
        assert np.array_equal(true.images_NSRC, other.images_NSRC)
        assert np.array_equal(true.labels_N, label[true.rows_N])
        for row, seen in zip(other.rows_N.tolist(), other.labels_N.tolist(), strict=True):
            assert given.setdefault(row, seen) == seen  # the same in every epoch
    rows = sorted(given)
    assert rows == feeds[0].used_rows("train").tolist()
    assert sorted(given.values()) == sorted(label[rows])
    assert np.mean([given[row] == label[row] for row in rows]) < 0.25  # chance is 1 / 12
    [batch, *_] = collect(feeds[1], Reading("validation", 0, 1))
    assert np.array_equal(batch.labels_N, open_dataset(small_recipe.data.path).rows("validation").label[batch.rows_N])
    again = replace(shuffled, seed=small_recipe.seed + 1)
    [other] = collect(feed_of(again, "cartesian"), Reading("train", 0, 1))
    assert any(given[row] != seen for row, seen in zip(other.rows_N.tolist(), other.labels_N.tolist(), strict=True))


@pytest.mark.parametrize("limit", [None, 50])
def test_labels_are_shuffled_among_the_rows_in_use(small_recipe, limit):
    data = replace(small_recipe.data, shuffle_labels=True, limit=limit)
    recipe = replace(small_recipe, data=data)
    rows, label = rows_of(recipe, "train"), open_dataset(data.path).rows("train").label
    shuffled = shuffled_labels(data, recipe.seed)
    assert sorted(shuffled[rows]) == sorted(label[rows])
    unused = np.setdiff1d(np.arange(len(label)), rows)
    assert np.array_equal(shuffled[unused], label[unused])


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
@pytest.mark.parametrize("control", ["phase-scrambled", "random-fixations"])
def test_photographs_of_controls_depend_on_seed_and_row_alone(small_recipe, control, view):
    recipe = replace(small_recipe, scan=replace(small_recipe.scan, control=control))
    feed, rows = scan_feed(recipe, view), np.arange(7)
    together = np.concatenate([batch.images_NSRC for batch in feed.evaluation_batches("validation", rows, 7)])
    apart = np.concatenate([batch.images_NSRC for batch in feed.evaluation_batches("validation", rows[::-1], 2)])
    assert np.array_equal(together, apart[::-1])
    [plain] = feed_of(recipe, view).evaluation_batches("validation", rows, 7)
    assert all(not np.array_equal(a, b) for a, b in zip(together, plain.images_NSRC, strict=True))
    [other] = scan_feed(replace(recipe, seed=recipe.seed + 1), view).evaluation_batches("validation", rows, 7)
    assert all(not np.array_equal(a, b) for a, b in zip(together, other.images_NSRC, strict=True))


@pytest.mark.parametrize("crop", [Crop(0, 0, 40, 60), Crop(3.5, 2.25, 30.5, 41.75, flip=True)])
def test_only_the_crop_is_scrambled_and_keeps_its_spectrum(crop):
    image = np.random.default_rng(5).integers(60, 190, (40, 60, 3)).astype(np.uint8)
    part, inside = scrambled_crop(image, crop, np.random.default_rng(0))
    top, left = int(crop.top), int(crop.left)
    expected = image[top : math.ceil(crop.top + crop.height), left : math.ceil(crop.left + crop.width)]
    assert part.shape == expected.shape
    assert (inside.top + top, inside.left + left) == (crop.top, crop.left)
    assert (inside.height, inside.width, inside.flip) == (crop.height, crop.width, crop.flip)
    spectra = [np.abs(np.fft.fft2(values.astype(float), axes=(0, 1))) for values in (part, expected)]
    assert np.corrcoef(spectra[0].ravel(), spectra[1].ravel())[0, 1] > 0.99
    assert abs(np.corrcoef(part.ravel(), expected.ravel())[0, 1]) < 0.2


def test_both_views_see_the_same_rows(small_recipe):
    feeds = [feed_of(small_recipe, view) for view in ("cartesian", "log_polar")]
    first, second = (collect(feed, Reading("train", 0, 4)) for feed in feeds)
    assert [a.rows_N.tolist() for a in first] == [b.rows_N.tolist() for b in second]


def test_an_epoch_holds_every_row_once_over_all_workers(small_recipe):
    feeds = [feed_of(small_recipe, "cartesian", rank, 3) for rank in range(3)]
    steps = feeds[0].steps_per_epoch
    rows = [batch.rows_N for feed in feeds for batch in collect(feed, Reading("train", 0, steps))]
    assert sorted(np.concatenate(rows)) == list(range(240))


def test_validation_batches_cover_the_split_once(small_recipe):
    feeds = [feed_of(small_recipe, "cartesian", rank, 2) for rank in range(2)]
    rows = [b.rows_N for feed in feeds for b in collect(feed, Reading("validation", 0, feed.validation_batches))]
    assert sorted(np.concatenate(rows)) == list(range(60))


def test_evaluation_crops_the_centre(small_recipe):
    feed = feed_of(small_recipe, "cartesian")
    [photograph] = open_dataset(small_recipe.data.path).photographs("validation", np.array([7]))
    image = decode_rgb(photograph.data)
    expected = network_input(image, centre_crop(*image.shape[:2], 1.0), "cartesian", small_recipe.geometry)
    [batch] = feed.evaluation_batches("validation", np.array([7]), 1)
    assert np.array_equal(batch.images_NSRC[0], expected)


def test_a_limit_keeps_a_seeded_choice(small_recipe):
    limited = replace(small_recipe, data=replace(small_recipe.data, limit=50))
    rows = rows_of(limited, "train")
    assert len(rows) == 50
    assert np.array_equal(rows, rows_of(limited, "train"))
    assert not np.array_equal(rows, rows_of(replace(limited, seed=1), "train"))
    assert len(rows_of(limited, "validation")) == 50


def test_faulty_rows_keep_their_place_and_no_other_row_changes(small_recipe, faulty_folder):
    steps = Reading("train", 0, 10)
    whole = collect(feed_of(small_recipe, "cartesian"), steps)
    damaged = collect(
        feed_of(replace(small_recipe, data=replace(small_recipe.data, path=faulty_folder)), "cartesian"), steps
    )
    assert sorted(row for batch in damaged for row in batch.faulty_rows) == FAULTY_ROWS["train"]
    for one, other in zip(whole, damaged, strict=True):
        assert np.array_equal(one.rows_N, other.rows_N)
        good = other.labels_N != FAULTY
        assert np.array_equal(one.images_NSRC[good], other.images_NSRC[good])
        assert np.array_equal(one.labels_N[good], other.usable.labels_N)
        assert np.array_equal(one.rows_N[good], other.usable.rows_N)
        assert not other.images_NSRC[~good].any()


def test_evaluation_leaves_faulty_rows_out(small_recipe, faulty_folder):
    feed = feed_of(replace(small_recipe, data=replace(small_recipe.data, path=faulty_folder)), "log_polar")
    rows = np.arange(60)
    seen = np.concatenate([batch.rows_N for batch in feed.evaluation_batches("validation", rows, 8)])
    assert np.array_equal(seen, np.setdiff1d(rows, FAULTY_ROWS["validation"]))


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
@pytest.mark.parametrize("control", ["none", "phase-scrambled", "random-fixations"])
def test_images_are_the_same_where_whole_photographs_are_decoded(small_recipe, monkeypatch, control, view):
    recipe = replace(
        small_recipe,
        data=replace(small_recipe.data, crop_scale=(0.1, 0.5), eval_crop=0.6),
        scan=replace(small_recipe.scan, control=control),
    )

    def images() -> list[np.ndarray]:
        feed = scan_feed(recipe, view)
        batches = [*collect(feed, Reading("train", 0, 2)), *feed.evaluation_batches("validation", np.arange(9), 9)]
        return [batch.images_NSRC for batch in batches]

    found = images()
    monkeypatch.setattr(decode_crop, "region_decoder", lambda: None)
    assert all(np.array_equal(a, b) for a, b in zip(found, images(), strict=True))
