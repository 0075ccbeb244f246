"""`logpolar scan` on a run whose weights are given; the tasks run in this process, one after the other."""

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import workflows.scan
from lp_core.dataset.feed import open_dataset
from lp_core.errors import LogpolarError
from lp_core.fingerprint import checksum
from lp_core.images.decode import decode_rgb
from lp_core.measures.duplicates import difference_hash
from lp_core.run.history import keep_weights
from lp_core.run.weights import FILE
from lp_core.storage import Storage
from tasks.from_recipe import learner_of
from tests.conftest import FAULTY_ROWS
from tests.workflows.scanned_run import TABLES, LastFirst, asked, content, scanned, trained_session
from workflows.run import run
from workflows.scan import scan
from workflows.session import Session
from workflows.stages import StageGraph
from workflows.verify import verify


@pytest.fixture
def executor():
    return LastFirst()


@pytest.fixture
def ran(executor):
    """The tasks run so far."""
    return executor.ran


@pytest.fixture
def session(small_recipe, tmp_path, executor):
    return trained_session(small_recipe, tmp_path, executor)


def test_the_number_of_tasks_and_the_tree_leave_no_trace(session, ran, monkeypatch):
    monkeypatch.setattr(workflows.scan, "GROUP", 2)
    results = []
    names = [*TABLES, "maxima.npy", "maxima_images.parquet", "lower_exemplars.parquet"]
    for piece_rows, pieces in ((28, 1), (14, 2), (4, 7)):
        ran.clear()
        results.append(content(scanned(session, piece_rows=piece_rows, maxima="always"), names=names))
        assert [name for name, _ in ran].count("scan_rows") == pieces
        session.run.remove("log_polar/stages/scan.json")
        assert not session.run.files("log_polar/scan")
    assert results[0] == results[1] == results[2]
    assert [name for name, _ in ran].count("join_files") == 4 + 2


def test_checkpoints_are_scanned_together_and_once(session, ran):
    alone = content(scanned(session))
    ran.clear()
    one = scanned(session, checkpoints="2")
    assert [len(piece[0]) for name, piece in ran if name == "scan_rows"] == [1, 1]  # the finished weights are done
    assert content(session) == alone
    ran.clear()
    everything = scanned(session, checkpoints="all")
    assert [len(piece[0]) for name, piece in ran if name == "scan_rows"] == [2, 2]
    assert content(session, "log_polar/history/epoch_003") != content(session, "log_polar/history/epoch_002") != alone
    changes = pq.read_table(session.run.path("log_polar/history/changes.parquet"))
    assert sorted(set(changes["epoch"].to_pylist())) == [1, 2, 3, 4]
    ran.clear()
    scan(everything)
    scan(one)
    assert not ran


@pytest.mark.parametrize("control", ["phase-scrambled", "rotated-basis", "other-crop"])
def test_a_control_has_tables_of_its_own(session, ran, control):
    alone = content(scanned(session))
    made = scanned(session, control=control, checkpoints="2")
    folders = [f"log_polar/controls/{control}", f"log_polar/history/epoch_002/controls/{control}"]
    found = [content(session, folder) for folder in folders]
    assert found[0] != found[1]
    assert all(table != plain for table, plain in zip(found[0], alone, strict=True))
    assert content(session) == alone
    verify(made)
    ran.clear()
    scan(made)
    assert not ran


def test_the_untrained_network_is_epoch_0(session):
    recipe, view = session.recipe, "log_polar"
    stage = StageGraph(recipe, session.run).train(view)
    keep_weights(session.run / view, learner_of(recipe, view, 12, steps_per_epoch=10), stage.fingerprint)
    made = scanned(session, checkpoints="0")
    assert content(session, "log_polar/history/epoch_000") != content(session)
    changes = pq.read_table(session.run.path("log_polar/history/changes.parquet"))
    assert sorted(set(changes["epoch"].to_pylist())) == [0, 4]
    assert made.stages.scan(view, 0).about == "view log_polar epoch 0"


def test_an_epoch_scanned_alone_has_the_same_tables(session):
    scanned(session, checkpoints="all")
    together = content(session, "log_polar/history/epoch_002")
    session.run.remove("log_polar/history/epoch_002/stages/scan.json")
    session.run.remove("log_polar/history/epoch_002/exemplars.parquet")
    scanned(session, checkpoints="2,4")
    assert content(session, "log_polar/history/epoch_002") == together


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")  # forked children compute in one thread
def test_killed_twenty_times_it_ends_with_the_same_bytes(session):
    everything = {"checkpoints": "2", "maxima": "always", "piece_rows": 3}
    names = [*TABLES, "maxima.npy", "maxima_images.parquet", "lower_exemplars.parquet"]
    names += [f"history/epoch_002/{name}" for name in names] + ["history/changes.parquet"]
    manifests = ["stages/scan.json", "history/epoch_002/stages/scan.json", "history/stages/changes.json"]
    torch.set_num_threads(1)
    began = time.monotonic()
    expected = content(scanned(session, **everything), names=names)
    length = time.monotonic() - began
    moments = random.Random(4)
    kills = []
    while len(kills) < 20:
        if session.run.exists(f"log_polar/{manifests[-1]}"):
            for name in (*manifests, *names):  # it ended between two kills; the next has to begin again
                session.run.remove(f"log_polar/{name}")
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                scan(asked(session, **everything))
            os._exit(0)
        time.sleep(moments.uniform(0, length))
        ended = os.waitpid(child, os.WNOHANG)[0]
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            kills.append(len(session.run.files("log_polar/scan")))
    assert len(set(kills)) > 2  # at different moments
    assert content(scanned(session, **everything), names=names) == expected
    assert not [name for name in session.run.files("log_polar") if "/scan/" in name]


def test_other_splits_lie_beside(session):
    validation = content(scanned(session))
    other = scanned(session, split="train")
    assert content(session) == validation != content(session, "log_polar/splits/train")
    ids = pq.read_table(session.run.path("log_polar/splits/train/exemplars.parquet"))["image_id"]
    assert pq.read_table(session.run.path("log_polar/exemplars.parquet"))["image_id"] != ids
    verify(other)
    with pytest.raises(LogpolarError, match="no split 'test'; it has train, validation"):
        scanned(session, split="test")


def test_maxima_that_are_asked_for_later_are_written(session, ran):
    before = content(scanned(session, maxima="never"))
    assert "log_polar/maxima.npy" not in session.run.files()
    later = scanned(session, maxima="always")
    assert content(session) == before
    maxima_NC = np.load(session.run.path("log_polar/maxima.npy"))
    channels = pq.read_table(session.run.path("log_polar/channels.parquet")).to_pandas()
    active = (maxima_NC > 0).mean(0)
    np.testing.assert_allclose(active, channels["active_share"], atol=1e-12)
    assert (channels["dead"] == (active == 0)).all()
    np.testing.assert_allclose(maxima_NC.astype(float).mean(0), channels["mean"], rtol=2**-11)
    ran.clear()
    scan(later)
    scan(asked(session))
    assert not ran


@pytest.mark.parametrize(("free", "kept"), [(None, True), (10**9, True), (10**6, False)])
def test_maxima_are_kept_where_there_is_room(session, monkeypatch, capsys, free, kept):
    monkeypatch.setattr(Storage, "free_bytes", lambda folder: free)
    once = scanned(session)
    assert session.run.exists("log_polar/maxima.npy") == session.run.exists("log_polar/lower_exemplars.parquet") == kept
    assert ("maxima.npy is not written, because 0.0 MiB is more than 1% of the free" in capsys.readouterr().out) != kept
    scanned(session, maxima="never")  # what is finished stays
    assert session.run.exists("log_polar/maxima.npy") == kept
    monkeypatch.undo()
    scan(once)
    assert session.run.exists("log_polar/maxima.npy") == kept


def test_a_scan_of_an_earlier_version_is_completed(session, ran):
    expected = content(scanned(session))
    manifest = session.run.read_json("log_polar/stages/scan.json")
    del manifest["files"]["rings.npz"]
    session.run.write_json("log_polar/stages/scan.json", manifest)
    session.run.remove("log_polar/rings.npz")
    ran.clear()
    scanned(session)
    assert [name for name, _ in ran] == ["look", "scan_rows", "scan_rows"]
    assert content(session) == expected


def test_hashes_are_those_of_the_photographs(session):
    scanned(session)
    images = pq.read_table(session.run.path("log_polar/maxima_images.parquet"))
    assert images.schema.field("hash").type == pa.uint64()
    rows = images["row"].to_numpy()
    photographs = open_dataset(session.recipe.data.path).photographs("validation", rows)
    for photograph, found in zip(photographs, images["hash"].to_pylist(), strict=True):
        image_HWC = decode_rgb(photograph.data)
        side = min(image_HWC.shape[:2])  # data.eval-crop is 1
        top, left = (image_HWC.shape[0] - side) // 2, (image_HWC.shape[1] - side) // 2
        assert difference_hash(image_HWC[top : top + side, left : left + side]) == found


def test_rows_that_cannot_be_decoded_are_in_no_table(session, faulty_folder, capsys):
    recipe = session.recipe
    data = replace(recipe.data, path=faulty_folder, limit=None, max_quarantined=0.05)
    faulty = Session(replace(recipe, data=data), session.run, given_executor=session.given_executor)
    stage = StageGraph(faulty.recipe, session.run).train("log_polar")
    stage.finish(1.0, weights=checksum(session.run.read_bytes(f"log_polar/{FILE}")))
    once = scanned(faulty, maxima="always")
    assert "2 of 60 rows hold no usable image" in capsys.readouterr().out
    rows = pq.read_table(session.run.path("log_polar/maxima_images.parquet"))["row"].to_pylist()
    assert rows == [row for row in range(60) if row not in FAULTY_ROWS["validation"]]
    assert len(np.load(session.run.path("log_polar/maxima.npy"))) == 58
    verify(once)
    assert "brute force search of 58 images bit for bit" in capsys.readouterr().out


def test_epochs_that_were_not_kept_are_refused(session):
    with pytest.raises(LogpolarError, match=r"no weights of epoch 9; there are 1, 2, 3, 4"):
        scanned(session, checkpoints="2,9")
    with pytest.raises(LogpolarError, match=r"scan\.checkpoints is 'some'; give none, all or epochs"):
        asked(session, checkpoints="some")
    for epoch in (1, 2, 3):
        session.run.remove(f"log_polar/history/epoch_00{epoch}.json")
    with pytest.raises(LogpolarError, match=r"train with --train\.keep-weights-every-epochs 1"):
        scanned(session, checkpoints="all")


def test_a_fisheye_is_refused_before_the_training_and_the_scan(session):
    fisheye = replace(session.recipe, geometry=replace(session.recipe.geometry, fisheye=True))
    here = Session(fisheye, session.run, given_executor=session.given_executor)
    for make in (scan, run):
        with pytest.raises(LogpolarError, match=r"no places are measured; give --until evaluate"):
            make(here)
    assert not session.run.exists("config.json")
    # The log-polar network of such a recipe is the same as of any other.
    assert scanned(here).stages.scan("log_polar").is_finished()
