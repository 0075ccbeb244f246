"""`parts` measures what a run does: every part and its peer run on the same items, and photographs are photographs."""

from lp_core.images.decode import image_size
from lp_core.speed import parts as module
from lp_core.speed.parts import HEIGHT, WIDTH, drawn_photographs, parts


def test_photographs_are_as_large_as_imagenet_s(monkeypatch) -> None:
    monkeypatch.setattr(module, "DRAWN", 2)
    files = drawn_photographs()
    assert [image_size(data) for data in files] == [(HEIGHT, WIDTH)] * 2
    assert all(70_000 < len(data) < 150_000 for data in files)  # ImageNet's have 108 kB


def test_every_part_runs_beside_its_peer(monkeypatch) -> None:
    for name, value in (("DRAWN", 1), ("BATCH", 2), ("UNITS", 2), ("SIDE", 32), ("UNIT_SIDE", 64)):
        monkeypatch.setattr(module, name, value)
    found = list(parts(drawn_photographs()))
    assert [part.name for part in found] == ["decode", "chain", "training step", "scan", "guided backprop"]
    assert [part.items for part in found] == [1, 1, 2, 2, 2]
    for part in found:
        part.ours()
        part.theirs()
