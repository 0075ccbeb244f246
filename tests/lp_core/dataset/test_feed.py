from dataclasses import replace

import numpy as np
import pytest

from lp_core.config import SettingError
from lp_core.dataset.feed import Feed, Photograph, Reading, decoded, open_dataset, used_rows
from lp_core.images.crop import centre_crop, random_crop
from lp_core.images.decode import decode_rgb
from lp_core.images.network_input import network_input


def collect(feed, reading):
    return list(feed.batches(reading))


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_a_training_image_is_a_function_of_seed_epoch_and_row(small_recipe, view):
    feed = Feed(small_recipe, view)
    step = feed.steps_per_epoch + 3
    [batch] = collect(feed, Reading("train", step, step + 1))
    row = int(batch.rows_N[5])
    [photograph] = open_dataset(small_recipe.data.path).photographs("train", np.array([row]))
    image = decode_rgb(photograph.data)
    data = small_recipe.data
    rng = np.random.default_rng([small_recipe.seed, 1, row])
    crop = random_crop(*image.shape[:2], data.crop_scale, data.crop_ratio, data.flip, rng)
    assert np.array_equal(batch.images_NSRC[5], network_input(image, crop, view, small_recipe.view))
    assert batch.labels_N[5] == photograph.label


def test_both_views_see_the_same_rows(small_recipe):
    first, second = (collect(Feed(small_recipe, view), Reading("train", 0, 4)) for view in ("cartesian", "log_polar"))
    assert [a.rows_N.tolist() for a in first] == [b.rows_N.tolist() for b in second]


def test_an_epoch_holds_every_row_once_over_all_workers(small_recipe):
    feeds = [Feed(small_recipe, "cartesian", rank, 3) for rank in range(3)]
    steps = feeds[0].steps_per_epoch
    rows = [batch.rows_N for feed in feeds for batch in collect(feed, Reading("train", 0, steps))]
    assert sorted(np.concatenate(rows)) == list(range(240))


def test_validation_batches_cover_the_split_once(small_recipe):
    feeds = [Feed(small_recipe, "cartesian", rank, 2) for rank in range(2)]
    rows = [b.rows_N for feed in feeds for b in collect(feed, Reading("validation", 0, feed.validation_batches))]
    assert sorted(np.concatenate(rows)) == list(range(60))


def test_evaluation_crops_the_centre(small_recipe):
    feed = Feed(small_recipe, "cartesian")
    [photograph] = open_dataset(small_recipe.data.path).photographs("validation", np.array([7]))
    image = decode_rgb(photograph.data)
    expected = network_input(image, centre_crop(*image.shape[:2], 1.0), "cartesian", small_recipe.view)
    assert np.array_equal(feed.evaluation_image("validation", 7), expected)


def test_a_limit_keeps_a_seeded_choice(small_recipe):
    limited = replace(small_recipe, data=replace(small_recipe.data, limit=50))
    rows = used_rows(limited, "train")
    assert len(rows) == 50
    assert np.array_equal(rows, used_rows(limited, "train"))
    assert not np.array_equal(rows, used_rows(replace(limited, seed=1), "train"))
    assert len(used_rows(limited, "validation")) == 50


def test_a_photograph_that_cannot_be_decoded_is_named():
    with pytest.raises(SettingError, match="row 3, image abc: "):
        decoded(Photograph(3, "abc", 0, b"not an image"))
