"""`quarantine` keeps what can be decoded, names the fault of the rest, and stops above the allowed fraction."""

import numpy as np
import pytest

from lp_core.errors import LogpolarError
from lp_core.images.decode import decode_rgb
from lp_core.indexing import quarantine
from lp_core.indexing.collection import Quarantined
from lp_core.indexing.quarantine import check_quarantined_share, why_unusable
from tests.lp_core.indexing.imagenet_forms import jpeg, photos
from tests.lp_core.indexing.mutation import mutated


@pytest.mark.parametrize("photo", photos(), ids=lambda photo: photo.stem)
def test_usable_is_what_can_be_decoded(photo) -> None:
    assert (why_unusable(photo.data, decode=True) is None) == photo.good


def test_the_header_alone_does_not_show_that_pixels_are_missing() -> None:
    cut = jpeg(1)[:-300]
    assert why_unusable(cut) is None
    assert "truncated" in (why_unusable(cut, decode=True) or "")


def test_files_of_unreasonable_length_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MAX_FILE_BYTES", 100)
    assert why_unusable(jpeg(1)) == f"{len(jpeg(1))} bytes are more than the limit of 100"


def test_mutated_photographs_are_decoded_or_refused(capfd: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    whole = [photo.data for photo in photos() if photo.good]
    usable = 0
    for k in range(300):
        data = mutated(whole[k % len(whole)], whole[(5 * k + 1) % len(whole)], rng)
        reason = why_unusable(data)
        if reason is None and _few_pixels(data):
            reason = why_unusable(data, decode=True)
            if reason is None:
                assert decode_rgb(data).ndim == 3
                usable += 1
        assert reason is None or "\n" not in reason
    assert 50 < usable < 250


def _few_pixels(data: bytes) -> bool:
    """Keeps the test short; `benchmarks/index_fuzz.py` decodes the large ones, too."""
    from lp_core.images.decode import image_size

    height, width = image_size(data)
    return height * width < 10**7


@pytest.mark.parametrize(
    ("bad", "share", "stops"), [(0, 0.0, False), (1, 0.0, True), (1, 0.01, False), (2, 0.01, True)]
)
def test_a_share_of_all_files_found_may_be_bad(bad: int, share: float, stops: bool) -> None:
    quarantined = [Quarantined("train", "a", f"a{k}.jpg", "empty") for k in range(bad)]
    if stops:
        with pytest.raises(LogpolarError, match=rf"^{bad} of 100 files are unusable.*a0\.jpg: empty"):
            check_quarantined_share(quarantined, 100 - bad, share)
    else:
        check_quarantined_share(quarantined, 100 - bad, share)
