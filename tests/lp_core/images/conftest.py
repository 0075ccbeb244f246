"""Real ImageNet photographs for the tests of `lp_core/images`; they skip where the photographs are absent."""

from pathlib import Path

import numpy as np
import pytest

from lp_core.images.crop import centre_crop, resize_crop
from lp_core.images.decode import decode_rgb

SAMPLE = Path(__file__).parents[4] / "shared" / "data" / "imagenet-sample"


@pytest.fixture(scope="session")
def photograph_files() -> list[Path]:
    """Twenty ImageNet photographs of twenty classes."""
    if not SAMPLE.is_dir():
        pytest.skip(f"real photographs are not at {SAMPLE}")
    return sorted(SAMPLE.iterdir())[::25]


@pytest.fixture(scope="session")
def photographs(photograph_files) -> list[np.ndarray]:
    """As decoded, uint8 [H, W, 3]."""
    return [decode_rgb(file.read_bytes()) for file in photograph_files]


@pytest.fixture(scope="session")
def squares(photographs) -> list[np.ndarray]:
    """Their central squares, uint8 [224, 224, 3]."""
    return [resize_crop(image, centre_crop(*image.shape[:2], 0.875), 224) for image in photographs]
