"""Embedders: pooled features of a network against a slow twin; functions of a user's, wherever a process starts."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from lp_core.errors import SettingError
from lp_core.images.network_input import log_polar_map
from lp_core.network.inputs import MEAN, STD
from tasks.embedders import ImportedEmbedder, NetworkEmbedder, imported_embedder
from tasks.networks import kept_network
from tests.tasks.trained_network import random_network

MINE = """
import numpy as np

def colours(images):
    return images.mean((1, 2)).astype(np.float32)

def wide(images):
    return images.mean((1, 2))

def broken(images):
    return images[0] / None
"""
IMAGES = np.random.default_rng(3).integers(0, 256, (8, 32, 32, 3), np.uint8)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A current folder with a user's module, which is forgotten again."""
    (tmp_path / "my_vectors.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("my_vectors", None)


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_a_networks_vector_is_the_mean_of_its_last_map(view, small_recipe, tmp_path):
    trained = random_network(replace(small_recipe, network=replace(small_recipe.network, width=1 / 8)), tmp_path, view)
    embedding = NetworkEmbedder(trained).embed(IMAGES)
    network, _ = kept_network(trained, classifier=False)
    for image, vector in zip(IMAGES, embedding, strict=True):
        seen = log_polar_map(trained.recipe.geometry).warp(image) if view == "log_polar" else image
        x = torch.tensor((seen / 255 - MEAN) / STD, dtype=torch.float32).permute(2, 0, 1)[None]
        with torch.no_grad():
            [map_CSR] = network.features(x).numpy()
        expected = [sum(channel.ravel().tolist()) / channel.size for channel in map_CSR]
        np.testing.assert_allclose(vector, expected, rtol=1e-3, atol=1e-5)
    assert embedding.dtype == np.float32
    assert embedding.std(0).max() > 0


def test_other_weights_are_another_embedder(small_recipe, tmp_path):
    one, other = (NetworkEmbedder(random_network(small_recipe, tmp_path, "cartesian", seed)) for seed in (1, 2))
    assert one.identity != other.identity


def test_a_users_function_embeds_also_where_a_process_starts_elsewhere(folder, monkeypatch, tmp_path_factory):
    embedder = imported_embedder("my_vectors:colours", 32)
    np.testing.assert_allclose(embedder.embed(IMAGES), IMAGES.mean((1, 2)), rtol=1e-6)
    del sys.modules["my_vectors"]
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    np.testing.assert_allclose(embedder.embed(IMAGES), IMAGES.mean((1, 2)), rtol=1e-6)
    assert str(folder) not in sys.path


def test_changed_code_is_another_embedder(folder):
    before = imported_embedder("my_vectors:colours", 32)
    (folder / "my_vectors.py").write_text(MINE + "\n# changed\n")
    assert imported_embedder("my_vectors:colours", 32).identity != before.identity


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("my_vector:colours", "no module my_vector in the current folder"),
        ("my_vectors:colour", "my_vectors.py has no function colour; did you mean colours?"),
        ("my_vectors:wide", r"returns float64 \[32, 3\] for 32 images; return float32"),
        ("my_vectors:broken", "my_vectors.py, line 11: TypeError"),
        ("my_vectors", "give MODULE:FUNCTION"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(folder, name, says):
    with pytest.raises(SettingError, match=says) as error:
        imported_embedder(name, 32)
    assert str(error.value).startswith(f"embedding {name}: ")


def test_a_node_without_the_module_names_the_folder(tmp_path):
    embedder = ImportedEmbedder("absent_vectors:colours", 32, "/home/me/experiment", "")
    with pytest.raises(SettingError, match=r"no module absent_vectors in .*, /home/me/experiment or"):
        embedder.embed(IMAGES)
