"""Decoding of one rectangle of a JPEG, by nvImageCodec's processor back end (libjpeg-turbo) where it is installed.

Source: docs.nvidia.com/cuda/nvimagecodec, "Code stream and partial (ROI) decoding" and "Environment variables".
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

Box = tuple[int, int, int, int]
"""Top, left, bottom, right in px, half-open."""
RegionDecoder = Callable[[bytes, Box], np.ndarray | None]
"""Pixels uint8 [H, W, 3] of a box of a JPEG; None where it could not be decoded."""

_CPU_ONLY = -99999
"""nvImageCodec's NVIMGCODEC_DEVICE_CPU_ONLY."""
_EXTENSION = "libjpeg_turbo_ext.so*"
_ENVIRONMENT = {"NVIMGCODEC_EXTENSIONS_PATH": "", "PYNVIMGCODEC_VERBOSITY": "0"}


@functools.cache
def region_decoder() -> RegionDecoder | None:
    """Return a decoder of boxes, made once per process; None where nvImageCodec is not installed."""
    codec = _quiet_codec()
    if codec is None:
        return None
    backends = [codec.Backend(codec.BackendKind.CPU_ONLY)]
    decoder = codec.Decoder(device_id=_CPU_ONLY, backends=backends, max_num_cpu_threads=1)
    parameters = codec.DecodeParams(apply_exif_orientation=False)

    def decoded(data: bytes, box: Box) -> np.ndarray | None:
        try:
            stream = codec.CodeStream(data).get_sub_code_stream(region=codec.Region(*box))
            image = decoder.decode(stream, params=parameters)
        except RuntimeError:  # what it says of a stream that it cannot parse
            return None
        return None if image is None else np.asarray(image.cpu())

    return decoded


def _quiet_codec() -> Any | None:
    """The library, with its JPEG extension alone: the others complain of GPU libraries that are not there."""
    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    with TemporaryDirectory() as folder:
        try:
            from importlib.util import find_spec

            found = find_spec("nvidia.nvimgcodec")
            if found is None or not found.submodule_search_locations:
                return None
            [package] = found.submodule_search_locations
            for path in (Path(package) / "extensions").glob(_EXTENSION):
                (Path(folder) / path.name).symlink_to(path)
            os.environ |= _ENVIRONMENT | {"NVIMGCODEC_EXTENSIONS_PATH": folder}
            from nvidia import nvimgcodec

            nvimgcodec.Decoder(device_id=_CPU_ONLY, max_num_cpu_threads=1)  # loads the extensions
        except (ImportError, OSError, RuntimeError):  # not installed, or not for this system
            return None
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
    return nvimgcodec
