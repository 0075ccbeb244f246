"""`metrics_log` writes every step once after a restart, to metrics.jsonl and TensorBoard."""

import json
import os
import secrets
import signal
import subprocess
import sys
from contextlib import closing
from importlib.util import find_spec

import pytest

from lp_core.errors import LogpolarError
from lp_core.storage import Storage
from tasks import metrics_log
from tasks.metrics_log import CHUNK_LINES, MetricsLog, check_tensorboard
from tasks.metrics_reader import MetricsReader
from tests.workflows.object_store import object_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    if find_spec("moto") is None or find_spec("flask") is None:
        pytest.skip("moto's S3 server is not installed: moto[server]")
    with object_store("runs", tmp_path_factory.mktemp("moto") / "log") as opened:
        yield opened


@pytest.fixture(params=["disk", "object store"])
def folder(request, tmp_path):
    """A view's folder, without anything in it."""
    if request.param == "disk":
        return Storage.at(tmp_path)
    return Storage(request.getfixturevalue("store").uri(secrets.token_hex(4)))


def written(folder):
    return [json.loads(line) for line in folder.read_bytes("metrics.jsonl").splitlines()]


def lines(steps, loss=1.0):
    return [{"step": step, "loss": loss * step, "images_per_s": 10.0 * step} for step in steps]


def train(folder, steps, *, after=0, finish=False, loss=1.0):
    """Write a line for each step, as a training does that resumes from a checkpoint."""
    with closing(MetricsLog(folder, after)) as log:
        for line in lines(steps, loss):
            log.write(line)
        log.flush()
        if finish:
            log.finish()
        return log


@pytest.mark.parametrize(("reached", "checkpoint"), [(5, 3), (5, 5), (3 * CHUNK_LINES, CHUNK_LINES), (1200, 700)])
def test_lines_after_the_checkpoint_are_written_anew(folder, reached, checkpoint):
    train(folder, range(1, reached + 1))
    end = reached + 3
    again = train(folder, range(checkpoint + 1, end + 1), after=checkpoint, finish=True, loss=0.5)
    expected = lines(range(1, checkpoint + 1)) + lines(range(checkpoint + 1, end + 1), 0.5)
    assert written(folder) == again.lines == expected
    assert again.mean("images_per_s") == pytest.approx(10 * (end + 1) / 2)
    assert again.mean("other") == 0.0
    assert folder.files() == ["metrics.jsonl"]


def test_what_is_forgotten_stays_in_the_file_and_in_the_mean(folder):
    with closing(MetricsLog(folder, 0)) as log:
        for line in lines([1, 2, 3]):
            log.write(line)
            log.forget()
        assert log.lines == []
        assert log.mean("loss") == 2.0
        log.finish()
    assert [line["step"] for line in written(folder)] == [1, 2, 3]


def test_a_new_training_forgets_an_old_file(folder):
    train(folder, range(1, 2 * CHUNK_LINES), finish=True)
    train(folder, [], finish=True)
    assert written(folder) == []
    train(folder, range(1, 2 * CHUNK_LINES))
    train(folder, [1], finish=True)
    assert written(folder) == lines([1])


@pytest.mark.parametrize("finishes", [1, 2, 3])
def test_a_training_that_was_finished_but_for_its_manifest_is_finished_again(folder, finishes):
    train(folder, range(1, 1201))
    for _ in range(finishes):
        train(folder, [], after=1200, finish=True)
    assert written(folder) == lines(range(1, 1201))


def test_killed_at_any_change_of_the_store_no_line_of_the_checkpoint_is_lost(store, monkeypatch):
    """A start that resumes a long log, killed after 0, 1, 2 ... of its writes and removals."""
    run = Storage(store.uri("killed"))

    class KilledError(Exception):
        pass

    survived = 0
    for joined in (True, False):
        changes = 0
        while True:
            train(run, range(1, 1301), finish=joined)
            left = changes

            def change(original):
                def changed(*arguments):
                    nonlocal left
                    if left == 0:
                        raise KilledError
                    left -= 1
                    return original(*arguments)

                return changed

            with monkeypatch.context() as patch:
                for name in ("write_bytes", "remove"):
                    patch.setattr(Storage, name, change(getattr(Storage, name)))
                try:
                    train(run, [], after=700, finish=True)
                    killed = False
                except KilledError:
                    killed = True
            train(run, range(701, 801), after=700, finish=True)
            assert written(run) == lines(range(1, 801)), f"after {changes} changes"
            if not killed:
                break
            changes += 1
            survived += 1
    assert survived > 8


@pytest.mark.parametrize("cut", [1, 10, 30])
def test_a_line_that_a_kill_cut_short_is_written_anew(tmp_path, cut):
    folder = Storage.at(tmp_path)
    train(folder, range(1, 6))
    file = tmp_path / "metrics.jsonl"
    os.truncate(file, file.stat().st_size - cut)
    train(folder, [4, 5, 6], after=3)
    assert written(folder) == lines(range(1, 7))


def test_a_process_that_is_killed_loses_no_line_and_leaves_none_twice(tmp_path):
    """SIGKILL at three moments; what was logged before is read without any call of `flush`."""
    code = f"""
import sys
from lp_core.storage import Storage
from tasks.metrics_log import MetricsLog
log = MetricsLog(Storage({str(tmp_path)!r}), int(sys.argv[1]))
step = int(sys.argv[1])
while True:
    step += 1
    log.write({{"step": step, "loss": 1.0, "note": "x" * 5000}})
    print(step, flush=True)
"""
    checkpoint = 0
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", code, str(checkpoint)], stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            if int(line) >= checkpoint + 50:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        checkpoint += 40
        *whole, _ = (tmp_path / "metrics.jsonl").read_bytes().split(b"\n")
        steps = [json.loads(line)["step"] for line in whole]
        assert steps[: checkpoint + 10] == list(range(1, checkpoint + 11))
    train(Storage.at(tmp_path), [checkpoint + 1], after=checkpoint)
    assert [line["step"] for line in written(Storage.at(tmp_path))] == list(range(1, checkpoint + 2))


def test_a_damaged_line_of_the_checkpoint_is_named(tmp_path):
    folder = Storage.at(tmp_path)
    train(folder, range(1, 6))
    whole = (tmp_path / "metrics.jsonl").read_bytes().splitlines()
    for damage in (b"", b"\0\0", b"[1]", b'{"loss": 1}', whole[1][:-3]):
        folder.write_bytes("metrics.jsonl", b"\n".join([whole[0], damage, *whole[2:]]) + b"\n")
        with pytest.raises(LogpolarError, match=r"metrics\.jsonl, line 2 is not an object of JSON with a step"):
            MetricsLog(folder, 3)
        train(folder, [2], after=1)
        assert written(folder) == lines([1, 2])


def test_a_log_that_was_replaced_writes_no_more_into_the_new_one(tmp_path):
    """A worker that was given up for lost may still run."""
    folder = Storage.at(tmp_path)
    with closing(MetricsLog(folder, 0)) as lost, closing(MetricsLog(folder, 0)) as log:
        lost.write({"step": 1, "loss": 9.0})
        log.write({"step": 1, "loss": 1.0})
    assert [line["loss"] for line in written(folder)] == [1.0]


def test_a_full_disk_is_named(tmp_path):
    log = MetricsLog(Storage.at(tmp_path), 0)
    log.close()
    log._file._file = open("/dev/full", "ab")  # noqa: SIM115
    for _ in range(2):
        with pytest.raises(LogpolarError, match=r"metrics\.jsonl: cannot be written \(.*No space left"):
            log.write({"step": 1})
    with pytest.raises(LogpolarError, match="No space left"):
        log.close()


def test_a_reader_gets_every_line_once(folder):
    with closing(MetricsReader(folder)) as reader:
        assert reader.new_lines() == []
        with closing(MetricsLog(folder, 0)) as log:
            given, seen = lines(range(1, CHUNK_LINES + 8)), []
            for number, line in enumerate(given):
                log.write(line)
                if number % 100 == 0 or number > CHUNK_LINES - 4:
                    log.flush()
                    seen += reader.new_lines()
            assert seen == given
            assert reader.new_lines() == []
            log.write({"step": 9999, "loss": 0.0})
            log.finish()
        assert reader.new_lines()[-1]["step"] == 9999
        assert reader.new_lines() == []


def test_lines_are_uploaded_without_being_asked_for(store, monkeypatch):
    run = Storage(store.uri("uploaded"))
    with closing(MetricsLog(run, 0)) as log, closing(MetricsReader(run)) as reader:
        log.write({"step": 1})
        monkeypatch.setattr(metrics_log, "UPLOAD_SECONDS", -1.0)
        assert reader.new_lines() == []
        log.write({"step": 2})
        assert [line["step"] for line in reader.new_lines()] == [1, 2]


def test_a_reader_reads_only_what_is_new(tmp_path):
    folder = Storage.at(tmp_path)
    with closing(MetricsReader(folder)) as reader:
        train(folder, range(1, 4))
        assert reader.new_lines() == lines([1, 2, 3])
        with (tmp_path / "metrics.jsonl").open("r+b") as file:
            file.write(b"#" * 10)  # what was read before is not read again
            file.seek(0, 2)
            file.write(b'{"step": 4, "lo')
            file.flush()
            assert reader.new_lines() == []
            file.write('ss": 1, "note": "é"}\nno json\n{"step": 5}\n'.encode())
            file.flush()
            assert [line["step"] for line in reader.new_lines()] == [4, 5]


@pytest.mark.parametrize("reached", [5, CHUNK_LINES, CHUNK_LINES + 5, 2 * CHUNK_LINES + 5])
def test_a_reader_begins_again_where_a_training_was_cut_back(folder, reached):
    train(folder, range(1, reached + 1))
    with closing(MetricsReader(folder)) as reader:
        assert len(reader.new_lines()) == reached
        train(folder, range(4, 6), after=3, loss=0.5)
        assert reader.new_lines() == lines([1, 2, 3]) + lines([4, 5], 0.5)
        assert reader.new_lines() == []


def test_tensorboard_has_the_same_numbers_once(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = Storage.at(tmp_path)
    with closing(MetricsLog(folder, 0, tensorboard=True)) as first:
        for step in range(1, 5):
            first.write({"step": step, "epoch": 0.1, "loss": float(step)})
        first.flush()
    with closing(MetricsLog(folder, 2, tensorboard=True)) as again:
        again.write({"step": 3, "loss": 9.0, "validation_top1": 50.0})
        again.write({"step": 3, "note": "a remark is no curve"})
        again.flush()
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "validation_top1"}
    assert [(one.step, one.value) for one in events.Scalars("loss")] == [(1, 1.0), (2, 2.0), (3, 9.0)]


def test_tensorboard_where_it_cannot_be_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LogpolarError, match="the package tensorboard is not installed"):
        check_tensorboard(Storage.at(tmp_path))
    monkeypatch.undo()
    pytest.importorskip("tensorboard")
    with pytest.raises(LogpolarError, match="not a folder of a disk"):
        check_tensorboard(Storage.at("s3://bucket/run"))
