"""One network and its optimiser: the arithmetic of a training step, without files or clusters."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lp_core.errors import TrainingError
from lp_core.network.compiling import Compiled, is_compiled
from lp_core.network.construction import Network
from lp_core.network.dropout import row_keys
from lp_core.network.inputs import as_tensor, normalized
from lp_core.network.precision import autocast_dtype
from lp_core.network.schedule import learning_rate
from lp_core.network.tally import Failure, Tally
from lp_core.settings import TrainSettings


class Learner:
    """A network in training.

    Where `train.deterministic` is on, the process must be limited to deterministic kernels as well
    (`lp_core.network.kernels`). A step reads nothing from the device, so a GPU is never waited for: whether a loss was
    a number is in the `Tally` of the step, and `check` refuses what it says.

    Args:
        network: with its first weights; it is moved to the device.
        train: settings.
        seed: of the run; it decides the units that drop out.
        shape: rows and columns of the network input.
        steps_per_epoch: optimiser steps in an epoch.
        device: where it computes.
        world: number of workers whose gradients are averaged.
        operations: of the whole training on this device, which decide whether `train.compile auto` compiles.
    """

    def __init__(
        self,
        network: Network,
        train: TrainSettings,
        seed: int,
        shape: tuple[int, int],
        steps_per_epoch: int,
        device: torch.device | str = "cpu",
        world: int = 1,
        operations: float = 0.0,
    ) -> None:
        self.train, self.seed, self.shape = train, seed, shape
        self.steps_per_epoch, self.world = steps_per_epoch, world
        self.device = torch.device(device)
        self.network = network.to(self.device).to(memory_format=torch.channels_last)
        self.optimizer = _optimizer(self.network, train)
        self.dtype = autocast_dtype(train.precision, self.device.type)
        self.step = 0
        self._compiles = is_compiled(train.compile, self.device, operations)
        self.compute_through(self.network)

    def compute_through(self, parallel: nn.Module) -> None:
        """Compute through a wrapper of `network`, such as DistributedDataParallel, that averages gradients."""
        self._parallel = parallel
        self._logits: Any = Compiled(parallel, self.train.compile == "on") if self._compiles else parallel

    @property
    def compiles(self) -> bool:
        """Whether forward passes of training are compiled; false after a compiler that was not insisted on failed."""
        return isinstance(self._logits, Compiled) and self._logits.is_compiled

    def learn(
        self,
        images_NSRC: np.ndarray | Tensor,
        labels_N: np.ndarray | Tensor,
        batch_images: int,
        rows_N: np.ndarray | Tensor | None = None,
    ) -> Tally:
        """Take one optimiser step and return this worker's counts (their loss is without label smoothing).

        Where the loss is not a number, the weights are worthless afterwards: `check` says so.

        Args:
            images_NSRC: uint8 [n, rows, columns, 3]; may be empty where other workers have the last images. Arrays are
                copied to a GPU now, and only read on a CPU; tensors of the device are taken as they are.
            labels_N: int64 [n].
            batch_images: images of this step over all workers.
            rows_N: int64 [n], the images' row numbers, which decide the units that drop out; 0 .. n - 1 if not given.
        """
        train = self.train
        self._parallel.train()
        row_N = torch.arange(len(labels_N), device=self.device) if rows_N is None else as_tensor(rows_N, self.device)
        key_N = row_keys(self.seed, self.step, row_N)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(train, self.step, self.steps_per_epoch)
        self.optimizer.zero_grad(set_to_none=True)
        total = Tally.empty(self.device)
        parts = _parts(len(labels_N), train.micro_batch)
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            with nullcontext() if last else _no_sync(self._parallel):
                self.network.drop_by(key_N[part])
                total += self._accumulate(images_NSRC[part], labels_N[part], batch_images)
        self.optimizer.step()
        self.step += 1
        return total

    def _accumulate(self, images: np.ndarray | Tensor, labels: np.ndarray | Tensor, batch_images: int) -> Tally:
        if len(labels) == 0:  # other workers have the last images; the gradients' exchange still needs a partner
            blank = torch.zeros((1, 3, *self.shape), device=self.device)
            self.network.drop_by(torch.zeros(1, dtype=torch.int64, device=self.device))
            (self._logits(blank).sum() * 0).backward()
            return Tally.empty(self.device)
        x_NCSR, y_N = normalized(images, self.device), as_tensor(labels, self.device)
        with self.autocast():
            logits = self._logits(x_NCSR).float()
        loss = F.cross_entropy(logits, y_N, label_smoothing=self.train.label_smoothing, reduction="sum")
        (loss * (self.world / batch_images)).backward()
        return Tally.of(logits, y_N, self.step, loss)

    def check(self, failure: Failure | None) -> None:
        """Refuse to go on after a step whose loss was not a number.

        Args:
            failure: what the tallies of all workers' steps say.

        Raises:
            TrainingError: there was one; the message names its step.
        """
        if failure is not None:
            raise TrainingError(
                f"the loss is {failure.loss} at step {failure.step}; lower train.learning-rate "
                f"({self.train.learning_rate}), "
                "or use train.precision fp32"
            )

    def evaluate(self, images_NSRC: np.ndarray | Tensor, labels_N: np.ndarray | Tensor) -> Tally:
        """Counts of a batch without learning from it."""
        self.network.eval()
        with torch.inference_mode(), self.autocast():
            logits = self.network(normalized(images_NSRC, self.device))
        return Tally.of(logits.float(), as_tensor(labels_N, self.device), self.step)

    def autocast(self) -> AbstractContextManager[Any]:
        """The precision of forward passes."""
        return torch.autocast(self.device.type, self.dtype) if self.dtype else nullcontext()

    def state(self) -> dict[str, Tensor]:
        """Weights and optimiser as flat tensors: `network/...`, `optimizer/<parameter>/<name>`."""
        tensors = {f"network/{name}": value for name, value in self.network.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            for name, value in slots.items():
                tensors[f"optimizer/{index}/{name}"] = value
        return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}

    def load(self, tensors: dict[str, Tensor], step: int) -> None:
        """Resume from `state()` as it was before step number `step`."""
        network = {name.removeprefix("network/"): t for name, t in tensors.items() if name.startswith("network/")}
        self.network.load_state_dict(network)
        parameters = list(self.network.parameters())
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer/"):
                _, index, slot = name.split("/")
                slots.setdefault(int(index), {})[slot] = _laid_out_as(parameters[int(index)], value)
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": slots})
        self.step = step


def _optimizer(network: nn.Module, train: TrainSettings) -> torch.optim.Optimizer:
    fused = not train.deterministic
    if train.optimizer == "adamw":
        return torch.optim.AdamW(
            network.parameters(), train.learning_rate, (train.momentum, 0.999), 1e-8, train.weight_decay, fused=fused
        )
    return torch.optim.SGD(
        network.parameters(), train.learning_rate, train.momentum, weight_decay=train.weight_decay, fused=fused
    )


def _laid_out_as(parameter: Tensor, value: Tensor) -> Tensor:
    """The value in the parameter's memory format: a file keeps none, and a fused optimiser pairs numbers as they lie.

    Otherwise fused kernels of a CPU would pair each weight with the momentum of another, silently; those of a GPU
    refuse (`check_fast_path_restrictions` in ATen/native/ForeachUtils.h).
    """
    if value.shape != parameter.shape:
        return value  # a count of steps
    return torch.empty_like(parameter, dtype=value.dtype, requires_grad=False).copy_(value)


def _parts(images: int, largest: int) -> list[slice]:
    """Equal parts of a batch, none larger than `largest`; one (empty) part where there are no images."""
    count = max(1, -(-images // largest))
    return [slice(images * i // count, images * (i + 1) // count) for i in range(count)]


def _no_sync(network: Any) -> AbstractContextManager[Any]:
    """Gradients are exchanged once a step, not once a part."""
    no_sync = getattr(network, "no_sync", nullcontext)  # DistributedDataParallel's, compiled or not
    return no_sync()
