"""The sets of VGG weights in a checkpoint, whatever it is nested in and its names are prefixed with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from torch import Tensor

from lp_core.errors import DataError, check

FIRST = "features.0.weight"
"""Name by which a set is recognised: a VGG's first kernels, in torchvision's names as in timm's."""
_WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"}
"""Parts of names that DataParallel, torch.compile, FSDP and DeepSpeed add; the original authors wrapped `features`."""
_AVERAGE = re.compile(r"(^|[._])(ema|swa|averaged?|shadow)([._]|$)")
"""Names of moving averages of weights: timm's `state_dict_ema`, torchvision's `model_ema`."""
_TIMM = {"pre_logits.fc1.": "classifier.0.", "pre_logits.fc2.": "classifier.3.", "head.fc.": "classifier.6."}
"""timm's names of the classifier, whose first two layers are convolutions there. Source: timm 1.0.31, models/vgg.py."""
_DEPTH = 6
"""Mappings within mappings that are searched."""


@dataclass(frozen=True)
class WeightSet:
    """Tensors of one network, and where they lie.

    Args:
        tensors: by torchvision's names.
        path: names around it, joined by dots: `model_ema`, `state_dict.model`; empty where there are none.
        others: paths of the other sets.
        is_usual: whether it is the one that is taken unless another is named.
    """

    tensors: dict[str, Tensor]
    path: str
    others: tuple[str, ...]
    is_usual: bool

    def remark(self, source: str) -> str:
        """Says which set was taken, if there was a choice or it is a moving average; else empty."""
        average = ", a moving average" if _AVERAGE.search(self.path) else ""
        if not self.others and not average:
            return ""
        offer = " or ".join(f"{source}#{other}" for other in self.others)
        return f"took '{self.path}'{average}" + (f"; for the other give {offer}" if offer else "")


@dataclass
class _NamedTensors:
    """Tensors of one mapping whose names have one prefix."""

    container: str
    tensors: dict[str, Tensor] = field(default_factory=dict)


def weight_set(content: Mapping[str, Any], wanted: str, source: str) -> WeightSet:
    """The set that is wanted: that of the training itself rather than a moving average, unless one is named.

    Args:
        content: of a file.
        wanted: path of the set, or the end of it; empty for the only one.
        source: the file, for messages.

    Raises:
        DataError: there is none, or several and none is named, or further tensors lie beside it.
    """
    named = list(_tensors(content, ""))
    check(bool(named), f"{source}: holds no tensors", DataError)
    sets = {name.removesuffix(FIRST): _NamedTensors(container) for container, name, _ in named if _is_first(name)}
    beside: dict[str, str] = {}  # by container
    for container, name, value in named:
        prefix = max((known for known in sets if name.startswith(known)), key=len, default=None)
        if prefix is None:
            beside.setdefault(container, name)
        elif name.removeprefix(prefix) in sets[prefix].tensors:
            raise DataError(f"{source}: holds '{name}' twice, wrapped and not; save one of them alone")
        else:
            sets[prefix].tensors[name.removeprefix(prefix)] = value
    if not sets:
        few = ", ".join(f"'{name}'" for _, name, _ in islice(named, 3))
        raise DataError(
            f"{source}: holds no VGG; the first names found are {few}, expected are '{FIRST}', "
            "'features.0.bias', 'features.2.weight'"
        )
    paths = {prefix.strip("."): prefix for prefix in sets}
    chosen = _chosen(paths, wanted, source)
    tensors = sets[chosen]
    if tensors.container in beside and not wanted:
        raise DataError(
            f"{source}: holds '{beside[tensors.container]}' beside the network; "
            f"to leave it out give {source}#{chosen.strip('.')}"
        )
    others = tuple(sorted(prefix.strip(".") for prefix in sets if prefix != chosen))
    path = chosen.strip(".")
    return WeightSet(_torchvisions(tensors.tensors), path, others, _usual(paths) == [path])


def weights_for(
    content: Mapping[str, Any], expected: Mapping[str, Tensor], source: str, head: str = ""
) -> dict[str, Tensor]:
    """The tensors of a network of the user's own, whatever they are nested in.

    Args:
        content: of a file.
        expected: the network's own, by name.
        source: the file, for messages.
        head: the network's last layer, which may be missing or of another number of rows, and is left out then; empty
            where it is needed.

    Raises:
        DataError: a tensor is missing, of another shape or not of floating point; the message names it.
    """
    every = list(_tensors(content, ""))
    found_in, named = {name: around for around, name, _ in every}, {name: value for _, name, value in every}
    needed = [name for name, value in expected.items() if value.ndim > 0]
    check(bool(needed), f"{source}: the network has no weights to be filled", DataError)
    ends = [name.removesuffix(needed[0]) for name in named if f".{name}".endswith(f".{needed[0]}")]
    usual = _usual([prefix.strip(".") for prefix in ends])
    check(len(usual) > 0, f"{source}: '{needed[0]}' of the network is missing; {_few(named)}", DataError)
    check(
        len(usual) == 1, f"{source}: holds {len(usual)} sets of weights: {', '.join(usual)}; save one alone", DataError
    )
    prefix = f"{usual[0]}." if usual[0] else ""
    if head and is_other_head(head, expected, {name.removeprefix(prefix): value for name, value in named.items()}):
        needed = [name for name in needed if name not in (f"{head}.weight", f"{head}.bias")]
    for name in needed:
        found = named.get(prefix + name)
        check(found is not None, f"{source}: '{name}' of the network is missing; {_few(named)}", DataError)
        assert found is not None
        same = found.shape == expected[name].shape
        shapes = f"{list(found.shape)}, the network has {list(expected[name].shape)}"
        check(same, f"{source}: '{name}' is {shapes}", DataError)
        real = found.is_floating_point() or not expected[name].is_floating_point()
        check(real, f"{source}: '{name}' holds {found.dtype}; give weights in floating point", DataError)
    container = found_in[prefix + needed[0]]
    for name, around in found_in.items():
        more = name.startswith(prefix) and around == container and name.removeprefix(prefix) not in expected
        check(not more, f"{source}: holds '{name}', which the network does not have", DataError)
    return {name: named[prefix + name] for name in needed}


def is_other_head(head: str, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> bool:
    """Whether a file lacks a network's last layer, or has one that differs in nothing but its number of classes."""
    ours, theirs = expected.get(f"{head}.weight"), found.get(f"{head}.weight")
    if ours is None or theirs is None:
        return ours is not None and f"{head}.bias" not in found
    return ours.shape[1:] == theirs.shape[1:] and len(ours) != len(theirs)


def _few(named: Iterable[str]) -> str:
    return "the first names found are " + ", ".join(f"'{name}'" for name in islice(named, 3))


def _is_first(name: str) -> bool:
    return name == FIRST or name.endswith("." + FIRST)


def _chosen(paths: dict[str, str], wanted: str, source: str) -> str:
    """The prefix of the wanted path."""
    names = ", ".join(f"{source}#{path}" for path in sorted(paths) if path)
    if wanted:
        asked = _plain(wanted)
        fitting = [path for path in paths if f".{path}.".endswith(f".{asked}.") or f"{path}.".startswith(f"{asked}.")]
        fitting = [asked] if asked in paths else fitting
        check(bool(fitting), f"{source}: holds no set of weights '{wanted}'; give {names or source}", DataError)
    else:
        fitting = _usual(paths)
    check(len(fitting) == 1, f"{source}: holds {len(fitting)} sets of weights; choose one: {names}", DataError)
    return paths[fitting[0]]


def _usual(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if not _AVERAGE.search(path)] or list(paths)


def _tensors(content: Mapping[Any, Any], around: str, seen: tuple[int, ...] = ()) -> Iterator[tuple[str, str, Tensor]]:
    """All tensors but the optimiser's and single numbers: the path of the mapping, the tensor's with it, the tensor.

    Single numbers are counts and accuracies, such as AveragedModel's `n_averaged`.
    """
    for key, value in content.items():
        if not isinstance(key, str) or key.startswith("optim"):
            continue
        name = f"{around}{key}"
        if isinstance(value, Mapping) and len(seen) < _DEPTH and id(value) not in seen:
            yield from _tensors(value, f"{name}.", (*seen, id(value)))
        elif isinstance(value, Tensor) and (value.ndim > 0 or name.endswith("num_batches_tracked")):
            yield _plain(around), _plain(name), value


def _plain(name: str) -> str:
    """A name without wrappers; our own checkpoints have strokes for dots."""
    return ".".join(part for part in name.replace("/", ".").split(".") if part not in _WRAPPERS)


def _torchvisions(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """timm's names and kernels as torchvision's; others unchanged."""
    if "pre_logits.fc1.weight" not in tensors:
        return tensors
    renamed = {}
    for name, value in tensors.items():
        old = next((old for old in _TIMM if name.startswith(old)), "")
        # Kernels as large as their input: the order of their weights is that of the flattened input.
        kernel = bool(old) and value.ndim == 4
        renamed[_TIMM.get(old, "") + name.removeprefix(old)] = value.flatten(1) if kernel else value
    return renamed
