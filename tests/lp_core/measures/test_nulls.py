"""`nulls`: null images and channels keep what they must and lose what they must."""

import numpy as np
import pytest

from lp_core.images.crop import centre_crop
from lp_core.images.network_input import network_input
from lp_core.measures.nulls import mixed_channels, phase_scrambled, random_fixation, random_rotation
from lp_core.settings import ViewSettings


@pytest.fixture
def photograph():
    rng = np.random.default_rng(0)
    image = np.full((40, 55, 3), 0.4)
    image[10:30, 15:40] = (0.9, 0.2, 0.1)
    return image + 0.02 * rng.random(image.shape)


def spectra(image):
    return np.fft.fft2(image, axes=(0, 1))


def test_scrambling_keeps_spectrum_mean_and_correlation_of_colours(photograph):
    scrambled = phase_scrambled(photograph, np.random.default_rng(1))
    before, after = spectra(photograph), spectra(scrambled)
    np.testing.assert_allclose(np.abs(after), np.abs(before), atol=1e-9)
    np.testing.assert_allclose(scrambled.mean((0, 1)), photograph.mean((0, 1)))
    cross_before, cross_after = (s[..., 0] * s[..., 1].conj() for s in (before, after))
    np.testing.assert_allclose(cross_after, cross_before, atol=1e-7)


def by_whole_spectra(image, rng):
    """Slow twin: complex transforms of the whole spectrum, with the phase as an angle."""
    phase = np.angle(np.fft.fft2(rng.standard_normal(image.shape[:2])))
    phase[0, 0] = 0.0
    return np.fft.ifft2(spectra(image) * np.exp(1j * phase)[..., None], axes=(0, 1)).real


@pytest.mark.parametrize("shape", [(64, 64, 3), (31, 50, 3), (50, 31, 1), (1, 6, 3)])
def test_scrambling_equals_its_slow_twin(shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    slow = by_whole_spectra(image.astype(np.float64), np.random.default_rng(1))
    np.testing.assert_allclose(phase_scrambled(image.astype(float), np.random.default_rng(1)), slow, atol=1e-9)
    rounded = np.clip(np.rint(slow), 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(phase_scrambled(image, np.random.default_rng(1)), rounded)


@pytest.mark.parametrize("shape", [(8, 8, 3), (7, 10, 3), (9, 5, 1), (1, 1, 3)])
def test_scrambling_is_real_for_every_size(shape):
    image = np.random.default_rng(0).random(shape)
    scrambled = phase_scrambled(image, np.random.default_rng(1))
    np.testing.assert_allclose(np.abs(spectra(scrambled)), np.abs(spectra(image)), atol=1e-9)


def test_scrambling_removes_edges_and_varies(photograph):
    a, b = (phase_scrambled(photograph, np.random.default_rng(seed)) for seed in (1, 2))
    assert np.abs(np.corrcoef(a.ravel(), photograph.ravel())[0, 1]) < 0.9
    assert not np.allclose(a, b)
    np.testing.assert_array_equal(a, phase_scrambled(photograph, np.random.default_rng(1)))

    def peakedness(image):
        step = np.diff(image[..., 0] - image[..., 0].mean(), axis=1).ravel()
        return (step**4).mean() / (step**2).mean() ** 2

    assert peakedness(photograph) > 3 * peakedness(a)


def test_integers_are_rounded_and_clipped(photograph):
    image = np.rint(255 * photograph).astype(np.uint8)
    scrambled = phase_scrambled(image, np.random.default_rng(1))
    exact = phase_scrambled(image.astype(np.float64), np.random.default_rng(1))
    assert scrambled.dtype == np.uint8
    np.testing.assert_allclose(scrambled, np.clip(exact, 0, 255), atol=0.5)
    with pytest.raises(ValueError, match=r"\(40, 55\)"):
        phase_scrambled(image[..., 0], np.random.default_rng(1))


@pytest.mark.parametrize("channels", [1, 2, 64])
def test_rotations_are_orthogonal(channels):
    rotation = random_rotation(channels, np.random.default_rng(0))
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(channels), atol=1e-12)


def test_rotations_are_uniform():
    rng = np.random.default_rng(0)
    entry = np.array([random_rotation(3, rng)[0, 0] for _ in range(3000)])
    # A coordinate of a uniform point of the sphere is uniform on [-1, 1].
    assert np.histogram(entry, 4, (-1, 1))[0] == pytest.approx([750] * 4, abs=100)


def test_mixing_keeps_what_the_layer_says_at_every_place():
    rng = np.random.default_rng(0)
    maps = rng.random((2, 5, 3, 4)).astype(np.float32)
    rotation = random_rotation(5, rng)
    mixed = mixed_channels(maps, rotation)
    expected = [[sum(rotation[c, k] * maps[n, k] for k in range(5)) for c in range(5)] for n in range(2)]
    np.testing.assert_allclose(mixed, expected, atol=1e-6)
    assert mixed.dtype == np.float32
    np.testing.assert_allclose((mixed**2).sum(1), (maps**2).sum(1), rtol=1e-5)
    with pytest.raises(ValueError, match="5 channels"):
        mixed_channels(maps, np.eye(4))
    with pytest.raises(ValueError, match="0 channels"):
        random_rotation(0, rng)


def test_both_views_look_at_the_same_points_of_a_grid_of_eleven():
    looks = [random_fixation("log_polar", np.random.default_rng(seed)).gaze_shift_yx for seed in range(400)]
    crops = [random_fixation("cartesian", np.random.default_rng(seed)).crop_shift_yx for seed in range(400)]
    assert looks == crops
    for axis in (0, 1):
        steps, count = np.unique([look[axis] for look in looks], return_counts=True)
        np.testing.assert_allclose(steps, np.linspace(-0.25, 0.25, 11), atol=1e-12)
        assert count.min() > 15


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_what_photographers_put_in_the_middle_is_lost_and_nothing_else(view):
    """Brightness near the fixation: a bright thing in the middle loses most of it, evenly bright noise nothing."""
    settings, (y, x) = ViewSettings(size=64), np.mgrid[:96, :96] - 47.5
    inner = (slice(None), slice(0, 24)) if view == "log_polar" else (slice(26, 38), slice(26, 38))
    middle = np.repeat(np.where(np.hypot(y, x) < 12, 255, 0)[..., None], 3, 2).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8)

    def brightness(image, look=None):
        seen = network_input(image, centre_crop(96, 96, 0.6), view, settings, **({"look": look} if look else {}))
        return seen[inner].mean()

    looks = [random_fixation(view, np.random.default_rng(seed)) for seed in range(40)]
    for image, low, high in ((middle, 0.05, 0.6), (noise, 0.9, 1.1)):
        moved = np.mean([brightness(image, look) for look in looks])
        assert low < moved / brightness(image) < high
