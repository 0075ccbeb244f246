"""`images/crop` draws torchvision's random crops and resizes as torchvision does."""

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import RandomResizedCrop
from torchvision.transforms.v2 import functional as TF

from lp_core.images.crop import Crop, centre_crop, random_crop, resize_crop

SCALE, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)


def random_crops(height, width, count, **options):
    rng = np.random.default_rng(7)
    settings = {"scale": SCALE, "ratio": RATIO, "flip": 0.5} | options
    return [random_crop(height, width, rng=rng, **settings) for _ in range(count)]


@pytest.mark.parametrize(("height", "width"), [(375, 500), (500, 90), (30, 31)])
def test_distributed_as_torchvisions(height, width):
    torch.manual_seed(7)
    transform = RandomResizedCrop(224, scale=SCALE, ratio=RATIO)
    image = torch.zeros(1, height, width, dtype=torch.uint8)
    theirs = np.array([[p[k] for k in ("top", "left", "height", "width")] for p in draws(transform, image, 1000)])
    ours = np.array([[c.top, c.left, c.height, c.width] for c in random_crops(height, width, 1000)])
    for column in range(4):
        at = np.union1d(ours[:, column], theirs[:, column])
        cumulative = [np.searchsorted(np.sort(x[:, column]), at, side="right") / len(x) for x in (ours, theirs)]
        # Kolmogorov-Smirnov at 0.1 %: 1.95 * sqrt(2 / 1000)
        assert np.abs(cumulative[0] - cumulative[1]).max() < 0.088


def draws(transform, image, count):
    return [transform.make_params([image]) for _ in range(count)]


def test_crops_lie_inside_and_are_whole():
    for crop in random_crops(41, 57, 500):
        assert 0 <= crop.top <= 41 - crop.height
        assert 0 <= crop.left <= 57 - crop.width
        assert all(edge == int(edge) for edge in (crop.top, crop.left, crop.height, crop.width))


@pytest.mark.parametrize("flip", [0.0, 0.3, 1.0])
def test_flips_as_often_as_asked(flip):
    share = np.mean([crop.flip for crop in random_crops(50, 50, 2000, flip=flip)])
    assert abs(share - flip) < 0.05


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(10, 400, Crop(0, 193, 10, 13)), (400, 10, Crop(193, 0, 13, 10)), (1, 1, Crop(0, 0, 1, 1))],
)
def test_falls_back_to_the_largest_central_crop(height, width, expected):
    crop = random_crops(height, width, 1, scale=(1.0, 1.0), flip=0)[0]
    assert crop == expected


def test_same_seed_same_crops():
    assert random_crops(375, 500, 20) == random_crops(375, 500, 20)


@pytest.mark.parametrize(("height", "width"), [(375, 500), (500, 333), (256, 256), (1, 9), (231, 800)])
def test_centre_crop_is_torchvisions_within_a_pixel(height, width):
    crop = centre_crop(height, width, 0.875)
    assert crop.height == crop.width == max(1, round(0.875 * min(height, width)))
    unit = min(height, width) / 256  # px of the photograph per px after Resize(256)
    resized = (256, int(256 * width / height)) if height < width else (int(256 * height / width), 256)
    assert abs(crop.top - round((resized[0] - 224) / 2) * unit) <= unit + 0.5
    assert abs(crop.left - round((resized[1] - 224) / 2) * unit) <= unit + 0.5


@pytest.mark.parametrize(
    ("share", "mean"),
    # grey levels; measured 0.2, 0.5, 0.8, 1.0 on these photographs
    [(0.35, 0.4), (0.75, 0.8), (1.0, 1.2), (2.5, 1.4)],
)
def test_resized_as_torchvision_with_antialias(photographs, share, mean):
    differences = []
    for image in photographs[:10]:
        if share > 1:  # a larger photograph than the sample has
            image = TF.resize(torch.from_numpy(image).permute(2, 0, 1), [900, 900]).permute(1, 2, 0).numpy()
        height, width = (int(min(share, 1) * side) for side in image.shape[:2])
        expected = TF.resized_crop(torch.from_numpy(image).permute(2, 0, 1), 3, 2, height - 3, width - 2, [224, 224])
        ours = resize_crop(image, Crop(3, 2, height - 3, width - 2), 224)
        differences.append(np.abs(ours - expected.permute(1, 2, 0).numpy().astype(float)).mean())
    assert np.mean(differences) < mean


@pytest.mark.parametrize("side", [3, 20, 32, 45, 64, 100, 333])
@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_a_constant_stays_and_a_mirror_mirrors(side, channels):
    image = np.full((side, side + 5, *channels), 77, np.uint8)
    whole = Crop(0, 0, side, side + 5)
    assert (resize_crop(image, whole, 32) == 77).all()
    image = np.random.default_rng(0).integers(0, 256, image.shape, dtype=np.uint8)
    plain = resize_crop(image, whole, 32)
    mirrored = resize_crop(image, Crop(0, 0, side, side + 5, flip=True), 32)
    np.testing.assert_array_equal(mirrored.squeeze(), plain[:, ::-1].squeeze())


@pytest.mark.parametrize("side", [16.0, 32.0, 50.0, 64.0, 90.0])
def test_fractional_edges_continue_whole_ones(side):
    y, x = np.mgrid[:120, :120]
    ramp = np.stack([y, x, 0 * y], axis=-1).astype(np.float32)
    crop = Crop(10.25, 7.5, side, side + 0.5)
    resized = resize_crop(ramp, crop, 32)
    centres = np.arange(32) + 0.5
    np.testing.assert_allclose(resized[:, 0, 0], crop.top + centres * crop.height / 32 - 0.5, atol=0.02)
    np.testing.assert_allclose(resized[0, :, 1], crop.left + centres * crop.width / 32 - 0.5, atol=0.02)
