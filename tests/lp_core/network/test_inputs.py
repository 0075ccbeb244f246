"""`inputs` normalises images as torchvision does and fills batches up with black."""

import numpy as np
import pytest

from lp_core.network.inputs import filled


@pytest.mark.parametrize("images", [0, 3, 5])
def test_a_batch_is_filled_up_with_black(images: int) -> None:
    image_N223 = np.full((images, 2, 2, 3), 7, np.uint8)
    full = filled(image_N223, 5)
    assert full.shape == (5, 2, 2, 3)
    assert (full[:images] == 7).all()
    assert (full[images:] == 0).all()
