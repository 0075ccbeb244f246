"""URIs that people try where a folder is asked for: `file://` works, others are refused in one line."""

import json
from pathlib import Path

import pytest

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import LogpolarError
from lp_core.storage import Storage
from workflows.cli import main


def test_file_uris_are_folders_of_this_machine(toy_folder, tmp_path) -> None:
    assert len(DatasetFolder.open(f"file://{toy_folder}").rows("validation")) == 60
    folder = Storage.at(f"file://{tmp_path}/run")
    folder.write_json("value.json", 3)
    assert json.loads((tmp_path / "run" / "value.json").read_text()) == 3


@pytest.mark.parametrize(
    "uri", ["hf://datasets/ILSVRC/imagenet-1k", "memory://data", "ssh://host/data", "zip://data.zip"]
)
def test_other_uris_are_refused_in_one_line(uri: str, tmp_path: Path, capsys) -> None:
    with pytest.raises(LogpolarError) as refused:
        Storage.at(uri).exists()
    assert uri in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(SystemExit) as end:
        main(["index", uri, str(tmp_path / "out")])
    assert end.value.code == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
