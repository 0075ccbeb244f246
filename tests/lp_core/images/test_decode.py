"""`decode` yields Pillow's pixels, and names what is wrong with a file that it refuses."""

import io
import struct
import subprocess
import sys
import zlib
from functools import partial

import cv2
import numpy as np
import pytest
from PIL import Image

from lp_core.images import decode
from lp_core.images.decode import ImageError, decode_rgb, image_size


def encoded(image: np.ndarray, mode: str | None = None, kind: str = "JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray(image)
    (picture.convert(mode) if mode else picture).save(buffer, kind, **options)
    return buffer.getvalue()


def by_pillow(data: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(data)).convert("RGB"))


def smooth(height: int = 61, width: int = 83) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([2 * y, 3 * x % 256, 255 - y - x], axis=-1).astype(np.uint8)


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[0x0112] = orientation
    return data


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        (None, "JPEG", {}),
        (None, "JPEG", {"progressive": True}),
        (None, "JPEG", {"subsampling": 0, "quality": 30}),
        (None, "JPEG", {"exif": exif(6)}),
        ("L", "JPEG", {}),
        ("CMYK", "JPEG", {}),
        (None, "PNG", {}),
        ("RGBA", "PNG", {}),
        ("L", "PNG", {}),
        ("LA", "PNG", {}),
        ("P", "PNG", {}),
        ("1", "PNG", {}),
        (None, "WEBP", {"lossless": True}),
        (None, "BMP", {}),
        (None, "GIF", {}),
        (None, "TIFF", {}),
        ("RGBA", "GIF", {}),
        ("P", "GIF", {"transparency": 3}),
        ("RGBA", "WEBP", {"lossless": True}),
        (None, "JPEG2000", {}),
        (None, "TGA", {}),
        (None, "QOI", {}),
        ("CMYK", "TIFF", {}),
        (None, "AVIF", {}),
        ("RGBA", "AVIF", {}),
    ],
)
def test_equals_pillow(mode, kind, options):
    data = encoded(smooth(), mode, kind, **options)
    image = decode_rgb(data)
    expected = by_pillow(data)
    assert image.dtype == np.uint8
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() <= 1
    assert image_size(data) == expected.shape[:2]


def test_equals_pillow_on_photographs(photograph_files):
    for file in photograph_files:
        data = file.read_bytes()
        assert np.abs(decode_rgb(data).astype(int) - by_pillow(data)).max() <= 1, file.name


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_truncated_files_say_so(kind, share):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(noise, kind=kind)
    with pytest.raises(ImageError, match=r"damaged|not an image") as error:
        decode_rgb(data[: int(len(data) * share)])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\xff\xd8", "not an image"),
        (b"hello world, I am a text file", "not an image"),
        (b"\x89PNG\r\n\x1a\n", r"not an image|damaged"),
        (b"\x00" * 1000, "not an image"),
    ],
)
def test_what_is_no_image_is_named(data, reason):
    with pytest.raises(ImageError, match=reason):
        decode_rgb(data)


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True}), ("AVIF", {}), ("TIFF", {}), ("JPEG2000", {})]
)
def test_colours_behind_transparency_are_pillow_s(kind, options):
    alpha = smooth()[..., 1:2]
    data = encoded(np.concatenate([smooth(), alpha], axis=-1), kind=kind, **options)
    assert np.abs(decode_rgb(data).astype(int) - by_pillow(data)).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_s_transparent_colour_is_pillow_s(kind):
    file = io.BytesIO()
    Image.fromarray(smooth()).quantize(16).save(file, kind, transparency=3)
    assert np.array_equal(decode_rgb(file.getvalue()), by_pillow(file.getvalue()))


FLOATS = smooth()[..., 0].astype(np.float32) / 255
COLOURS = smooth().astype(np.float32) / 255


def by_opencv(image: np.ndarray, kind: str) -> bytes:
    return cv2.imencode(f".{kind}", image)[1].tobytes()


@pytest.mark.parametrize("reduce", [1, 2])
@pytest.mark.parametrize(
    ("data", "what"),
    [
        (encoded(FLOATS, kind="TIFF"), "floating-point"),
        (encoded(FLOATS, kind="PPM"), "floating-point"),
        (by_opencv(COLOURS, "tiff"), "floating-point"),
        (by_opencv(FLOATS.astype(np.float64), "tiff"), "floating-point"),
        (by_opencv(COLOURS, "pfm"), "floating-point"),
        (by_opencv(COLOURS, "hdr"), "floating-point"),
        (encoded(smooth()[..., 0].astype(np.int32), kind="TIFF"), "32-bit or signed"),
        (by_opencv(smooth()[..., 0].astype(np.int16), "tiff"), "32-bit or signed"),
    ],
)
def test_numbers_without_a_known_white_are_refused(data, what, reduce):
    for read in (image_size, partial(decode_rgb, reduce=reduce)):
        with pytest.raises(ImageError, match=f"its pixels are {what} numbers, .* convert it to 8 bits"):
            read(data)


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("kind", ["png", "tiff", "pnm", "jp2"])
def test_16_bits_are_divided_by_256(kind, colour):
    image = smooth() if colour else smooth()[..., 0]
    data = by_opencv(image[..., ::-1].astype(np.uint16) * 257 if colour else image.astype(np.uint16) * 257, kind)
    expected = image if colour else np.repeat(image[..., None], 3, axis=2)
    assert np.abs(decode_rgb(data).astype(int) - expected).max() <= 2


def test_16_bits_that_opencv_does_not_read_are_divided_by_256(monkeypatch):
    data = encoded(smooth()[..., 0].astype(np.uint16) * 257, kind="PNG")
    monkeypatch.setattr(cv2, "imdecode", lambda *arguments: None)
    assert np.array_equal(decode_rgb(data), np.repeat(smooth()[..., :1], 3, axis=2))


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG", "WEBP", "AVIF"])
def test_of_several_pictures_the_first_is_taken(kind):
    pictures = [Image.fromarray(picture) for picture in (smooth(), smooth()[::-1].copy())]
    file = io.BytesIO()
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:])
    assert np.abs(decode_rgb(file.getvalue()).astype(int) - by_pillow(file.getvalue())).max() <= 1


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC file"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "a HEIC file"),
        (b"\xff\x0a\xfa\x7f", "a JPEG XL file"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL file"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a camera's raw file"),
    ],
)
def test_pictures_that_are_not_read_are_named_whatever_they_are_called(data, what):
    with pytest.raises(ImageError, match=f"^{what}, which is not read; convert it to JPEG or PNG$"):
        decode_rgb(data + bytes(100))


def claiming(height: int, width: int) -> bytes:
    """A small PNG whose header claims another size."""
    data = encoded(smooth(), kind="PNG")
    body = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + body + struct.pack(">I", zlib.crc32(body)) + data[33:]


def test_a_decompression_bomb_is_refused_by_its_header():
    with pytest.raises(ImageError, match="3000000000 pixels"):
        decode_rgb(claiming(50_000, 60_000))
    jpeg = bytearray(encoded(smooth()))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 40_000, 50_000)
    with pytest.raises(ImageError, match="50000 x 40000 px is more than the limit"):
        decode_rgb(bytes(jpeg))


def test_bgr_only_opencv_gives_the_same(monkeypatch):
    data = encoded(smooth())
    expected = decode_rgb(data)
    monkeypatch.setattr(decode, "_RGB", None)
    np.testing.assert_array_equal(decode_rgb(data), expected)


@pytest.mark.parametrize("reduce", [2, 4, 8])
def test_reduced_is_near_the_mean_over_blocks(photograph_files, reduce):
    data = photograph_files[0].read_bytes()
    full, small = decode_rgb(data).astype(float), decode_rgb(data, reduce=reduce)
    assert small.shape[:2] == tuple(-(-side // reduce) for side in full.shape[:2])
    rows, columns = (side // reduce * reduce for side in full.shape[:2])
    means = full[:rows, :columns].reshape(rows // reduce, reduce, columns // reduce, reduce, 3).mean((1, 3))
    assert np.abs(small[: rows // reduce, : columns // reduce] - means).mean() < 2


def test_decode_workers_do_not_import_torch():
    code = "import sys, lp_core.images.network_input, lp_core.images.decode; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
