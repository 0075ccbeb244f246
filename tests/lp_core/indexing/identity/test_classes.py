"""`classes` names numbered classes, and reads wnids from file names."""

from __future__ import annotations

import numpy as np
import pytest

from lp_core.indexing.identity.classes import numbered_classes, wnids_by_label
from lp_core.indexing.identity.imagenet import imagenet_wnids


@pytest.mark.parametrize("wnids", [{}, {3: "n01491361"}, {3: "n09999999"}])
def test_a_thousand_numbered_classes_are_imagenet_s_unless_a_wnid_contradicts(wnids: dict[int, str]) -> None:
    classes = numbered_classes(1000, wnids)
    same = 3 not in wnids or wnids[3] == imagenet_wnids()[3]
    assert classes[0].name == ("tench" if same else "class 0")
    assert classes[3].name == ("tiger shark" if same else "n09999999")


def test_wnids_come_from_the_end_of_the_name_before_its_beginning() -> None:
    paths = ["n00000001_7_n01440764.JPEG", "n02105855_3.JPEG", "IMG_3.JPEG", "n99999999_1.JPEG", None]
    assert wnids_by_label(paths, np.array([0, 1, 2, -1, 3])) == {0: "n01440764", 1: "n02105855"}
