"""Errors by kind: each survives a worker's way home, and only those that a person can mend are one line."""

import pickle
import traceback

import pytest

from lp_core import errors
from lp_core.errors import InvariantError, LogpolarError, SettingError, check, error_of
from workflows import cli

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_pickle_and_its_name(kind):
    error = pickle.loads(pickle.dumps(kind("what to do")))
    assert type(error) is type(error_of(kind.__name__, "what to do")) is kind
    assert str(error) == "what to do"


def test_a_name_of_another_version_is_still_an_error():
    assert type(error_of("LaterError", "what to do")) is LogpolarError


def test_a_check_raises_the_kind_asked_for():
    check(True, "unused")
    with pytest.raises(SettingError, match="a setting"):
        check(False, "a setting")
    with pytest.raises(ZeroDivisionError):
        check(False, "another", ZeroDivisionError)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if issubclass(kind, LogpolarError)])
def test_what_a_person_must_change_is_one_line(kind, monkeypatch, capsys):
    def work(*_: object) -> None:
        raise kind("file x: do y")

    monkeypatch.setattr(cli, "_dispatch", work)
    with pytest.raises(SystemExit) as end:
        cli.main(["report"])
    assert end.value.code == 1
    assert capsys.readouterr().err == "logpolar: file x: do y\n"


def test_a_broken_invariant_keeps_its_traceback_and_asks_for_a_report(monkeypatch):
    def work(*_: object) -> None:
        raise InvariantError("other rows arrived")

    monkeypatch.setattr(cli, "_dispatch", work)
    with pytest.raises(InvariantError) as error:
        cli.main(["report"])
    lines = "".join(traceback.format_exception(error.value))
    assert "in work" in lines
    assert lines.endswith("This is a bug in Logpolar: please report it with all lines above.\n")
