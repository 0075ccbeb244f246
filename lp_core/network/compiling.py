"""Whether a training's network is compiled, and what happens where a compiler fails."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import Any

import torch

from lp_core.errors import SettingError
from lp_core.settings.train import Compile

WORTH = 1e17
"""Operations of a training above which `auto` compiles: minutes on a GPU, as compiling takes. Source: our choice; the
gain was not measured."""
SHAPES = 4
"""Shapes of a batch that are compiled for; of others the network computes uncompiled. Rows that cannot be decoded leave
batches of many sizes, and each would wait for the compiler. Source: our choice; the whole batch, the last of an epoch,
and one of each with a row less. torch itself stops after 8 (`torch._dynamo.config.recompile_limit`)."""
OLDEST = (7, 0)
"""Compute capability from which Triton makes kernels. Source: README of triton-lang/triton, "Compatibility"."""


def is_compiled(choice: Compile, device: torch.device, operations: float) -> bool:
    """Return whether to compile: `auto` does on GPUs that Triton makes kernels for, where the training is long enough.

    Args:
        choice: `train.compile`.
        device: that the network computes on.
        operations: multiplications and additions of the whole training on this device.
    """
    if choice != "auto":
        return choice == "on"
    return device.type == "cuda" and operations >= WORTH and find_spec("triton") is not None and _is_recent(device)


def _is_recent(device: torch.device) -> bool:
    return torch.cuda.get_device_capability(device) >= OLDEST


class Compiled:
    """A network compiled by torch.compile, which happens in the first call of each shape.

    Args:
        network: that is compiled; DistributedDataParallel's, too.
        is_asked_for: whether a failure of the compiler is an error; else the network computes uncompiled from then on.
    """

    def __init__(self, network: Callable[..., Any], is_asked_for: bool) -> None:
        self._plain, self._is_asked_for = network, is_asked_for
        # An epoch's last batch has a size of its own: two fixed sizes compile to faster code than one that varies.
        self._compiled: Callable[..., Any] | None = torch.compile(network, dynamic=False)
        self._shapes: set[tuple[int, ...]] = set()

    def __call__(self, x_NCSR: torch.Tensor) -> Any:
        """Return what the network does.

        Raises:
            SettingError: the compiler fails, and was asked for.
        """
        from torch._dynamo.exc import TorchDynamoException

        if self._compiled is None or not self._has_room_for(tuple(x_NCSR.shape)):
            return self._plain(x_NCSR)
        try:
            with _way_back_at_once():
                return self._compiled(x_NCSR)
        except TorchDynamoException as error:
            lines = [*str(error).splitlines(), type(error).__name__]
            why = next((line for line in lines if "Error" in line), lines[0])
            if self._is_asked_for:
                raise SettingError(
                    f"train.compile is on, but torch.compile fails here ({why}); give train.compile off"
                ) from error
            self._compiled = None
            return self._plain(x_NCSR)

    def _has_room_for(self, shape: tuple[int, ...]) -> bool:
        """Whether a shape is, or may still be, compiled for."""
        if len(self._shapes) < SHAPES:
            self._shapes.add(shape)
        return shape in self._shapes

    @property
    def is_compiled(self) -> bool:
        """Whether the compiler has not failed."""
        return self._compiled is not None


def _way_back_at_once() -> AbstractContextManager[Any]:
    """Compile the way back in the first call, too: torch puts it off until `backward`, where nothing catches a failure.

    Source: "Backward graph lazy lowering" in torch/_functorch/_aot_autograd/graph_compile.py.
    """
    import torch._functorch.config as settings

    name = "force_non_lazy_backward_lowering"
    return settings.patch({name: True}) if hasattr(settings, name) else nullcontext()
