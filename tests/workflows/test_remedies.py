"""`remedies` adds the command to facts of the core, also to those that come from a task."""

import pytest

from lp_core.dataset.faulty_rows import TooManyFaultyRows
from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import LogpolarError
from tasks.pieces import InProcess
from workflows.remedies import REMEDIES, with_remedy


def test_a_missing_data_set_is_answered_with_the_command_that_makes_one(tmp_path):
    with pytest.raises(LogpolarError) as error:
        DatasetFolder.open(str(tmp_path / "none"))
    message = with_remedy(error.value)
    assert message.startswith(f"data.path {tmp_path / 'none'} does not exist; ")
    assert "logpolar index SOURCE FOLDER" in message


@pytest.mark.parametrize("kind", REMEDIES)
def test_every_remedy_follows_the_fact_in_one_line(kind):
    message = with_remedy(kind("3 of 4 rows"))
    assert message == f"3 of 4 rows; {REMEDIES[kind]}"
    assert "\n" not in message


def test_other_errors_stay_as_they_are():
    assert with_remedy(LogpolarError("train.epochs is 0")) == "train.epochs is 0"


def refuse(rows: int) -> None:
    raise TooManyFaultyRows(f"{rows} rows")


def test_a_piece_keeps_the_kind_of_its_error():
    with pytest.raises(TooManyFaultyRows):
        list(InProcess().run(refuse, [(3,)]))
