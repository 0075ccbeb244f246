"""`report` of a sweep's folder is the sweep's, that of another folder a run's."""

import pyarrow as pa
import pytest

from lp_core.errors import LogpolarError
from lp_core.findings.verdict_rows import findings_document
from lp_core.run.files import FINDINGS, MEASURES, SWEEP, SWEEP_TABLE
from lp_core.storage import Storage
from tests.lp_core.report.simulated import RULES, measured_sweep, sweep_rows
from workflows.cli import main
from workflows.sweep_report import named_sweep, sweep_report


@pytest.fixture
def folder(tmp_path):
    folder, rows, measured = Storage.at(tmp_path / "S"), sweep_rows(), measured_sweep()
    folder.write_table(SWEEP_TABLE, pa.Table.from_pylist(rows))
    folder.write_json(SWEEP, {"format": 1, "recipe": "demo", "seeds": [0, 1, 2], "vary": {}, "controls": []})
    for name, table in measured.tables.items():
        folder.write_table(f"{MEASURES}/{name}.parquet", pa.Table.from_pylist(list(table)))
    folder.write_json(FINDINGS, findings_document(measured.findings, RULES))
    folder.write_bytes("base/seed-1/report/index.html", b"a report")
    return folder


def test_the_command_writes_the_page_of_a_sweep(folder, capsys) -> None:
    main(["report", folder.uri])
    page = folder.read_bytes("report/index.html").decode()
    assert "Report of a sweep" in page
    assert page.count('href="../base/') == 1
    assert f"report: {folder.path('report/index.html')}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["{}"], ["--run", "{}"], ["--run={}"]])
def test_the_folder_is_named_in_either_way(folder, words) -> None:
    assert named_sweep([word.format(folder.uri) for word in words]) == folder


def test_what_a_sweep_does_not_take_is_refused(folder) -> None:
    with pytest.raises(LogpolarError, match="folder of a sweep alone"):
        named_sweep([folder.uri, "--views", "cartesian"])


def test_another_folder_holds_no_sweep(tmp_path) -> None:
    assert named_sweep([str(tmp_path)]) is None
    with pytest.raises(LogpolarError, match="holds no sweep"):
        sweep_report(Storage.at(tmp_path))
