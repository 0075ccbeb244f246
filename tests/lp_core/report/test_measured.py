"""`measured` reads what `measure` wrote, and refuses what a later version did."""

import pytest

from lp_core.errors import DataError
from lp_core.findings.verdict_rows import findings_document
from lp_core.report.measured import read_measured
from lp_core.run.files import FINDINGS
from lp_core.storage import Storage
from tests.lp_core.report.simulated import RULES, measured_run, run_of


def test_tables_and_findings_come_back(tmp_path) -> None:
    folder, expected = Storage.at(tmp_path), measured_run()
    assert read_measured(folder) is None
    for name, table in run_of(0).tables.items():
        folder.write_table(name, table)
    folder.write_json(FINDINGS, findings_document(expected.findings, RULES))
    measured = read_measured(folder)
    assert measured is not None
    assert set(measured.tables) == set(expected.tables)
    assert [row["claim"] for row in measured.findings] == [row["claim"] for row in expected.findings]
    assert len(measured.rows("grouping", view="cartesian", network="untrained")) > 0
    folder.write_json(FINDINGS, {"format": 99})
    with pytest.raises(DataError, match="format 99"):
        read_measured(folder)
