"""Whether a training's network is compiled, and what happens where a compiler fails."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch

from lp_core.errors import SettingError
from lp_core.settings.train import Compile

WORTH = 1e17
"""Operations of a training above which `auto` compiles: minutes on a GPU, as compiling takes. Source: our choice; the
gain was not measured."""
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

    def __call__(self, x_NCSR: torch.Tensor) -> Any:
        """Return what the network does.

        Raises:
            SettingError: the compiler fails, and was asked for.
        """
        from torch._dynamo.exc import TorchDynamoException

        if self._compiled is None:
            return self._plain(x_NCSR)
        try:
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

    @property
    def is_compiled(self) -> bool:
        """Whether the compiler has not failed."""
        return self._compiled is not None
