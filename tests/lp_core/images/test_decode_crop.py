"""The part of a photograph that a crop shows has the pixels of the whole, whichever decoder is there."""

import io
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from lp_core.images import decode_crop as module
from lp_core.images.crop import Crop, centre_crop, random_crop
from lp_core.images.decode import ImageError, decode_rgb
from lp_core.images.decode_crop import decode_crop
from lp_core.images.region_decoder import region_decoder

JPEGS = {
    "4:2:0": {},
    "4:4:4": {"subsampling": 0},
    "4:2:2": {"subsampling": 1},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 3},
    "poor": {"quality": 5},
    "RGB kept": {"keep_rgb": True},
}

needs_regions = pytest.mark.skipif(region_decoder() is None, reason="nvImageCodec is not installed here")


def photograph(seed: int = 0, height: int = 131, width: int = 203) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (9, 13, 3), np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def seen(image_HWC: np.ndarray, crop: Crop) -> np.ndarray:
    top, left = int(crop.top), int(crop.left)
    return image_HWC[top : top + int(crop.height), left : left + int(crop.width)]


@needs_regions
@pytest.mark.parametrize("kind", JPEGS)
def test_a_part_has_the_pixels_of_the_whole(kind):
    data = encoded(photograph(), **JPEGS[kind])
    whole = decode_rgb(data)
    for seed in range(20):
        crop = random_crop(131, 203, (0.02, 0.8), (3 / 4, 4 / 3), 0.5, np.random.default_rng(seed))
        part, moved = decode_crop(data, lambda height, width, crop=crop: crop)
        assert part.shape[0] * part.shape[1] < whole.shape[0] * whole.shape[1]
        assert np.array_equal(seen(part, moved), seen(whole, crop))
        assert moved.flip == crop.flip


@needs_regions
@pytest.mark.parametrize("orientation", [3, 6])
def test_the_orientation_of_a_camera_is_left_alone(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(photograph(), exif=exif)
    crop = Crop(3.0, 7.0, 40.0, 90.0)
    part, moved = decode_crop(data, lambda height, width: crop)
    assert np.array_equal(seen(part, moved), seen(decode_rgb(data), crop))


@needs_regions
def test_a_crop_between_pixels_has_all_that_it_touches():
    part, moved = decode_crop(encoded(photograph()), lambda height, width: Crop(10.25, 20.5, 30.5, 40.25))
    assert part.shape == (31, 41, 3)
    assert (moved.top, moved.left) == (0.25, 0.5)


@pytest.mark.parametrize(
    "data",
    [
        encoded(photograph(), "PNG"),
        encoded(photograph().convert("L")),
        encoded(photograph().convert("CMYK")),
        encoded(photograph())[:-2] + b"\xff\xd8",
        encoded(photograph()),
    ],
    ids=["PNG", "grey", "CMYK", "no end", "JPEG"],
)
@pytest.mark.parametrize("installed", [True, False])
def test_other_files_are_read_as_ever(monkeypatch, data, installed):
    if not installed:
        monkeypatch.setattr(module, "region_decoder", lambda: None)
    choose = lambda height, width: centre_crop(height, width, 0.5)  # noqa: E731
    try:
        whole = decode_rgb(data)
    except ImageError as error:
        with pytest.raises(ImageError, match=str(error)[:20]):
            decode_crop(data, choose)
        return
    part, moved = decode_crop(data, choose)
    assert np.array_equal(seen(part, moved), seen(whole, choose(*whole.shape[:2])))


@needs_regions
def test_the_library_says_nothing_and_leaves_the_environment_alone():
    code = (
        "import os; before = dict(os.environ)\n"
        "from lp_core.images.region_decoder import region_decoder\n"
        "decoder = region_decoder()\n"
        "assert decoder(b'\\xff\\xd8 nonsense', (0, 0, 5, 5)) is None\n"
        "assert dict(os.environ) == before"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True)
    assert done.stdout + done.stderr == ""
