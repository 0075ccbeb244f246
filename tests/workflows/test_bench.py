"""`logpolar bench` shows every part beside other numbers, marks what is slow, and saves what it can compare with."""

import pytest
import torch

from lp_core.speed import parts as parts_module
from lp_core.speed import timing
from lp_core.speed.measured import Measured, read
from lp_core.speed.parts import Part
from lp_core.speed.timing import Rate
from workflows.cli import main

RATES = {"decode": Rate(100, 1), "scan": Rate(10, 1)}


@pytest.fixture(autouse=True)
def _known_speeds(monkeypatch) -> None:
    """Parts that do nothing, whose rates are known: how time is measured is tested in tests/lp_core/speed."""

    def parts(photographs):
        for name in RATES:
            yield Part(name, "items/s", "a peer", 1, lambda: None, lambda: None)

    rates = iter([*RATES.values()] * 9)
    monkeypatch.setattr(parts_module, "DRAWN", 2)
    monkeypatch.setattr(parts_module, "parts", parts)
    monkeypatch.setattr(timing, "rate", lambda *_: next(rates))
    monkeypatch.setattr(timing, "speed_up", lambda *_: 1.5)


def output(capsys, *arguments: str) -> str:
    main(["bench", *arguments])
    return capsys.readouterr().out


def saved(path, rates) -> str:
    Measured("another machine", 8, "2026-01-02", rates).write(path)
    return str(path)


def test_what_is_slow_is_marked_and_advised_on(tmp_path, capsys) -> None:
    other = saved(tmp_path / "other.json", {"decode": Rate(100, 1), "scan": Rate(30, 1)})
    text = output(capsys, "--against", other)
    assert "another machine, 8 CPUs, 2026-01-02" in text
    lines = {line[:16].strip(): line for line in text.splitlines()}
    assert lines["scan"].endswith("slow")
    assert not lines["decode"].endswith("slow")
    assert ("1.50 times" in text) == (torch.get_num_threads() > 1)
    assert text.splitlines()[-1] == "slow: scan"


def test_what_was_saved_can_be_compared_with(tmp_path, capsys) -> None:
    other = saved(tmp_path / "other.json", {"decode": Rate(100, 1)})
    file = tmp_path / "mine.json"
    assert "none" in output(capsys, "--against", other, "--save", str(file))  # no number for the scan
    assert read(file).rates == RATES
    assert output(capsys, "--against", str(file)).splitlines()[-1] == "as fast as expected"


def test_a_folder_of_photographs_is_read(tmp_path, capsys) -> None:
    from lp_core.toy.data_set import draw, encode

    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.jpg").write_bytes(encode(draw(0, "train", 0, 32)[0]))
    (tmp_path / "notes.txt").write_text("no photograph")
    assert "decode" in output(capsys, "--photographs", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--photographs", "EMPTY"], "holds no photograph that can be decoded"),
        (["--photographs", "EMPTY/none"], "is no folder"),
        (["--seconds", "0"], "more than 0"),
        (["--against", "EMPTY/none.json"], "cannot be read"),
    ],
)
def test_what_does_not_fit_is_one_line(arguments, says, tmp_path, capsys) -> None:
    with pytest.raises(SystemExit) as end:
        main(["bench", *(word.replace("EMPTY", str(tmp_path)) for word in arguments)])
    assert end.value.code == 1
    error = capsys.readouterr().err
    assert says in error
    assert len(error.splitlines()) == 1
