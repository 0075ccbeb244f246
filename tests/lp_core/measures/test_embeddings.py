"""An embedding function that measures cannot rest on is refused in one line."""

import numpy as np
import pytest

from lp_core.errors import SettingError
from lp_core.measures.embeddings import check_embedding_function, checked_embedding


def good(images):
    return images.reshape(len(images), -1, 3).mean(1).astype(np.float32)


def nan(images):
    result = good(images)
    result[2] = np.nan
    return result


def over_the_batch(images):
    result = good(images)
    return result - result.mean(0)


FAULTS = {
    "list": (lambda images: good(images).tolist(), "returns a list; return a NumPy array"),
    "float64": (lambda images: good(images).astype(float), r"float64 \[8, 3\] for 8 images; return float32 \[8, D\]"),
    "one vector": (lambda images: good(images)[0], r"float32 \[3\] for 8 images"),
    "too few": (lambda images: good(images)[1:], r"float32 \[7, 3\] for 8 images"),
    "no dimension": (lambda images: good(images)[:, :0], r"float32 \[8, 0\]"),
    "nan": (nan, "NaN or infinity for 1 of 8 images"),
    "batch": (over_the_batch, "changes by .* with the images beside it"),
    "position": (lambda images: good(images) * np.arange(1, 9, dtype=np.float32)[:, None], "changes by"),
    "constant": (lambda images: np.ones((len(images), 4), np.float32), "the same vector"),
    "dimensions": (
        lambda images: np.repeat(good(images), 1 + (images[-1].max() == 0), 1),
        "returns 3 dimensions, then 6",
    ),
}


def test_a_function_of_each_image_alone_passes():
    check_embedding_function(good, 32, 8, "mine:embed")


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named(fault):
    function, says = FAULTS[fault]
    with pytest.raises(SettingError, match=says) as error:
        check_embedding_function(function, 32, 8, "mine:embed")
    assert str(error.value).startswith("embedding mine:embed: ")
    assert "\n" not in str(error.value)


def test_the_array_is_passed_on():
    result = np.ones((2, 3), np.float32)
    assert checked_embedding(result, 2, "mine:embed") is result
