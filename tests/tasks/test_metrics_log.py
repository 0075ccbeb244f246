"""`metrics_log` writes every step once after a restart, to metrics.jsonl and TensorBoard."""

import json
from dataclasses import replace

import pytest

from lp_core.errors import SettingError
from lp_core.storage import Storage
from tasks.metrics_log import MetricsLog, check_tensorboard


@pytest.fixture
def folder(tmp_path):
    return Storage.at(tmp_path)


def written(folder):
    return [json.loads(line) for line in folder.read_bytes("metrics.jsonl").splitlines()]


def test_lines_after_the_checkpoint_are_written_anew(folder):
    log = MetricsLog(folder, 0)
    for step in range(1, 6):
        log.write({"step": step, "loss": float(step), "images_per_s": 10.0 * step})
    log.flush()
    again = MetricsLog(folder, 3)
    assert again.lines == written(folder)[:3]
    again.write({"step": 4, "loss": 0.5})
    again.flush()
    assert [(line["step"], line["loss"]) for line in written(folder)] == [(1, 1), (2, 2), (3, 3), (4, 0.5)]
    assert again.mean("images_per_s") == 20.0
    assert again.mean("other") == 0.0


def test_a_new_training_forgets_an_old_file(folder):
    folder.write_bytes("metrics.jsonl", b'{"step": 1}\n')
    log = MetricsLog(folder, 0)
    log.flush()
    assert written(folder) == []


def test_tensorboard_has_the_same_numbers_once(folder, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    first = MetricsLog(folder, 0, tensorboard=True)
    for step in range(1, 5):
        first.write({"step": step, "epoch": 0.1, "loss": float(step)})
    first.flush()
    again = MetricsLog(folder, 2, tensorboard=True)
    again.write({"step": 3, "loss": 9.0, "validation_top1": 50.0})
    again.write({"step": 3, "note": "a remark is no curve"})
    again.flush()
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "validation_top1"}
    assert [(one.step, one.value) for one in events.Scalars("loss")] == [(1, 1.0), (2, 2.0), (3, 9.0)]


def test_tensorboard_where_it_cannot_be_is_refused(folder, small_recipe, monkeypatch):
    check_tensorboard(small_recipe, folder)
    asked = replace(small_recipe, train=replace(small_recipe.train, tensorboard=True))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SettingError, match="the package tensorboard is not installed"):
        check_tensorboard(asked, folder)
    monkeypatch.undo()
    pytest.importorskip("tensorboard")
    with pytest.raises(SettingError, match="not a folder of a disk"):
        check_tensorboard(asked, Storage.at("s3://bucket/run"))
