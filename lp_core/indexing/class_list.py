"""The class list of a collection, from whatever names its classes."""

from __future__ import annotations

import numpy as np

from lp_core.errors import DataError, check
from lp_core.indexing.identity.classes import ImageClass, check_wnids, classes_of, numbered_classes, wnids_by_label
from lp_core.indexing.identity.imagenet import MAX_CLASSES
from lp_core.indexing.reading.shard_rows import ShardRows, agreed_class_names

FROM_ONE = "the classes count from 1 to 1000, ImageNet's from 0: take 1 from every label"


def named_classes(classes: list[ImageClass], shards: dict[str, list[ShardRows]]) -> list[ImageClass]:
    """The classes of a collection: its own names, else torchvision's by wnid or for 1,000 classes, else numbers.

    Raises:
        DataError: a label has no class, or two shards name it differently.
    """
    all_shards = [shard for of_split in shards.values() for shard in of_split]
    highest = max((int(shard.labels.max(initial=-1)) for shard in all_shards), default=-1)
    lowest = min((int(shard.labels[shard.labels >= 0].min(initial=highest)) for shard in all_shards), default=0)
    check((lowest, highest) != (1, 1000), FROM_ONE, DataError)
    check(
        highest < MAX_CLASSES,
        f"label {highest}: more than {MAX_CLASSES} classes; is 'label' a class's number?",
        DataError,
    )
    labels = np.concatenate([shard.labels for shard in all_shards] or [np.zeros(0, np.int64)])
    wnids = wnids_by_label((path for shard in all_shards for path in shard.paths), labels)
    check_wnids(wnids)
    names = agreed_class_names(all_shards)
    if not classes and names:
        classes = classes_of(names)
    classes = classes or numbered_classes(highest + 1, wnids)
    check(highest < len(classes), f"label {highest} has no class: the collection names {len(classes)}", DataError)
    known = classes_of([named.name for named in classes])
    return [
        ImageClass(imagenet.name, named.wnid or imagenet.wnid or wnids.get(index))
        for index, (named, imagenet) in enumerate(zip(classes, known, strict=True))
    ]
