"""What `logpolar doctor` looks at: one line for each part of this machine, with advice where something is in the way.

No line holds a variable of the environment, a user's or host's name, or the path of a home or run folder.
"""

from __future__ import annotations

import getpass
import os
import platform
import shutil
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lp_core.errors import LogpolarError
from lp_core.storage import Storage, one_line
from tasks.cpus import usable_cpus
from tasks.memory import available_and_allowed

GIB, MIB = 2**30, 2**20
LITTLE_MEMORY = 4 * GIB
"""Source: our choice."""
LEAST_SHM, GOOD_SHM = 90 * MIB, GIB
"""Below the first, Ray's object store has no room; above the second, all that `tasks/local_ray.py` asks for."""
WRITTEN_BYTES = 32 * MIB
SLOW_WRITING = 20 * MIB
"""Bytes per second. Source: our choice; a checkpoint of the full VGG-16 (1.1 GiB) then takes a minute."""


@dataclass(frozen=True)
class Line:
    """What was seen of one part of the machine.

    Args:
        part: its name.
        seen: what is there.
        advice: what to do; empty where all is well.
        works: whether a run can work like this.
    """

    part: str
    seen: str
    advice: str = ""
    works: bool = True


def versions_line(versions: Mapping[str, str | None]) -> Line:
    """Return the versions, and whether Ray's is the one that is tested."""
    seen = ", ".join(f"{name} {version}" for name, version in versions.items())
    missing = [name for name, version in versions.items() if version == "unknown" and name != "logpolar"]
    if missing:
        return Line("versions", seen, f"install {', '.join(missing)}: `pip install logpolar` brings them", works=False)
    ray = versions.get("ray") or ""
    advice = "" if ray.startswith("2.60.") else "install ray 2.60: other releases have other defaults"
    return Line("versions", f"{seen}; {platform.system()} {platform.machine()}", advice)


def cpus_line() -> Line:
    """Return how many CPUs may be used, of how many."""
    usable, there = usable_cpus(), os.cpu_count() or 1
    advice = "one CPU reads and trains by turns; give two or more" if usable == 1 else ""
    return Line("CPUs", f"{usable} of {there} may be used", advice)


def memory_line(root: Path = Path("/")) -> Line:
    """Return the memory that is free and that the control group allows.

    Args:
        root: the folder that holds `proc` and `sys`.
    """
    free, limit = available_and_allowed(root)
    if free is None:
        return Line("memory", "unknown on this system")
    seen = f"{free / GIB:.1f} GiB available" + (
        "" if limit is None else f", control group allows {limit / GIB:.1f} GiB"
    )
    least = min(free, free if limit is None else limit)
    advice = f"below {LITTLE_MEMORY // GIB} GiB workers may be killed; close programs, or use a smaller batch-size"
    return Line("memory", seen, advice if least < LITTLE_MEMORY else "")


def shared_memory_line(folder: str = "/dev/shm") -> Line:
    """Return what shared memory has room for, where Ray keeps objects."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return Line("/dev/shm", "not there", "Ray keeps objects on disk instead, which is slower")
    if free < LEAST_SHM:
        remedy = "free it, or start the container with --shm-size=2g"
        return Line("/dev/shm", f"{free / MIB:.0f} MiB free", remedy, works=False)
    advice = "" if free >= GOOD_SHM else "below 1 GiB objects spill to disk; start the container with --shm-size=2g"
    return Line("/dev/shm", f"{free / GIB:.1f} GiB free", advice)


def gpus_line() -> Line:
    """Return the GPUs that torch can use."""
    import torch

    if torch.cuda.is_available():
        devices = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
        return Line("GPUs", ", ".join(f"{device.name} ({device.total_memory / GIB:.0f} GiB)" for device in devices))
    if shutil.which("nvidia-smi") is None:
        return Line("GPUs", "none; networks train on the CPUs")
    built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
    return Line("GPUs", f"a driver, but torch, {built}, sees none", "install a torch that fits the driver's CUDA")


def decoder_line() -> Line:
    """Return what decodes photographs, after it has decoded one."""
    from lp_core.images.decode import decode_rgb
    from lp_core.images.region_decoder import region_decoder
    from lp_core.toy.data_set import draw, encode

    drawn = draw(0, "validation", 0, side=256)[0]
    data = encode(drawn)
    start = time.perf_counter()
    error = np.abs(decode_rgb(data).astype(int) - drawn).mean()
    milliseconds = 1e3 * (time.perf_counter() - start)
    import cv2

    beside = "nvImageCodec for crops" if region_decoder() else "no nvImageCodec"
    seen = f"OpenCV {cv2.__version__}, {beside}; a JPEG of 256 px took {milliseconds:.1f} ms"
    wrong = "" if error < 8 else "its pixels are wrong; install opencv-python-headless again"
    return Line("decoder", seen, wrong, works=not wrong)


def writing_line(run: Storage | None) -> Line:
    """Return how fast a run folder is written to, and its free space; what was written is removed."""
    if run is None:
        return Line("run folder", "not looked at", "give --run RUN to measure it")
    name = f"doctor-{os.getpid()}"
    try:
        was_there = run.exists()
        content = np.random.default_rng(0).bytes(WRITTEN_BYTES)
        start = time.perf_counter()
        run.write_bytes(name, content)
        speed = WRITTEN_BYTES / (time.perf_counter() - start)
        run.remove(name)
        if not was_there and run.is_local:
            Path(run.path()).rmdir()
        free = run.free_bytes() if was_there else None
    except (LogpolarError, OSError) as error:
        return Line(
            "run folder", without_names(one_line(error), run.uri), "give a folder that you may write", works=False
        )
    seen = f"written at {speed / MIB:.0f} MiB/s" + ("" if free is None else f", {free / GIB:.0f} GiB free")
    advice = "slow: checkpoints will hold up training; use a disk of this machine" if speed < SLOW_WRITING else ""
    return Line("run folder", seen, advice)


def without_names(text: str, run: str = "") -> str:
    """Return a message without the paths and names that tell who and where someone is."""
    names = {run: "RUN", str(Path.home()): "~"}
    with suppress(OSError, KeyError):  # no entry for this user
        names[getpass.getuser()] = "USER"
    names[socket.gethostname()] = "HOST"
    for name, stand_in in names.items():
        if len(name) > 1:
            text = text.replace(name, stand_in)
    return text
