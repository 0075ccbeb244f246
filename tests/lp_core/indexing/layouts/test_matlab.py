"""`matlab` reads struct arrays as SciPy does; damaged files raise ValueError."""

import contextlib
import io

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from lp_core.indexing.layouts.matlab import read_structs
from tests.lp_core.indexing.imagenet_forms import devkit
from tests.lp_core.indexing.mutation import overwritten


@pytest.mark.parametrize("compressed", [True, False])
def test_agrees_with_scipy(compressed: bool) -> None:
    data = devkit(compressed)[0][1]
    ours = read_structs(data, "synsets")
    theirs = loadmat(io.BytesIO(data), squeeze_me=True)["synsets"]
    assert len(ours) == len(theirs) == 4
    for one, other in zip(ours, theirs, strict=True):
        assert one["WNID"] == str(other["WNID"])
        assert one["words"] == str(other["words"])
        assert int(one["ILSVRC2012_ID"][0]) == int(other["ILSVRC2012_ID"])
        assert int(one["num_children"][0]) == int(other["num_children"])


def test_finds_the_struct_among_other_variables() -> None:
    file = io.BytesIO()
    element = np.array([(b"x", 300.5)], [("name", "O"), ("value", "O")])
    savemat(file, {"number": np.arange(6.0), "text": "hello", "cells": np.array([1, "a"], object), "rows": element})
    assert read_structs(file.getvalue(), "rows")[0]["value"].tolist() == [300.5]
    with pytest.raises(ValueError, match="no struct array named other"):
        read_structs(file.getvalue(), "other")


def test_damage_ends_in_a_value_error() -> None:
    whole = devkit(compressed=False)[0][1]
    rng = np.random.default_rng(0)
    for _ in range(300):
        data = overwritten(whole, 4, rng)
        with contextlib.suppress(ValueError):
            read_structs(data[: rng.integers(len(data))], "synsets")
