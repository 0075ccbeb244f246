"""Which class a person, a file's path or an annotation means."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import PurePath

from lp_core.errors import SettingError
from lp_core.indexing.identity.classes import ImageClass
from lp_core.indexing.identity.image_id import DOUBLED_WNID


def described(image_class: ImageClass) -> str:
    """The name of a class, with its wnid where that is known and not the name itself."""
    wnid = image_class.wnid
    return f"{image_class.name} ({wnid})" if wnid and wnid != image_class.name else image_class.name


def label_of(classes: Sequence[ImageClass], text: str) -> int | None:
    """The index of the class with exactly this wnid or name, in either case; None where no class or several have it."""
    wanted = text.strip().casefold()
    labels = [index for index, each in enumerate(classes) if wanted in _words(each)]
    return labels[0] if len(labels) == 1 else None


def chosen_label(classes: Sequence[ImageClass], text: str) -> int:
    """The index of the class that a person named.

    Raises:
        SettingError: no class has this name or wnid, or several have; the message names the nearest.
    """
    label = label_of(classes, text)
    if label is not None:
        return label
    wanted = text.strip().casefold()
    same = [each for each in classes if wanted in _words(each)]
    if same:
        raise SettingError(f"class '{text}' is several: {', '.join(map(described, same))}; give a wnid")
    words = {word: each for each in classes for word in _words(each)}
    parts = [each for each in classes if wanted and wanted in each.name.casefold()]
    near = [words[word] for word in difflib.get_close_matches(wanted, words, 3)] or parts[:3]
    hint = " or ".join(map(described, dict.fromkeys(near)))
    rest = f"did you mean {hint}?" if hint else f"the first of {len(classes)} is {described(classes[0])}"
    raise SettingError(f"class '{text}' is none of the network's; {rest}")


def label_of_path(classes: Sequence[ImageClass], path: PurePath) -> int | None:
    """The class of a photograph by its path: its folder's name, or the wnid at the start or the end of its own.

    None where neither names a class: the names of ImageNet's validation photographs do not.
    """
    doubled = DOUBLED_WNID.match(path.stem)
    candidates = [path.parent.name, path.stem.partition("_")[0], doubled["wnid"] if doubled else ""]
    labels = [label_of(classes, name) for name in candidates[:1] if name]
    wnids = {each.wnid: index for index, each in enumerate(classes) if each.wnid}
    labels += [wnids.get(name) for name in candidates[1:]]
    return next((label for label in labels if label is not None), None)


def _words(image_class: ImageClass) -> set[str]:
    return {image_class.name.casefold(), *([image_class.wnid] if image_class.wnid else [])}
