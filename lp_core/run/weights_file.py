"""Weights of any origin, by our names: our own files, torchvision's, timm's, checkpoints. Never a pickle's code."""

from __future__ import annotations

import difflib
import io
import re
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from torch import Tensor

from lp_core.errors import DataError, check
from lp_core.fingerprint import checksum
from lp_core.network.layers import CONFIGURATIONS
from lp_core.pointers import pointer
from lp_core.run.weight_sets import weight_set, weights_for
from lp_core.storage import Storage, one_line

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

_STRANGERS = {
    b"<": "a web page instead of the file; download it again",
    b"\x89HDF": "an HDF5 file of Keras; save the weights as safetensors",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
}
"""What people have in place of weights, by its first bytes."""
_NUMPY = ("numpy.dtype", "numpy.ndarray", *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core")
          for name in ("scalar", "_reconstruct")))  # fmt: skip
_PATHS = tuple(
    f"{module}.{kind}Path"
    for module in ("pathlib", "pathlib._local")
    for kind in ("", "Pure", "Posix", "PurePosix", "Windows", "PureWindows")
)
_BESIDE = ("argparse.Namespace", *_NUMPY, *_PATHS)
"""Names of what trainings store beside weights: options, the best accuracy so far, states of random numbers, paths."""


class WeightsFile(NamedTuple):
    """Weights, and where they come from."""

    tensors: dict[str, Tensor]
    """By torchvision's names."""
    identity: str
    """A text that changes when the weights' file does, or the set that is taken from it."""
    remark: str = ""
    """Which set was taken, where there are several."""


class _Ignored:
    """Stands in for what is no tensor, so that none of its own code runs."""

    def __new__(cls, *values: Any) -> Self:
        return super().__new__(cls)

    def __init__(self, *values: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


def read_weights(source: str, depth: int = 16) -> WeightsFile:
    """The tensors of a file by torchvision's names.

    Args:
        source: path or URI of a safetensors file (weights or a checkpoint of a training), or of a PyTorch file that
            holds a state dict or has one inside; or torchvision's name of weights of its VGGs: IMAGENET1K_V1 for those
            of `depth`, VGG16_BN_Weights.IMAGENET1K_V1 for others.
            `FILE#NAME` takes the set of that name where a file holds several; without it, the set that is no moving
            average is taken.
        depth: of the VGG, for names of published weights.

    Raises:
        DataError: there is no such file, or it holds no weights.
    """
    folder, name = _located(source)
    published = _published_names(depth)
    if source in published and not folder.exists(name):
        return _published(source, published[source])
    file, wanted = source, ""
    if "#" in source and ("://" in source or not folder.exists(name)):
        file, _, wanted = source.rpartition("#")
    data = _bytes(file, difflib.get_close_matches(source, published, 1))
    chosen = weight_set(_content(data, file), wanted, file)
    identity = checksum(data) if chosen.is_usual else f"{checksum(data)}#{chosen.path}"
    return WeightsFile(_finite(chosen.tensors, file), identity, chosen.remark(file))


def read_weights_for(source: str, expected: Mapping[str, Tensor], head: str = "") -> WeightsFile:
    """The tensors of a file that fill a network of the user's own.

    Args:
        source: path or URI of a safetensors or PyTorch file, as `read_weights` takes.
        expected: the network's own tensors, by name.
        head: its last layer, where that may be of another number of classes in the file; it is left out then.

    Raises:
        DataError: there is no such file, or it does not hold them all.
    """
    data = _bytes(source, [])
    return WeightsFile(_finite(weights_for(_content(data, source), expected, source, head), source), checksum(data))


def file_identity(source: str) -> str:
    """Return a text that changes when the content of a file does, or where torchvision's published weights lie.

    Raises:
        DataError: there is no such file.
    """
    folder, name = _located(source)
    if folder.exists(name):
        return checksum(_bytes(source, []))
    published = _published_names(16)  # the short names of other depths are among those of 16
    if source in published:
        return source
    file, mark, wanted = source.partition("#")
    return checksum(_bytes(file, difflib.get_close_matches(source, published, 1))) + mark + wanted


def _bytes(file: str, near: Sequence[str]) -> bytes:
    """What a file holds; `near` are names that may have been meant."""
    folder, name = _located(file)
    try:
        return folder.read_bytes(name)
    except FileNotFoundError:
        hint = f"; did you mean torchvision's {near[0]}?" if near else ""
        raise DataError(f"{file} does not exist{hint}") from None
    except OSError as error:
        raise DataError(f"{file} cannot be read ({one_line(error)})") from None


def _located(source: str) -> tuple[Storage, str]:
    return Storage.of_file(source if "://" in source else Storage.at(source).uri)


def _content(data: bytes, source: str) -> Mapping[str, Any]:
    """What the file holds, still by its own names."""
    if data[8:9] == b"{":
        try:
            return load_tensors(data)
        except SafetensorError as error:
            raise DataError(f"{source}: not a whole safetensors file ({one_line(error)})") from None
    check(len(data) > 0, f"{source}: an empty file; download it again", DataError)
    if what := pointer(data):
        raise DataError(f"{source}: {what}")
    for start, what in _STRANGERS.items():
        check(not data.startswith(start), f"{source}: {what}", DataError)
    if not data.startswith((b"PK\x03\x04", b"\x80")):
        raise DataError(f"{source}: neither a safetensors nor a PyTorch file; it starts with {bytes(data[:4])!r}")
    _check_members(data, source)
    stand_ins: list[Any] = [(type(name.rpartition(".")[2], (_Ignored,), {}), name) for name in _BESIDE]
    try:
        with torch.serialization.safe_globals(stand_ins), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles that are refused below
            content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # bytes that are no checkpoint break the unpickler in any way there is
        if "TorchScript" in str(error):
            raise DataError(
                f"{source}: a TorchScript program, which is not run for safety; save its state_dict"
            ) from None
        if refused := re.search(r"GLOBAL ([\w.]+)", str(error)):
            raise DataError(
                f"{source}: holds more than tensors ({refused.group(1)}), which is not run for safety; "
                "save its state_dict alone, best as safetensors"
            ) from None
        # Everything else in PyTorch's message advises to run what is in the file.
        _, unpickler, reason = str(error).rpartition("WeightsUnpickler error:")
        why = (reason.strip().splitlines() or [type(error).__name__])[0]
        remedy = "; if it is a pickle of another program, save its tensors as safetensors" if unpickler else ""
        raise DataError(f"{source}: not a whole PyTorch file ({why}){remedy}") from None
    check(isinstance(content, Mapping), f"{source}: holds a {type(content).__name__}, not named weights", DataError)
    return content


def _check_members(data: bytes, source: str) -> None:
    """Whether a PyTorch file, a zip archive, is as it was written: `torch.load` does not compare its checksums."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return  # of an earlier PyTorch, or cut short
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            damaged = archive.testzip()
    except Exception as error:  # damage to the archive's own tables breaks zipfile in any way there is
        raise DataError(f"{source}: damaged ({one_line(error)}); download it again") from None
    check(damaged is None, f"{source}: damaged in {damaged}: its checksum differs; download it again", DataError)


def _finite(tensors: dict[str, Tensor], source: str) -> dict[str, Tensor]:
    for name, value in tensors.items():
        dense = value.layout == torch.strided and not value.is_quantized and not value.is_meta
        kind = "quantized" if value.is_quantized else value.device if value.is_meta else value.layout
        check(dense, f"{source}: '{name}' is {kind}; save its values as a dense tensor on the CPU", DataError)
        whole = not value.is_floating_point() or bool(value.isfinite().all())
        check(whole, f"{source}: '{name}' holds NaN or infinity", DataError)
    return tensors


def _published_names(depth: int) -> dict[str, WeightsEnum]:
    """torchvision's weights of VGGs by its names; those of a depth, which have no normalisations, by the last word."""
    from torchvision import models

    named = {
        f"VGG{other}{norm}_Weights": getattr(models, f"VGG{other}{norm}_Weights")
        for other in CONFIGURATIONS
        for norm in ("", "_BN")
    }
    full = {f"{kind}.{entry.name}": entry for kind, entries in named.items() for entry in entries}
    return {entry.name: entry for entry in named[f"VGG{depth}_Weights"]} | full


def _published(name: str, entry: WeightsEnum) -> WeightsFile:
    """torchvision's weights of that name, from its cache or from where it keeps them."""
    try:
        tensors = entry.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError) as error:  # URLError is an OSError; RuntimeError: other bytes than published
        raise DataError(
            f"{name}: torchvision could not fetch {entry.url} ({one_line(error)}); "
            "where there is no network, give the file"
        ) from None
    return WeightsFile(_finite(dict(tensors), name), entry.url)
