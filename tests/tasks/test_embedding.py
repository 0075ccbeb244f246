"""Embeddings of photographs: the pixels that a network sees, in any order, any division, after any kill."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from lp_core.dataset.feed import open_dataset
from lp_core.errors import DataError
from lp_core.images.crop import centre_crop
from lp_core.images.decode import decode_rgb
from lp_core.images.network_input import MEAN_COLOUR
from lp_core.images.square import square_about
from tasks import embedding
from tasks.embedders import NetworkEmbedder
from tasks.embedding import embed, embedding_files
from tasks.from_recipe import feed_of
from tasks.pieces import InProcess
from tests.conftest import FAULTY_ROWS
from tests.tasks.trained_network import random_network


@dataclass(frozen=True)
class Pixels:
    """An embedder whose vectors are the pixels."""

    size: int = 32
    batch_size: int = 4
    identity = ("pixels",)

    def embed(self, images_NHWC: np.ndarray) -> np.ndarray:
        assert len(images_NHWC) == self.batch_size
        return images_NHWC.reshape(len(images_NHWC), -1).astype(np.float32)


def test_the_crop_is_the_ordinary_networks_input(small_recipe, tmp_path):
    rows = np.array([5, 3, 17, 3, 40])
    vectors = embed(Pixels(), small_recipe.data, rows, InProcess(), str(tmp_path))
    feed = feed_of(small_recipe, "cartesian")
    for row, vector in zip(rows, vectors, strict=True):
        [batch] = feed.evaluation_batches("validation", np.array([row]), 1)
        np.testing.assert_array_equal(vector.reshape(32, 32, 3), batch.images_NSRC[0])


def test_squares_are_those_about_the_points(small_recipe, tmp_path):
    rows, centre_N2 = np.array([9, 2, 9]), np.array([[3.0, 20.0], [31.0, 31.0], [15.5, 15.5]])
    vectors = embed(Pixels(), small_recipe.data, rows, InProcess(), str(tmp_path), centre_N2=centre_N2, share=0.25)
    dataset = open_dataset(small_recipe.data.path)
    for photograph, centre, vector in zip(dataset.photographs("validation", rows), centre_N2, vectors, strict=True):
        image = decode_rgb(photograph.data)
        expected = square_about(image, centre_crop(*image.shape[:2], 1.0), 32, 0.25, tuple(centre), MEAN_COLOUR)
        np.testing.assert_array_equal(vector.reshape(32, 32, 3), expected)


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_the_division_into_pieces_leaves_no_trace(view, small_recipe, tmp_path, monkeypatch):
    torch.set_num_threads(1)
    embedder = NetworkEmbedder(random_network(small_recipe, tmp_path / "run", view))
    rows, results = np.random.default_rng(0).permutation(43), []
    for batches in (1, 3, 100):
        monkeypatch.setattr(embedding, "PIECE_BATCHES", batches)
        results.append(embed(embedder, small_recipe.data, rows, InProcess(), str(tmp_path / str(batches))))
    assert results[0].tobytes() == results[1].tobytes() == results[2].tobytes()
    order = np.argsort(rows)
    again = embed(embedder, small_recipe.data, rows[order], InProcess(), str(tmp_path / "again"))
    assert again.tobytes() == results[0][order].tobytes()


def test_a_rerun_reads_what_is_finished(small_recipe, tmp_path, monkeypatch):
    rows = np.arange(40)
    first = embed(Pixels(), small_recipe.data, rows, InProcess(), str(tmp_path))
    monkeypatch.setattr(Pixels, "embed", None)
    again = embed(Pixels(), small_recipe.data, rows, InProcess(), str(tmp_path))
    assert again.tobytes() == first.tobytes()
    files = embedding_files(Pixels(), small_recipe.data, str(tmp_path))
    names = {files.name, embedding_files(Pixels(), small_recipe.data, str(tmp_path), share=0.5).name}
    names.add(embedding_files(Pixels(), replace(small_recipe.data, eval_crop=0.5), str(tmp_path)).name)
    assert len(names) == 3


def test_an_image_that_cannot_be_decoded_is_named(small_recipe, faulty_folder, tmp_path):
    data = replace(small_recipe.data, path=faulty_folder)
    row = FAULTY_ROWS["validation"][1]
    with pytest.raises(DataError, match=f"validation row {row}, image .*, cannot be embedded: "):
        embed(Pixels(), data, np.array([1, row]), InProcess(), str(tmp_path))


@pytest.mark.parametrize("centres", [[[1.0, 2.0]], [[1.0, 2.0], [np.nan, 0.0]]])
def test_as_many_finite_centres_as_rows(centres, small_recipe, tmp_path):
    with pytest.raises(ValueError, match="centres for 2 rows"):
        embed(Pixels(), small_recipe.data, np.arange(2), InProcess(), str(tmp_path), centre_N2=np.array(centres))
