"""`scan_files` writes maxima part by part as NumPy writes them whole."""

import io

import numpy as np
import pytest

from lp_core.exemplars.scan_files import write_halves
from lp_core.fingerprint import checksum


@pytest.mark.parametrize("rows", [1, 7, 20])
def test_parts_give_the_file_of_the_whole(rows: int) -> None:
    maxima_NC = np.random.default_rng(0).random((20, 5)).astype(np.float16)
    expected, file = io.BytesIO(), io.BytesIO()
    np.save(expected, maxima_NC)
    parts = (maxima_NC[start : start + rows] for start in range(0, 20, rows))
    assert write_halves(file, maxima_NC.shape, parts) == checksum(expected.getvalue())
    assert file.getvalue() == expected.getvalue()
