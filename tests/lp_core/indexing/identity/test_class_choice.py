"""Classes are found by name, wnid and path; an unknown name meets the nearest."""

from pathlib import PurePath

import pytest

from lp_core.errors import SettingError
from lp_core.indexing.identity.class_choice import chosen_label, described, label_of, label_of_path
from lp_core.indexing.identity.classes import ImageClass, classes_of
from lp_core.indexing.identity.imagenet import imagenet_wnids

CLASSES = [
    ImageClass("English springer", "n02102040"),
    ImageClass("crane", "n02012849"),
    ImageClass("crane", "n03126707"),
    ImageClass("golf ball", "n03445777"),
    ImageClass("spiral"),
]


@pytest.mark.parametrize(
    ("text", "label"), [("golf ball", 3), ("Golf Ball", 3), (" n03445777 ", 3), ("n03126707", 2), ("spiral", 4)]
)
def test_names_and_wnids(text, label):
    assert label_of(CLASSES, text) == chosen_label(CLASSES, text) == label


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("golfball", r"did you mean golf ball \(n03445777\)\?"),
        ("springer", r"did you mean English springer \(n02102040\)\?"),
        ("crane", r"is several: crane \(n02012849\), crane \(n03126707\); give a wnid"),
        ("zzz", r"is none of the network's; the first of 5 is English springer"),
        ("", r"is none of the network's; the first of 5"),
    ],
)
def test_unknown_and_ambiguous_names(text, words):
    assert label_of(CLASSES, text) is None
    with pytest.raises(SettingError, match=words):
        chosen_label(CLASSES, text)


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("val/n02102040/ILSVRC2012_val_00000665.JPEG", 0),
        ("golf ball/1.png", 3),
        ("photos/n03126707_17.JPEG", 2),
        ("photos/ILSVRC2012_val_00000665_n03445777.JPEG", 3),
        ("photos/ILSVRC2012_val_00000665.JPEG", None),
        ("crane/1.png", None),
        ("spiral.png", None),
        ("n09999999/n09999999_1.JPEG", None),
    ],
)
def test_paths(path, label):
    assert label_of_path(CLASSES, PurePath(path)) == label


def test_every_class_of_imagenet_is_found_by_its_wnid():
    classes = classes_of(imagenet_wnids())
    assert [chosen_label(classes, wnid) for wnid in imagenet_wnids()] == list(range(1000))
    assert described(classes[0]) == "tench (n01440764)"
    assert described(ImageClass("n1", "n1")) == "n1"
