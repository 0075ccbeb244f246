"""A recipe survives JSON, cannot be changed, and refuses settings that do not fit together."""

import json
from dataclasses import replace

import pytest

from lp_core.errors import SettingError
from lp_core.settings import (
    DataSettings,
    MeasureSettings,
    NetworkSettings,
    Recipe,
    ScanSettings,
    TrainSettings,
    ViewSettings,
    VisualizeSettings,
    recipe_from_dict,
    to_dict,
)


def test_a_recipe_survives_json(small_recipe):
    assert recipe_from_dict(json.loads(json.dumps(to_dict(small_recipe)))) == small_recipe
    assert hash(small_recipe) == hash(recipe_from_dict(to_dict(small_recipe)))


@pytest.mark.parametrize(("stored", "meant"), [(True, "always"), (False, "auto"), ("never", "never")])
def test_maxima_of_earlier_versions_are_read(small_recipe, stored, meant):
    values = to_dict(small_recipe)
    values["scan"]["maxima"] = stored
    assert recipe_from_dict(values).scan.maxima == meant


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (lambda: DataSettings(limit=0), "data.limit"),
        (lambda: DataSettings(crop_scale=(0.5, 0.2)), "data.crop-scale"),
        (lambda: DataSettings(flip=2), "data.flip"),
        (lambda: DataSettings(eval_crop=0), "data.eval-crop"),
        (lambda: ViewSettings(size=16), "view.size"),
        (lambda: ViewSettings(radius=-1), "view.radius"),
        (lambda: ViewSettings(size=64, sectors=16), "view.sectors"),
        (lambda: ViewSettings(size=64, sectors=100), "view.sectors is 100; .*: 32, 64, 128$"),
        (lambda: ViewSettings(size=64, sectors=256), "view.sectors is 256; .* at least 32 rings: 32, 64, 128$"),
        (lambda: NetworkSettings(width=0), "network.width"),
        (lambda: NetworkSettings(dropout=1), "network.dropout"),
        (lambda: TrainSettings(epochs=0), "train.epochs"),
        (lambda: TrainSettings(batch_size=0), "train.batch-size"),
        (lambda: TrainSettings(learning_rate=float("nan")), "train.learning-rate"),
        (lambda: TrainSettings(checkpoint_every_steps=0), "train.checkpoint-every-steps"),
        (lambda: ScanSettings(batch_size=1), "scan.batch-size"),
        (lambda: VisualizeSettings(channels="best"), "visualize.channels"),
        (lambda: MeasureSettings(sanity_layers=()), "measure.sanity-layers is empty"),
        (lambda: Recipe(name="x", views=()), "views"),
        (lambda: Recipe(name="x", train=TrainSettings(workers=9)), "train.workers"),
        (lambda: Recipe(name="x", train=TrainSettings(batch_size=4)), "train.batch-size"),
    ],
)
def test_an_impossible_setting_is_named(build, names):
    with pytest.raises(SettingError, match=names) as error:
        build()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("size", "near"), [(77, 80), (33, 32), (100, 96), (223, 224), (40, 32)])
def test_a_circle_that_pools_would_break_is_refused(size, near):
    circle = NetworkSettings(angle_padding="circular")
    with pytest.raises(
        SettingError, match=rf"view\.size is {size}, .* multiple of 16, such as {near}, or network.angle"
    ):
        Recipe(name="x", geometry=ViewSettings(size=size), network=circle)
    Recipe(name="x", geometry=ViewSettings(size=near), network=circle)
    Recipe(name="x", geometry=ViewSettings(size=size))
    Recipe(name="x", geometry=ViewSettings(size=size), network=circle, views=("cartesian",))  # nothing is wrapped


def test_a_circle_of_sectors_that_pools_would_break_is_refused():
    circle, geometry = NetworkSettings(angle_padding="circular"), ViewSettings(size=224, sectors=98)
    with pytest.raises(SettingError, match=r"view\.sectors is 98, .* give a multiple of 16, or network.angle-padding"):
        Recipe(name="x", geometry=geometry, network=circle)
    Recipe(name="x", geometry=geometry)
    Recipe(name="x", geometry=replace(geometry, sectors=112), network=circle)


def test_a_network_of_ones_own_has_square_input():
    own = NetworkSettings(modules="any")
    with pytest.raises(SettingError, match=r"view\.sectors is 128, and a network of your own has square input"):
        Recipe(name="x", geometry=ViewSettings(size=64, sectors=128), network=own)
    Recipe(name="x", geometry=ViewSettings(size=64, sectors=64), network=own)


@pytest.mark.parametrize(("size", "sectors", "rings"), [(64, None, 64), (64, 128, 32), (64, 32, 128), (224, 112, 448)])
def test_a_log_polar_input_has_as_many_cells_in_any_shape(size, sectors, rings):
    geometry = ViewSettings(size=size, sectors=sectors)
    assert geometry.shape("log_polar") == (sectors or size, rings)
    assert geometry.shape("cartesian") == (size, size)


def test_settings_cannot_be_changed(small_recipe):
    with pytest.raises(AttributeError):
        small_recipe.seed = 1
    assert replace(small_recipe, seed=1) != small_recipe


@pytest.mark.parametrize(("stored", "meant"), [(True, "on"), (False, "auto"), ("off", "off")])
def test_compile_of_earlier_versions_is_read(small_recipe, stored, meant):
    """It was a flag that had to be asked for."""
    values = json.loads(json.dumps(to_dict(small_recipe)))
    values["train"]["compile"] = stored
    assert recipe_from_dict(values).train.compile == meant
