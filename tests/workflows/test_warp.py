"""`warp` maps one picture to its log-polar image and back."""

import cv2
import numpy as np
import pytest

from lp_core.errors import LogpolarError
from lp_core.images.decode import decode_rgb
from lp_core.images.log_polar import LogPolarMap
from workflows.warp import MapOptions, warp


@pytest.fixture
def picture(tmp_path):
    y, x = np.mgrid[:90, :120]
    image = np.stack([2 * y, 2 * x, 200 - y], axis=-1).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "photograph.png"), image[..., ::-1])
    return tmp_path / "photograph.png", image


def test_there(picture, tmp_path):
    path, image = picture
    output = warp(
        path, tmp_path / "rings.png", MapOptions(size=64, law="opencv", fixation=(40.0, 50.0), prefilter=False)
    )
    expected = LogPolarMap(
        size=(90, 120), sectors=64, rings=64, law="opencv", fixation_yx=(40.0, 50.0), prefilter=False
    )
    np.testing.assert_array_equal(decode_rgb(output.read_bytes()), expected.warp(image))


def test_the_photograph_is_not_written_over(picture, tmp_path):
    path, image = picture
    (tmp_path / "link.png").symlink_to(path)
    for output in (path, tmp_path / "link.png", tmp_path / "." / path.name):
        with pytest.raises(LogpolarError, match="is the picture to read; name another"):
            warp(path, output)
    np.testing.assert_array_equal(decode_rgb(path.read_bytes()), image)


def test_and_back(tmp_path):
    y, x = np.mgrid[:100, :100]
    image = np.stack([2 * y, 2 * x, 200 - y], axis=-1).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "photograph.png"), image[..., ::-1])
    warp(tmp_path / "photograph.png", tmp_path / "rings.png", MapOptions(radius="inscribed"))
    warp(tmp_path / "rings.png", tmp_path / "back.png", MapOptions(size=100, radius="inscribed"), inverse=True)
    back = cv2.cvtColor(cv2.imread(str(tmp_path / "back.png"), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)
    seen = back[..., 3] == 255
    assert 0.74 < seen.mean() < 0.79  # the inscribed disc
    assert np.abs(back[..., :3].astype(int) - image)[seen].max() <= 3


def test_jpeg_has_no_alpha(picture, tmp_path):
    output = warp(picture[0], tmp_path / "back.jpg", MapOptions(size=50), inverse=True)
    assert decode_rgb(output.read_bytes()).shape == (50, 50, 3)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"size": 0}, "--size is 0; give 1 to 8192"),
        ({"radius": -3.0}, "radius is -3 px"),
        ({"fixation": (float("nan"), 1.0)}, "fixation_yx is"),
        ({"inverse": True, "inverse_kind": "published"}, "no published inverse"),
        ({"output": "rings.xyz"}, "no picture format ends like this"),
        ({"output": "rings"}, "no picture format ends like this"),
        ({"output": "nowhere/rings.png"}, "is not a folder"),
        ({"input": "nothing.png"}, "does not exist"),
        ({"input": "."}, "cannot be read"),
        ({"input": "text.jpg"}, "not an image"),
        ({"input": "empty.jpg"}, "the file is empty"),
    ],
)
def test_errors_are_one_line(picture, tmp_path, options, reason):
    (tmp_path / "text.jpg").write_text("this is no picture")
    (tmp_path / "empty.jpg").touch()
    source, target = options.pop("input", picture[0].name), options.pop("output", "out.png")
    about = {name: options.pop(name) for name in ("inverse", "inverse_kind") if name in options}
    with pytest.raises(LogpolarError, match=reason) as error:
        warp(tmp_path / source, tmp_path / target, MapOptions(**options), **about)
    assert "\n" not in str(error.value)
