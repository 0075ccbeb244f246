"""Weights of any origin, by our names: our own files, torchvision's, the original authors'. Never a pickle's code."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from torch import Tensor

from lp_core.errors import SettingError, check
from lp_core.fingerprint import checksum
from lp_core.storage import Storage, first_line

_NESTED = ("state_dict", "model", "model_state_dict", "network")
"""Where checkpoints keep the weights: the original authors (and pytorch/examples), torchvision's training, others."""
_WRAPPERS = {"module", "_orig_mod"}
"""Parts of names that DataParallel and torch.compile add; the original authors wrapped `features` alone."""


def read_weights(place: str) -> tuple[dict[str, Tensor], str]:
    """The tensors of a file by torchvision's names, and a text that changes when the file does.

    Args:
        place: path or URI of a safetensors file (weights or a checkpoint of a training), of a PyTorch file that holds a
            state dict or has one inside, or torchvision's name of its VGG-16 weights, such as IMAGENET1K_V1.

    Raises:
        SettingError: there is no such file, or it holds no weights.
    """
    from torchvision.models import VGG16_Weights

    folder, name = Storage.of_file(place if "://" in place else Storage.at(place).uri)
    if place in VGG16_Weights.__members__ and not folder.exists(name):
        return _published(place)
    try:
        data = folder.read_bytes(name)
    except FileNotFoundError:
        near = difflib.get_close_matches(place, VGG16_Weights.__members__, 1)
        hint = f"; did you mean torchvision's {near[0]}?" if near else ""
        raise SettingError(f"--weights {place} does not exist{hint}") from None
    except OSError as error:
        raise SettingError(f"--weights {place} cannot be read ({first_line(error)})") from None
    return _finite(_named(_tensors(data, place), place), place), checksum(data)


def _tensors(data: bytes, place: str) -> Mapping[str, Any]:
    """What the file holds, still by its own names."""
    if data[8:9] == b"{":
        try:
            return load_tensors(data)
        except SafetensorError as error:
            raise SettingError(f"--weights {place}: not a whole safetensors file ({first_line(error)})") from None
    if not data.startswith((b"PK\x03\x04", b"\x80")):
        raise SettingError(
            f"--weights {place}: neither a safetensors nor a PyTorch file; it starts with {bytes(data[:4])!r}"
        )
    try:
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # bytes that are no checkpoint break the unpickler in any way there is
        if refused := re.search(r"GLOBAL ([\w.]+)", str(error)):
            raise SettingError(
                f"--weights {place}: holds more than tensors ({refused.group(1)}), which is not run for safety; "
                "save its state_dict alone, best as safetensors"
            ) from None
        why = (str(error).splitlines() or [type(error).__name__])[0]  # the others advise to run what is in the file
        raise SettingError(f"--weights {place}: not a whole PyTorch file ({why})") from None
    for key in _NESTED:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    check(isinstance(content, Mapping), f"--weights {place}: holds a {type(content).__name__}, not named weights")
    return content


def _named(content: Mapping[str, Any], place: str) -> dict[str, Tensor]:
    """The tensors under torchvision's names; the optimiser's are left out."""
    network = {name.removeprefix("network/"): value for name, value in content.items() if name.startswith("network/")}
    tensors: dict[str, Tensor] = {}
    for name, value in (network or content).items():
        check(isinstance(value, Tensor), f"--weights {place}: '{name}' is a {type(value).__name__}, not a tensor")
        tensors[".".join(part for part in str(name).split(".") if part not in _WRAPPERS)] = value
    check(bool(tensors), f"--weights {place}: holds no tensors")
    return tensors


def _finite(tensors: dict[str, Tensor], place: str) -> dict[str, Tensor]:
    for name, value in tensors.items():
        check(bool(value.isfinite().all()), f"--weights {place}: '{name}' holds NaN or infinity")
    return tensors


def _published(name: str) -> tuple[dict[str, Tensor], str]:
    """torchvision's weights of that name, from its cache or from where it keeps them."""
    from torchvision.models import VGG16_Weights

    entry = VGG16_Weights[name]
    try:
        tensors = entry.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError) as error:  # URLError is an OSError; RuntimeError: other bytes than published
        raise SettingError(
            f"--weights {name}: torchvision could not fetch {entry.url} ({first_line(error)}); "
            "where there is no network, give the file"
        ) from None
    return _finite(dict(tensors), name), entry.url
