"""`train.compile auto` compiles long trainings on GPUs alone; a compiler that fails is an error only if asked for."""

from __future__ import annotations

import pytest
import torch

from lp_core.errors import LogpolarError
from lp_core.network import compiling
from lp_core.network.compiling import WORTH, Compiled, is_compiled

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("choice", "device", "operations", "recent", "expected"),
    [
        ("on", CPU, 0.0, True, True),
        ("off", GPU, 10 * WORTH, True, False),
        ("auto", CPU, 10 * WORTH, True, False),
        ("auto", GPU, 10 * WORTH, True, True),
        ("auto", GPU, WORTH / 10, True, False),
        ("auto", GPU, 10 * WORTH, False, False),
    ],
)
def test_what_is_compiled(monkeypatch, choice, device, operations, recent, expected) -> None:
    monkeypatch.setattr(compiling, "_is_recent", lambda _: recent)
    monkeypatch.setattr(compiling, "find_spec", lambda name: name)
    assert is_compiled(choice, device, operations) == expected


def test_without_triton_auto_does_not_compile(monkeypatch) -> None:
    monkeypatch.setattr(compiling, "_is_recent", lambda _: True)
    monkeypatch.setattr(compiling, "find_spec", lambda _: None)
    assert not is_compiled("auto", GPU, 10 * WORTH)


class Failing:
    """A compiled network whose compiler fails."""

    def __call__(self, _: torch.Tensor) -> None:
        from torch._dynamo.exc import TorchDynamoException

        raise TorchDynamoException("first line\nInductorError: no compiler\nlast line")


def test_a_compiler_that_fails(monkeypatch) -> None:
    calls = []
    monkeypatch.setattr(torch, "compile", lambda network, dynamic: calls.append(network) or Failing())
    double = Compiled(lambda x: 2 * x, is_asked_for=False)
    assert double.is_compiled
    assert [double(torch.tensor(3)).item() for _ in range(2)] == [6, 6]
    assert not double.is_compiled
    assert len(calls) == 1
    insisted = Compiled(lambda x: 2 * x, is_asked_for=True)
    with pytest.raises(LogpolarError, match=r"fails here \(InductorError: no compiler\); give train\.compile off"):
        insisted(torch.tensor(3))


@pytest.mark.filterwarnings("default")  # the compiler's own
def test_a_compiler_that_fails_on_the_way_back_fails_in_the_first_call(monkeypatch) -> None:
    from torch._dynamo.backends.common import aot_autograd

    def fails(graph: torch.fx.GraphModule, _: object) -> None:
        raise RuntimeError("no kernel for the way back")

    torch.compiler.reset()
    compiler, compile_as_ever = aot_autograd(fw_compiler=lambda graph, _: graph, bw_compiler=fails), torch.compile
    monkeypatch.setattr(torch, "compile", lambda network, dynamic: compile_as_ever(network, backend=compiler))
    square = Compiled(lambda x: x * x, is_asked_for=False)
    x = torch.tensor([3.0], requires_grad=True)
    square(x).sum().backward()
    assert x.grad is not None
    assert x.grad.item() == 6
    assert not square.is_compiled
    torch.compiler.reset()


def test_batches_of_many_sizes_are_not_all_compiled_for(monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(torch, "compile", lambda network, dynamic: lambda x: seen.append(len(x)) or network(x))
    double = Compiled(lambda x: 2 * x, is_asked_for=True)
    sizes = [24, 24, 5, 23, 22, 21, 20, 24, 5]
    assert [len(double(torch.zeros(size, 1))) for size in sizes] == sizes
    assert seen == [24, 24, 5, 23, 22, 24, 5]
