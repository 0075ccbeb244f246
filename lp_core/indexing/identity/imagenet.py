"""ImageNet's 1,000 classes: wnids and names, by index."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

IMAGENET_CLASSES = 1000
MAX_CLASSES = 1_000_000
"""Our choice: a network's last layer has a row for each."""
_WNIDS = "imagenet_wnids.txt"
"""The wnids of ImageNet's 1,000 classes in sorted order, beside this file. Source: timm's imagenet_synsets.txt; its 500
classes at ../shared/data/imagenet-sample bear the names that torchvision has at the same places."""


def imagenet_names() -> list[str]:
    """torchvision's names of ImageNet's 1,000 classes, by index."""
    from torchvision.models import VGG16_Weights

    return list(VGG16_Weights.IMAGENET1K_V1.meta["categories"])


@cache
def imagenet_wnids() -> list[str]:
    """ImageNet's 1,000 wnids, by index."""
    return files(__package__).joinpath(_WNIDS).read_text("ascii").split()


@cache
def imagenet_name_of() -> Mapping[str, str]:
    """torchvision's names of ImageNet's classes, by wnid."""
    return dict(zip(imagenet_wnids(), imagenet_names(), strict=True))
