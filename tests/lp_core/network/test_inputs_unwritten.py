"""Nothing writes into arrays that tensors share: in memory that cannot be written to, a write ends the process."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lp_core.network.inputs import as_tensor
from lp_core.settings import Recipe, ViewSettings

CPU = torch.device("cpu")
ROWS, CLASSES = 10, 12
ARRAYS = {"images": (ROWS, 32, 32, 3), "labels": (ROWS,), "rows": (ROWS,), "threshold": (3,)}


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_a_tensor_is_the_memory_of_its_array(dtype: type, writeable: bool) -> None:
    whole = np.arange(48, dtype=dtype).reshape(4, 4, 3)
    whole.flags.writeable = writeable
    for array in (whole, whole[1:3], whole[:, ::2], whole[:0], whole[0, 0]):
        tensor = as_tensor(array, CPU)
        assert len(array) == 0 or tensor.data_ptr() == array.ctypes.data
        np.testing.assert_array_equal(tensor.numpy(), array)


def mapped(folder: Path) -> dict[str, np.ndarray]:
    """Arrays of files, whose memory cannot be written to."""
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}


def learn(folder: Path) -> None:
    from tasks.from_recipe import learner_of

    arrays, recipe = mapped(folder), pickle.loads((folder / "recipe").read_bytes())
    learner = learner_of(recipe, "log_polar", CLASSES, steps_per_epoch=10)
    for _ in range(2):
        learner.learn(arrays["images"], arrays["labels"], ROWS, arrays["rows"])


def evaluate(folder: Path) -> None:
    from tasks.from_recipe import learner_of

    arrays, recipe = mapped(folder), pickle.loads((folder / "recipe").read_bytes())
    learner_of(recipe, "log_polar", CLASSES, steps_per_epoch=10).evaluate(arrays["images"], arrays["labels"])


def count_rings(folder: Path) -> None:
    from lp_core.exemplars.map_regions import map_regions
    from lp_core.exemplars.ring_sums import ring_sums

    a_NCSR = torch.rand(2, 3, 16, 16).contiguous(memory_format=torch.channels_last)
    regions = map_regions("log_polar", ViewSettings(size=32), "conv2_1")
    ring_sums(a_NCSR, regions, as_tensor(mapped(folder)["threshold"], CPU))


def write(folder: Path) -> None:
    as_tensor(mapped(folder)["labels"], CPU).add_(1)


@pytest.fixture
def folder(tmp_path: Path, small_recipe: Recipe) -> Path:
    random = np.random.default_rng(0)
    drawn = {
        "images": random.integers(0, 256, ARRAYS["images"], np.uint8),
        "labels": random.integers(0, CLASSES, ARRAYS["labels"]),
        "rows": np.arange(ROWS),
        "threshold": random.random(ARRAYS["threshold"], np.float32),
    }
    for name, array in drawn.items():
        np.save(tmp_path / f"{name}.npy", array)
    (tmp_path / "recipe").write_bytes(pickle.dumps(small_recipe))
    return tmp_path


def result_of(function: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = f"from pathlib import Path; from {__name__} import {function}; {function}(Path({str(folder)!r}))"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("function", ["learn", "evaluate", "count_rings"])
def test_arrays_are_only_read(folder: Path, function: str) -> None:
    done = result_of(function, folder)
    assert done.returncode == 0, done.stderr


def test_a_write_would_end_the_process(folder: Path) -> None:
    assert result_of("write", folder).returncode in (-signal.SIGSEGV, -signal.SIGBUS)
