"""`imagenet` has names and wnids in one order, those that the photographs bear."""

from __future__ import annotations

import pytest

from lp_core.indexing.identity.imagenet import imagenet_name_of, imagenet_names, imagenet_wnids
from tests.lp_core.indexing.imagenet_forms import (
    SAMPLE,
)


def test_names_and_wnids_of_imagenet_are_in_one_order() -> None:
    wnids, names = imagenet_wnids(), imagenet_names()
    assert (len(wnids), len(set(wnids)), wnids == sorted(wnids)) == (1000, 1000, True)
    known = {0: ("n01440764", "tench"), 207: ("n02099601", "golden retriever"), 999: ("n15075141", "toilet tissue")}
    assert {index: (wnids[index], names[index]) for index in known} == known


@pytest.mark.skipif(not SAMPLE.exists(), reason=f"photographs of ImageNet are not at {SAMPLE}")
def test_names_of_imagenet_are_those_that_its_photographs_bear() -> None:
    named = {path.stem[:9]: path.stem[10:].replace("_", " ") for path in SAMPLE.glob("*.JPEG")}
    # torchvision tells the two cranes apart.
    differ = {wnid: name for wnid, name in imagenet_name_of().items() if named.get(wnid, name) != name}
    assert differ == {"n02012849": "crane bird"}
