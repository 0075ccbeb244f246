"""`logpolar bench`: how fast this machine is, beside numbers measured on a named one. No Ray."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lp_core.errors import DataError, check
from lp_core.speed.measured import COMMITTED, Measured, is_slow, read
from tasks.cpus import usable_cpus
from tasks.progress import say

if TYPE_CHECKING:
    from lp_core.speed.parts import Part
    from lp_core.speed.timing import Rate

MOST_PHOTOGRAPHS = 32
"""Of a folder that are decoded."""


def bench(
    *,
    photographs: Path | None = None,
    seconds: float = 7.0,
    save: Path | None = None,
    against: Path = COMMITTED,
) -> None:
    """Print how fast this machine decodes, warps, trains, scans and draws, each beside committed numbers and a peer.

    Rates are those of one core, in processor time. A ratio is to a peer that took turns in the same run, so it depends
    less on the processor. What is slow is marked, and advice follows. The exit code is 0.

    Args:
        photographs: folder of photographs that are decoded; without, drawings of 500 x 375 px.
        seconds: that each part is measured for.
        save: file that the numbers are written to, for --against.
        against: file of another measurement to compare with, instead of the committed one.
    """
    check(0 < seconds <= 600, f"--seconds is {seconds:g}; give more than 0 and at most 600")
    other = read(against)
    files = _files(photographs) if photographs else None

    import torch

    from lp_core.network.machine import machine
    from lp_core.speed.advice import Installation, advice
    from lp_core.speed.parts import drawn_photographs, parts, training_step
    from lp_core.speed.timing import rate, speed_up, threads_of

    found = Installation.here(usable_cpus())
    rates: dict[str, Rate] = {}
    with threads_of(1):
        name = machine(torch.device("cpu"))
        print(f"here       {name}, {found.cores} CPUs\ncommitted  {other.machine}, {other.cores} CPUs, {other.day}\n")
        print(_row("", "here, one core", "committed", "share", "peer", "times as fast", "committed"))
        for part in parts(files or drawn_photographs()):
            rates[part.name] = rate(part.ours, part.theirs, part.items, seconds)
            print(_shown(part, rates[part.name], other.rates.get(part.name)), flush=True)
    slow = {name for name, own in rates.items() if name in other.rates and is_slow(own, other.rates[name])}
    print(f"\nthreads    {found.torch_threads} of torch, {found.cores} CPUs")
    if found.torch_threads > 1:
        times = speed_up(training_step().ours, found.torch_threads, seconds)
        print(f"           a training step is {times:.2f} times as fast as with one thread, by the wall clock")
    print("\n".join(f"-> {line}" for line in advice(found, slow)))
    print(f"slow: {', '.join(part for part in rates if part in slow)}" if slow else "as fast as expected")
    if save:
        Measured.today(name, found.cores, rates).write(save)
        say(f"wrote {save}")


def _files(folder: Path) -> list[bytes]:
    """Photographs of a folder that can be decoded.

    Raises:
        LogpolarError: there is none.
    """
    from lp_core.images.decode import ImageError, decode_rgb

    check(folder.is_dir(), f"--photographs is {folder}, which is no folder")
    files: list[bytes] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        try:
            decode_rgb(data)
        except ImageError:
            continue
        files.append(data)
        if len(files) == MOST_PHOTOGRAPHS:
            break
    if not files:
        raise DataError(f"{folder} holds no photograph that can be decoded; name another folder")
    return files


def _row(*cells: str) -> str:
    part, own, other, share, peer, ratio, other_ratio = cells
    return f"{part:<16}{own:>20}{other:>11}{share:>7}  {peer:<36}{ratio:>13}{other_ratio:>11}"


def _shown(part: Part, own: Rate, other: Rate | None) -> str:
    """A line of the table."""
    speed = f"{own.per_second:.4g} {part.unit}"
    if other is None:
        return _row(part.name, speed, "none", "", part.peer, f"{own.ratio:.2f}", "none")
    share = f"{own.per_second / other.per_second:.2f}"
    line = _row(part.name, speed, f"{other.per_second:.4g}", share, part.peer, f"{own.ratio:.2f}", f"{other.ratio:.2f}")
    return f"{line}  slow" if is_slow(own, other) else line
