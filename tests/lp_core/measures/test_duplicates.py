"""`duplicates`: near-duplicate photographs are found by their hash, different ones are not."""

import itertools
from fractions import Fraction

import cv2
import numpy as np
import pytest

from lp_core.measures.duplicates import MOST_BITS, difference_hash, different_pairs


@pytest.fixture
def photographs():
    """Smooth random pictures."""
    rng = np.random.default_rng(0)
    return [
        cv2.resize(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC)
        for _ in range(20)
    ]


def reference_hash(image: np.ndarray) -> int:
    """Means of cells as fractions, cell by cell."""
    number = 0
    for i in range(8):
        means = []
        for j in range(9):
            rows = slice(i * image.shape[0] // 8, (i + 1) * image.shape[0] // 8)
            cell = image[rows, j * image.shape[1] // 9 : (j + 1) * image.shape[1] // 9].reshape(-1, 3)
            red, green, blue = cell.sum(0, dtype=int).tolist()
            means.append(Fraction(299 * red + 587 * green + 114 * blue, len(cell)))
        for left, right in itertools.pairwise(means):
            number = 2 * number + (right > left)
    return number


def bits(a: int, b: int) -> int:
    return (a ^ b).bit_count()


def test_each_bit_compares_two_neighbours():
    image = np.zeros((8, 9, 3), np.uint8)
    image[0, 3:] = 200
    image[7] = np.arange(9)[:, None]
    assert difference_hash(image) == 1 << (63 - 2) | 0xFF


@pytest.mark.parametrize("shape", [(8, 9), (31, 40), (240, 320), (375, 375)])
def test_equal_to_comparing_exact_means(shape):
    rng = np.random.default_rng(sum(shape))
    for levels in (2, 256):  # few levels make cells of equal brightness, which no rounding may tell apart
        image = rng.integers(0, levels, (*shape, 3), dtype=np.uint8)
        image[: shape[0] // 2] = image[0, 0]
        assert difference_hash(image) == reference_hash(image)
        assert difference_hash(image[:, ::-1]) == reference_hash(image[:, ::-1])


def test_nearly_equal_photographs_have_nearly_equal_hashes(photographs):
    for image in photographs:
        own = difference_hash(image)
        brighter = np.clip(image.astype(int) + 12, 0, 255).astype(np.uint8)
        half = cv2.resize(image, (160, 120), interpolation=cv2.INTER_AREA)
        compressed = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_COLOR)
        assert all(bits(own, difference_hash(other)) <= MOST_BITS for other in (brighter, half, compressed))
        assert bits(own, difference_hash(image[:, ::-1])) > MOST_BITS


def test_pairs_that_differ(photographs):
    hashes = np.array([difference_hash(image) for image in photographs], np.uint64)
    hash_CK = np.stack([hashes[:5], hashes[[0, 0, 1, 2, 2]]])
    expected = [
        [bits(int(row[i]), int(row[j])) > MOST_BITS for i in range(5) for j in range(i + 1, 5)] for row in hash_CK
    ]
    np.testing.assert_array_equal(different_pairs(hash_CK), expected)
    assert different_pairs(hash_CK).sum(1).tolist() == [10, 8]


def test_other_numbers_than_bytes_are_refused():
    with pytest.raises(ValueError, match="holds float64; give uint8"):
        difference_hash(np.zeros((8, 9, 3)))


@pytest.mark.parametrize("shape", [(240, 320), (7, 9, 3), (8, 8, 3), (8, 9, 4)])
def test_what_is_no_photograph_is_refused(shape):
    with pytest.raises(ValueError, match="at least 8 x 9 px"):
        difference_hash(np.zeros(shape, np.uint8))
