"""`advice` names each cause that an installation shows, and none of one that is as it should be."""

from dataclasses import replace

import pytest

from lp_core.speed.advice import Installation, advice

GOOD = Installation(
    processor="x86_64",
    cores=4,
    torch_threads=4,
    torch_instructions="AVX2",
    opencv_is_optimized=True,
    opencv_instructions=frozenset({"SSE", "AVX2"}),
    opencv_jpeg="build-libjpeg-turbo (ver 3.1.2-70)",
    decodes_crops=True,
)


def test_nothing_is_said_where_all_is_well() -> None:
    assert advice(GOOD, set()) == []
    assert advice(replace(GOOD, decodes_crops=False, opencv_jpeg=""), set()) == []
    assert advice(replace(GOOD, cores=1, torch_threads=1), set()) == []


@pytest.mark.parametrize(
    ("change", "slow", "says"),
    [
        ({"torch_threads": 1}, set(), "one thread of 4 CPUs"),
        ({"torch_instructions": "DEFAULT"}, set(), "torch uses DEFAULT kernels"),
        ({"opencv_is_optimized": False}, set(), "OPENCV_CPU_DISABLE"),
        ({"opencv_instructions": frozenset({"SSE"})}, set(), "built without AVX2"),
        ({"opencv_jpeg": "libjpeg (ver 62)"}, {"decode"}, "libjpeg (ver 62)"),
        ({"decodes_crops": False}, {"chain"}, "nvImageCodec"),
        ({}, {"scan"}, "nothing in the installation explains it"),
    ],
)
def test_each_cause_has_its_line(change, slow, says) -> None:
    [line] = advice(replace(GOOD, **change), slow)
    assert says in line


def test_instructions_of_other_processors_are_not_asked_for() -> None:
    arm = replace(GOOD, processor="aarch64", torch_instructions="DEFAULT", opencv_instructions=frozenset({"NEON"}))
    assert advice(arm, set()) == []


def test_this_installation_is_read() -> None:
    here = Installation.here(3)
    assert here.cores == 3
    assert here.torch_threads >= 1
    assert here.opencv_jpeg
    assert not any(word.startswith("*") or word.endswith("?") for word in here.opencv_instructions)
