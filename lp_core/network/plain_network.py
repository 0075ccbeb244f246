"""A sequential network made from a text, and the text of a network of the user's own."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from lp_core.network.dropout import RowDropout
from lp_core.network.network_text import MILLION, NUMBERS, Part, parts_of


class PlainNetwork(nn.Module):
    """The network of a text; its weights have the names of the text, such as `features.0.weight`.

    Args:
        text: from `described`.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.steps = [(part.name, _module(part, number)) for number, part in enumerate(parts_of(text))]
        """Name and module, in order. A plain list, so that the tree below holds each module once."""
        for name, module in self.steps:
            *folders, last = name.split(".")
            place: nn.Module = self
            if any(True for _ in module.parameters()):
                for folder in folders:
                    if folder not in dict(place.named_children()):
                        place.add_module(folder, nn.Module())
                    place = place.get_submodule(folder)
                place.add_module(last, module)
        # In the tree, so that they know when the network trains.
        self._dropouts = nn.ModuleList(module for _, module in self.steps if isinstance(module, RowDropout))

    def forward(self, x_NCSR: Tensor) -> Tensor:
        """Return logits [N, classes] of normalised input [N, 3, S, R]."""
        for _, module in self.steps:
            x_NCSR = module(x_NCSR)
        return x_NCSR

    def drop_by(self, key_N: Tensor) -> None:
        """Name the images of the next forward pass in training, which decides the units that drop out (`row_keys`)."""
        for dropout in self._dropouts:
            dropout.key_N = key_N


def part_of(name: str, module: nn.Module) -> Part:
    """Return a module in words and numbers.

    Raises:
        ValueError: it is of another kind, or differs along its two axes; the message names it.
    """
    kind = type(module).__name__
    if type(module) is nn.Dropout:
        if module.p == 1:
            raise ValueError(f"{name} is Dropout of all units, behind which nothing is learned")
        return Part(name, kind, (round(module.p * MILLION),))
    if kind not in NUMBERS or type(module) is not getattr(nn, kind):
        raise ValueError(f"{name} is {kind}, which a network of the commands may not have")
    numbers = []
    for setting in NUMBERS[kind]:
        value = getattr(module, setting)
        pair = value if isinstance(value, tuple) else (value, value)
        if len(set(pair)) > 1 or not isinstance(pair[0], int | None):
            raise ValueError(f"{name} has {setting} {value}; give one number for both axes")
        numbers.append(int(pair[0] or 0))
    return Part(name, kind, tuple(numbers))


def parameters_of(name: str, module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield weight and bias of a module, by name; a bias that is missing is zero."""
    weight = getattr(module, "weight", None)
    if weight is None:
        return
    bias = getattr(module, "bias", None)
    yield f"{name}.weight", weight.detach()
    yield f"{name}.bias", weight.new_zeros(len(weight)) if bias is None else bias.detach()


def _module(part: Part, number: int) -> nn.Module:
    if part.kind == "Dropout":
        return RowDropout(part.numbers[0] / MILLION, number)
    numbers: dict[str, int | bool | None] = dict(zip(NUMBERS[part.kind], part.numbers, strict=True))
    numbers |= {name: bool(numbers[name]) for name in ("ceil_mode", "count_include_pad") if name in numbers}
    if "divisor_override" in numbers:
        numbers["divisor_override"] = numbers["divisor_override"] or None
    return getattr(nn, part.kind)(**numbers)
