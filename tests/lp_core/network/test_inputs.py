"""`inputs` normalises images as torchvision does and fills batches up with black."""

import numpy as np
import pytest
import torch
from torchvision.transforms import functional

from lp_core.network.inputs import filled, normalized


def test_input_is_normalised_as_torchvision_does() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
    theirs = functional.normalize(functional.to_tensor(image[0]), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    torch.testing.assert_close(normalized(image, torch.device("cpu"))[0], theirs)


@pytest.mark.parametrize("images", [0, 3, 5])
def test_a_batch_is_filled_up_with_black(images: int) -> None:
    image_N223 = np.full((images, 2, 2, 3), 7, np.uint8)
    full = filled(image_N223, 5)
    assert full.shape == (5, 2, 2, 3)
    assert (full[:images] == 7).all()
    assert (full[images:] == 0).all()
