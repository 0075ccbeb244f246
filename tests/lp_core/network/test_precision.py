"""`train.precision auto` is bf16 only where a processor computes in it."""

import pytest
import torch

from lp_core.errors import LogpolarError
from lp_core.network.precision import autocast_dtype


@pytest.mark.parametrize(("major", "expected"), [(7, None), (8, torch.bfloat16), (9, torch.bfloat16)])
def test_a_gpu_that_only_emulates_bf16_computes_in_fp32(monkeypatch, major, expected) -> None:
    class Properties:
        pass

    Properties.major = major
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: Properties)
    assert autocast_dtype("auto", "cuda") == expected
    assert autocast_dtype("fp32", "cuda") is None
    if expected is None:
        with pytest.raises(LogpolarError, match="this GPU does not compute in; use fp32 or auto"):
            autocast_dtype("bf16", "cuda")
