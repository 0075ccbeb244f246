"""`table` writes one row per layer, channel and rank with the documented columns, and reads it back."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from lp_core.exemplars.crop import inside
from lp_core.exemplars.table import SCHEMA, InputShares, exemplar_table, read_exemplars, write_exemplars
from lp_core.exemplars.top_k import TopK
from lp_core.fingerprint import checksum
from lp_core.network.receptive_field import Box, receptive_field
from lp_core.run.files import EXEMPLARS
from lp_core.storage import Storage

LAYERS = {"conv1_2": 2, "conv3_1": 3, "conv5_3": 1}
CONTRACT = ["layer", "channel", "rank", "activation", "image_id", "label", "class_name", "unit_row", "unit_col"]
CONTRACT += ["rf_top", "rf_left", "rf_bottom", "rf_right"]


def some_nine(seed: int = 0) -> TopK:
    """Channel 3 is dead, channel 4 has four exemplars."""
    rng = np.random.default_rng(seed)
    channels = sum(LAYERS.values())
    top_k = TopK(
        np.sort(rng.random((channels, 9), np.float32) + 0.1)[:, ::-1].copy(),
        rng.permuted(np.tile(np.arange(100, 120), (channels, 1)), axis=1)[:, :9].astype(np.int64),
        rng.integers(0, 4, (channels, 9, 2), dtype=np.int32),
    )
    for channel, taken in ((3, 0), (4, 4)):
        top_k.value_CK[channel, taken:] = 0
        top_k.row_CK[channel, taken:] = -1
        top_k.position_CK2[channel, taken:] = -1
    return top_k


def rows_table() -> pa.Table:
    row = np.random.default_rng(1).permutation(np.arange(90, 130))
    return pa.table({"row": row, "image_id": [f"photo-{r}" for r in row], "label": (row % 3).astype(np.int32)})


def table(shares: InputShares | None = None) -> pa.Table:
    return exemplar_table(some_nine(), LAYERS, rows_table(), ["ant", "bee", "cat"], {"weights": "abc"}, shares)


def written(exemplars: pa.Table, folder: Path) -> bytes:
    checksums = write_exemplars(exemplars, Storage.at(folder))
    data = (folder / EXEMPLARS).read_bytes()
    assert checksums == {EXEMPLARS: checksum(data)}
    return data


def test_columns_are_the_contract() -> None:
    assert table().column_names == [*CONTRACT, "row"]
    assert table().schema.metadata == {b"weights": b"abc"}
    assert pa.schema(list(table().schema)) == SCHEMA


def test_every_line_says_what_the_scan_found() -> None:
    top_k, lines = some_nine(), table().to_pylist()
    assert len(lines) == 9 * sum(LAYERS.values())
    where = [(layer, channel) for layer, count in LAYERS.items() for channel in range(count)]
    for number, line in enumerate(lines):
        index, rank = divmod(number, 9)
        assert (line["layer"], line["channel"], line["rank"]) == (*where[index], rank)
        assert line["activation"] == top_k.value_CK[index, rank]
        row = int(top_k.row_CK[index, rank])
        if row == -1:
            assert line["activation"] == 0
            assert all(line[name] is None for name in [*CONTRACT[4:], "row"])
            continue
        unit = tuple(top_k.position_CK2[index, rank].tolist())
        assert (line["row"], line["image_id"], line["label"]) == (row, f"photo-{row}", row % 3)
        assert line["class_name"] == ["ant", "bee", "cat"][row % 3]
        assert (line["unit_row"], line["unit_col"]) == unit
        box = Box(line["rf_top"], line["rf_left"], line["rf_bottom"], line["rf_right"])
        assert box == receptive_field(line["layer"]).box(*unit)


@pytest.mark.parametrize("wraps", [False, True])
def test_shares_say_what_the_receptive_field_lies_on(wraps) -> None:
    fovea_SR = np.zeros((64, 64), bool)
    fovea_SR[:, :4] = True
    for line in table(InputShares((64, 64), {"fovea": fovea_SR}, wraps)).to_pylist():
        if line["row"] is None:
            assert line["padding_share"] is line["fovea_share"] is None
            continue
        box = Box(line["rf_top"], line["rf_left"], line["rf_bottom"], line["rf_right"])
        on_image = inside(box, (64, 64), wraps=wraps)
        assert line["padding_share"] == pytest.approx(1 - on_image.mean(), abs=1e-6)
        in_fovea = on_image & (np.arange(box.left, box.right) < 4)
        assert line["fovea_share"] == pytest.approx(in_fovea.mean(), abs=1e-6)


@pytest.mark.parametrize("shares", [None, InputShares((64, 64))])
def test_written_and_read_again(tmp_path, shares) -> None:
    exemplars = table(shares)
    in_parts = pa.concat_tables([exemplars.slice(0, 7), exemplars.slice(7)])
    assert written(exemplars, tmp_path) == written(in_parts, tmp_path)
    assert read_exemplars(Storage.at(tmp_path)).equals(exemplars, check_metadata=True)


def test_a_network_that_nothing_activates_gives_empty_places() -> None:
    exemplars = exemplar_table(TopK.empty(6), LAYERS, rows_table().slice(0, 0), [])
    assert len(exemplars) == 54
    assert pc.sum(exemplars["activation"]).as_py() == 0
    assert exemplars["image_id"].null_count == exemplars["row"].null_count == 54


def test_an_image_without_a_name_is_refused() -> None:
    missing = int(some_nine().row_CK[0, 0])
    rows = rows_table().filter(pc.not_equal(rows_table()["row"], missing))
    with pytest.raises(ValueError, match=f"row {missing} of the data set"):
        exemplar_table(some_nine(), LAYERS, rows, ["ant", "bee", "cat"])


def test_layers_must_fit_the_channels() -> None:
    with pytest.raises(ValueError, match="6 channels were scanned, but the layers have 7"):
        exemplar_table(some_nine(), LAYERS | {"conv5_3": 2}, rows_table(), ["ant", "bee", "cat"])


def test_another_table_is_refused(tmp_path) -> None:
    folder = Storage.at(tmp_path)
    folder.write_table(EXEMPLARS, table().drop_columns("rank"))
    with pytest.raises(ValueError, match="not a table of exemplars"):
        read_exemplars(folder)
    folder.write_bytes(EXEMPLARS, b"nothing of ours")
    with pytest.raises(ValueError, match="Parquet"):
        read_exemplars(folder)
