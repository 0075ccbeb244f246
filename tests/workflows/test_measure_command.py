"""Which folder `logpolar measure` is about, wherever it stands on the command line."""

import pyarrow as pa
import pytest

from lp_core.run.files import SWEEP_TABLE
from lp_core.storage import Storage
from workflows.config import write_config
from workflows.measure_command import sweep_measurement


@pytest.fixture
def sweep(tmp_path, small_recipe):
    folder = Storage.at(tmp_path / "sweep")
    folder.write_table(SWEEP_TABLE, pa.table({"run": ["base/seed-0"]}))
    write_config(folder / "base/seed-0", small_recipe)
    return folder


@pytest.mark.parametrize("words", [["FOLDER"], ["--run", "FOLDER"], ["--run=FOLDER"]], ids=" ".join)
def test_a_sweep_is_found_and_its_runs_get_the_other_options(words, sweep, small_recipe):
    arguments = [word.replace("FOLDER", sweep.uri) for word in words]
    found = sweep_measurement([*arguments, "--measure.samples", "29"])
    assert found.folder == sweep
    command = found.command(sweep / "base/seed-0")
    assert command.run == sweep / "base/seed-0"
    assert (command.recipe.measure.samples, command.recipe.train) == (29, small_recipe.train)


def test_a_run_is_no_sweep(sweep):
    assert sweep_measurement([(sweep / "base/seed-0").uri]) is None
    assert sweep_measurement([]) is None
    assert sweep_measurement([sweep.uri, "--help"]) is None
