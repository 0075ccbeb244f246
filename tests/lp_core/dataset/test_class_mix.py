"""Distinct classes in a batch of the training order, beside those of random order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import hypergeom

from lp_core.dataset.class_mix import INDEXED_FOR, WELL_MIXED, class_mix, expected_classes, index_mixes, mixing_window
from lp_core.dataset.feed import check_class_mix, open_dataset
from lp_core.dataset.order import epoch_order
from lp_core.errors import LogpolarError
from lp_core.settings import DataSettings, Recipe, TrainSettings, recipe_from_dict, to_dict
from tests.lp_core.indexing.parquet_forms import sorted_by_class
from tests.workflows.index_command import index
from workflows.recipes import RECIPES

ROWS, CLASSES, GROUP = 20_000, 200, 100
SORTED = np.arange(ROWS) * CLASSES // ROWS
MIXED = np.random.default_rng(0).permutation(SORTED)
GROUPS = np.arange(ROWS) // GROUP


def mix(labels, batch=64, lanes=8, window=256, rows=ROWS):
    return class_mix(epoch_order(np.arange(rows), GROUPS[:rows], 0, 0, batch, lanes, window), labels)


@pytest.mark.parametrize("batch", [1, 7, 64, 99])
def test_the_expectation_is_the_hypergeometric_one(batch):
    counts = np.array([1, 2, 3, 50, 43, 1])
    absent = [hypergeom(counts.sum(), k, batch).pmf(0) for k in counts]
    assert expected_classes(counts, batch) == pytest.approx(len(counts) - sum(absent))
    assert expected_classes(counts, counts.sum()) == len(counts)


@pytest.mark.parametrize("window", [256, 4096])
def test_rows_stored_in_random_order_are_mixed_with_any_window(window):
    assert mix(MIXED, window=window).of_random == pytest.approx(1, abs=0.01)


def test_rows_stored_by_class_are_mixed_by_larger_windows_alone():
    shares = [mix(SORTED, window=window).of_random for window in (100, 256, 1024, 4096, ROWS)]
    assert shares == sorted(shares)
    assert shares[0] < 0.3
    assert shares[-1] == pytest.approx(1, abs=0.01)


def test_every_batch_counts_where_they_are_few():
    order = epoch_order(np.arange(60), GROUPS[:60], 0, 0, 16, 4, 60)
    labels = np.arange(60) % 7
    batches = [len(set(labels[order.batch(step)])) for step in range(order.steps)]
    assert class_mix(order, labels).classes == np.mean(batches)


def test_no_rows_no_mix():
    empty = np.zeros(0, np.int64)
    assert class_mix(epoch_order(empty, empty, 0, 0, 8, 2, 4), empty).of_random == 1.0


def test_the_window_that_mends_is_the_first_doubling_that_does():
    window = mixing_window(lambda window: mix(SORTED, window=window), ROWS, 256, WELL_MIXED)
    assert mix(SORTED, window=window).of_random >= WELL_MIXED > mix(SORTED, window=window // 2).of_random


def test_the_index_measures_what_recipes_and_defaults_use():
    imagenet, usual = RECIPES["imagenet"](), Recipe(name="usual")
    used = [(one.train.batch_size, one.data.lanes, one.data.shuffle_window) for one in (imagenet, usual)]
    assert tuple(used) == INDEXED_FOR
    assert [about["classes"] < about["random"] for about in index_mixes(SORTED, GROUPS)] == [True, True]


@pytest.fixture(scope="module")
def by_class(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sorted")
    sorted_by_class(folder)
    return folder


def check(recipe):
    check_class_mix(recipe.data, recipe.seed, recipe.train.batch_size)


def recipe_of(path, window, **data):
    settings = DataSettings(path=str(path), lanes=4, shuffle_window=window, **data)
    return Recipe(name="demo", data=settings, train=TrainSettings(batch_size=32))


def test_training_on_shards_stored_by_class_is_refused_with_what_mends_it(by_class, tmp_path):
    index(str(by_class), str(tmp_path / "in place"))
    recipe = recipe_of(tmp_path / "in place", 32)
    message = r"batch of 32 would hold \d classes \(22 in random order\).*data.shuffle-window (\d+) .*mixed copy"
    with pytest.raises(LogpolarError, match=message) as error:
        check(recipe)
    window = int(str(error.value).partition("data.shuffle-window ")[2].split()[0])
    check(recipe_of(tmp_path / "in place", window))
    check(recipe_of(tmp_path / "in place", 32, min_class_mix=0.0))
    index(str(by_class), str(tmp_path / "mixed"), shuffle=True)
    check(recipe_of(tmp_path / "mixed", 32))


def test_few_rows_that_are_all_shuffled_together_are_never_refused(by_class, tmp_path):
    index(str(by_class), str(tmp_path / "out"))
    rows = len(open_dataset(str(tmp_path / "out")).rows("train"))
    check(recipe_of(tmp_path / "out", rows, min_class_mix=1.0))


def test_the_share_demanded_changes_no_result(small_recipe):
    from lp_core.run.inputs import train_inputs

    lax = replace(small_recipe, data=replace(small_recipe.data, min_class_mix=0.0))
    assert train_inputs(lax, "cartesian", "x") == train_inputs(small_recipe, "cartesian", "x")
    stored = to_dict(small_recipe)
    del stored["data"]["min_class_mix"]  # a run of an earlier version
    assert recipe_from_dict(stored) == small_recipe
    with pytest.raises(LogpolarError, match=r"data\.min-class-mix is 2; give a share"):
        DataSettings(min_class_mix=2)
