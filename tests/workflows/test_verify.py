"""`logpolar verify` on a run whose weights are given: every lie is found, and rounding of other machines is none."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lp_core.errors import LogpolarError
from lp_core.fingerprint import checksum
from lp_core.storage import Storage
from tests.workflows.scanned_run import LastFirst, scanned, trained_session
from workflows.verify import verify


@pytest.fixture
def executor():
    return LastFirst()


@pytest.fixture
def session(small_recipe, tmp_path, executor):
    return trained_session(small_recipe, tmp_path, executor)


def lied(folder: Storage, column: str, change) -> None:
    """Change one value of the table, and the checksum that would betray it."""
    table = pq.read_table(folder.path("exemplars.parquet"))
    values = table[column].to_pylist()
    values[412] = change(values[412])
    field = table.schema.field(column)
    table = table.set_column(table.schema.get_field_index(column), field, pa.array(values, field.type))
    pq.write_table(table, folder.path("exemplars.parquet"))
    manifest = folder.read_json("stages/scan.json")
    manifest["files"]["exemplars.parquet"] = checksum(folder.read_bytes("exemplars.parquet"))
    folder.write_json("stages/scan.json", manifest)


def test_verify_finds_lies_whose_checksum_was_mended(session, capsys):
    everything = scanned(session, checkpoints="2")
    verify(everything)
    assert capsys.readouterr().out.count("images bit for bit") == 2
    folder = session.run / "log_polar" / "history/epoch_002"
    truth = folder.read_bytes("exemplars.parquet")
    lies = {
        "activation": lambda value: float(np.nextafter(np.float32(value), np.float32(0))),
        "unit_row": lambda value: (value + 1) % 2,
        "row": lambda value: 0 if value else 1,
        "class_name": lambda value: value + "s",
        "rf_left": lambda value: value - 1,
        "fovea_share": lambda value: value + 1e-4,
    }
    for column, change in lies.items():
        lied(folder, column, change)
        with pytest.raises(LogpolarError, match=r"view log_polar epoch 2: \d differences in 2376 exemplars"):
            verify(everything)
        place = "conv3_2/5 rank 7: " + {"unit_row": "position", "row": "activation"}.get(column, column)
        assert place in capsys.readouterr().out
        folder.write_bytes("exemplars.parquet", truth)
    lied(folder, "activation", lambda value: value)
    verify(everything)


def lied_about(folder: Storage, name: str, change) -> None:
    """Change a file of the scan, and the checksum that would betray it."""
    path = folder.path(name)
    if name.endswith(".npz"):
        arrays = dict(np.load(path))
        change(arrays)
        np.savez_compressed(path, **arrays)
    elif name.endswith(".npy"):
        array = np.load(path)
        change(array)
        np.save(path, array)
    else:
        table = pq.read_table(path).to_pydict()
        change(table)
        pq.write_table(pa.table(table, pq.read_schema(path)), path)
    manifest = folder.read_json("stages/scan.json")
    manifest["files"][name] = checksum(folder.read_bytes(name))
    folder.write_json("stages/scan.json", manifest)


LIES = [
    ("channels.parquet", lambda table: table["mean"].__setitem__(3, table["mean"][3] + 2**-24), "conv1_1/3: mean"),
    ("channels.parquet", lambda table: table["q90"].__setitem__(3, table["q90"][3] * 1.07), "conv1_1/3: q90"),
    ("channels.parquet", lambda table: table["dead"].__setitem__(3, not table["dead"][3]), "conv1_1/3: dead"),
    ("places.npz", lambda arrays: arrays["conv3_1"].__setitem__((5, 0, 0), 99), "conv3_1/5"),
    ("rings.npz", lambda arrays: arrays["conv3_1/sum_CB"].__imul__(1.001), "conv3_1/0: sum_CB"),
    ("rings.npz", lambda arrays: arrays["conv3_1/square_CB"].__imul__(1.001), "conv3_1/0: square_CB"),
    ("rings.npz", lambda arrays: arrays["conv1_2/active_CB"].__setitem__((1, 2), 7), "conv1_2/1: active_CB 7"),
    ("rings.npz", lambda arrays: arrays["conv1_2/above_CB"].__iadd__(1), "conv1_2/0: above_CB"),
    ("rings.npz", lambda arrays: arrays["conv5_1/sector_CS"].__imul__(1.01), "conv5_1/0: sector_CS"),
    ("rings.npz", lambda arrays: arrays["conv1_1/threshold_C"].__imul__(1.0001), "conv1_1/0: threshold_C"),
    ("rings.npz", lambda arrays: arrays["conv1_1/radius_E"].__imul__(1.1), "conv1_1"),
    ("maxima.npy", lambda array: array.__setitem__((9, 2), array[9, 2] * np.float16(1.001)), "conv1_1/2 has"),
    ("maxima_images.parquet", lambda table: table["hash"].__setitem__(4, table["hash"][4] ^ 1), "has hash"),
    ("maxima_images.parquet", lambda table: table["label"].__setitem__(4, 99), "rows, names or labels"),
    ("lower_exemplars.parquet", lambda table: table["row"].__setitem__(0, table["row"][1]), "conv1_1/0"),
]


def test_verify_recounts_every_file(session, capsys):
    once = scanned(session)
    folder = session.run / "log_polar"
    verify(once)
    files = "channels.parquet, places.npz, rings.npz, maxima.npy, maxima_images.parquet, lower_exemplars.parquet"
    assert f"verify log_polar: {files} agree with a recount in float64" in capsys.readouterr().out
    manifest = folder.read_bytes("stages/scan.json")
    for name, change, complaint in LIES:
        truth = folder.read_bytes(name)
        lied_about(folder, name, change)
        with pytest.raises(LogpolarError, match=r"view log_polar: [0-9]+ difference"):
            verify(once)
        lines = [line for line in capsys.readouterr().out.splitlines() if name in line]
        assert any(complaint in line for line in lines), (name, complaint, lines)
        folder.write_bytes(name, truth)
        folder.write_bytes("stages/scan.json", manifest)
    verify(once)


def test_verify_recounts_an_input_of_another_shape(small_recipe, tmp_path, executor, capsys):
    recipe = replace(small_recipe, geometry=replace(small_recipe.geometry, size=64, sectors=128))
    verify(scanned(trained_session(recipe, tmp_path, executor)))
    assert "rings.npz, maxima.npy, maxima_images.parquet, lower_exemplars.parquet agree" in capsys.readouterr().out


def test_verify_recounts_where_no_maxima_were_kept(session, capsys):
    verify(scanned(session, maxima="never", control="rotated-basis"))
    assert "channels.parquet, places.npz, rings.npz agree with a recount" in capsys.readouterr().out


def test_verify_allows_for_rounding_on_other_machines_only(session, capsys):
    once = scanned(session)
    file = session.run.path("log_polar/stages/scan.json")
    with open(file) as stream:
        manifest = json.load(stream)
    (here,) = manifest["machines"]
    assert "1 thread" in here
    manifest["machines"] = ["another processor"]
    with open(file, "w") as stream:
        json.dump(manifest, stream)
    verify(once)
    assert "within 0.0001, because the scan ran on another processor" in capsys.readouterr().out
