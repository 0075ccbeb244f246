"""`verification` finds the nine again by brute force and detects every change made to a true table."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch

from lp_core.exemplars.peaks import find_peaks
from lp_core.exemplars.table import InputShares, exemplar_table, recorded_nine
from lp_core.exemplars.top_k import TopK
from lp_core.exemplars.verification import brute_force, column_differences, exemplar_differences
from lp_core.network.layers import conv_channels, conv_layers
from tests.reference.peaks import peaks as reference_peaks
from tests.reference.top_k import nine

WIDTH = 1 / 32
ROWS = [int(row) for row in np.random.default_rng(2).permutation(60)[:27]]
BATCH = 5
CHANNELS = [(layer, channel) for layer, count in conv_channels(WIDTH).items() for channel in range(count)]


@pytest.fixture(scope="module")
def images(random_images) -> torch.Tensor:
    """Some are repeated and some constant: ties between images, and within them."""
    x_N3SR = random_images(len(ROWS), 32, 32)
    x_N3SR[20:24] = x_N3SR[3]
    x_N3SR[24], x_N3SR[25] = 0.5, -0.5
    return x_N3SR


@pytest.fixture(scope="module")
def network(random_network):
    network = random_network(WIDTH)
    with torch.no_grad():
        network.features[conv_layers()["conv2_1"]].bias[0] = -1e6  # dead
        network.features[conv_layers()["conv3_1"]].bias[0] -= 2.2  # active in few images
    return network


@pytest.fixture(scope="module")
def batches(images):
    parts = []
    for start in range(0, len(ROWS), BATCH):
        x_N3SR = torch.zeros(BATCH, 3, 32, 32)
        part = images[start : start + BATCH]
        x_N3SR[: len(part)] = part
        parts.append((ROWS[start : start + BATCH], x_N3SR))
    return parts


@pytest.fixture(scope="module")
def top_k(network, batches) -> TopK:
    top_k = TopK.empty(len(CHANNELS))
    for rows, x_N3SR in batches:
        top_k = top_k.push(find_peaks(network, x_N3SR, rows=rows), rows)
    return top_k


def as_table(top_k: TopK) -> pa.Table:
    rows = pa.table({"row": ROWS, "image_id": [str(row) for row in ROWS], "label": [0] * len(ROWS)})
    return exemplar_table(top_k, conv_channels(WIDTH), rows, ["all"], {"weights": "abc"}, InputShares((32, 32)))


@pytest.fixture(scope="module")
def table(top_k) -> pa.Table:
    return as_table(top_k)


@pytest.fixture
def complaints(network, batches):
    """What is found wrong with a table."""

    def found(table: pa.Table, tolerance: float = 0.0) -> list[str]:
        return exemplar_differences(table, brute_force(network, batches, table, tolerance), tolerance)

    return found


def test_a_scan_is_the_nine_of_looking_at_everything(network, batches, top_k) -> None:
    hits = [[] for _ in CHANNELS]
    for rows, x_N3SR in batches:
        for row, per_channel in zip(rows, reference_peaks(network, x_N3SR), strict=False):
            for channel, (value, *position) in enumerate(per_channel):
                hits[channel].append((value, row, *position))
    taken = []
    for channel, channel_hits in enumerate(hits):
        expected = nine(channel_hits)
        taken.append(len(expected))
        padded = expected + [(0.0, -1, -1, -1)] * (9 - len(expected))
        assert top_k.value_CK[channel].tolist() == [hit[0] for hit in padded]
        assert top_k.row_CK[channel].tolist() == [hit[1] for hit in padded]
        assert top_k.position_CK2[channel].tolist() == [list(hit[2:]) for hit in padded]
    assert 0 in taken
    assert any(0 < count < 9 for count in taken)


def test_a_true_table_has_no_differences(network, batches, table, complaints) -> None:
    assert complaints(table) == []
    assert set(brute_force(network, batches, table)) == set(CHANNELS)
    assert column_differences(table, as_table(recorded_nine(table))) == []


def test_images_may_come_in_any_order(network, batches, table) -> None:
    turned = [([rows[0], *rows[:0:-1]], x_N3SR[[0, *range(len(rows) - 1, 0, -1)]]) for rows, x_N3SR in batches]
    assert brute_force(network, turned[::-1], table) == brute_force(network, batches, table)


def changed(table: pa.Table, number: int, **values) -> pa.Table:
    lines = table.to_pylist()
    lines[number] |= values
    return pa.Table.from_pylist(lines, table.schema)


def number_of(table: pa.Table, layer: str, channel: int, rank: int) -> int:
    keys = zip(table["layer"].to_pylist(), table["channel"].to_pylist(), table["rank"].to_pylist(), strict=True)
    return list(keys).index((layer, channel, rank))


def test_the_smallest_lie_is_found(table, complaints) -> None:
    number = number_of(table, "conv4_1", 2, 3)
    line = table.to_pylist()[number]
    up = float(np.nextafter(np.float32(line["activation"]), np.float32(np.inf)))
    other = next(row for row in ROWS if row not in table.to_pandas().query("layer == 'conv4_1'")["row"][:27].tolist())
    lies = {
        "activation .* is recorded": {"activation": up},
        "activation nan is recorded": {"activation": float("nan")},
        "position .* is recorded": {"unit_col": (line["unit_col"] + 1) % 4},
        f"row {other} is recorded, but row {line['row']} has": {"row": other},
        "not among the images": {"row": 10**6},
        "no image is recorded": {"row": None},
        "no such channel": {"channel": 99},
    }
    for words, lie in lies.items():
        found = complaints(changed(table, number, **lie))
        assert found
        assert all("conv4_1/2" in complaint or "conv4_1/99" in complaint for complaint in found)
        assert any(re.search(words, complaint) for complaint in found), found


def test_a_worse_image_truly_recorded_is_found(network, batches, table, complaints) -> None:
    """Activation and position are right; it only is not one of the nine."""
    number = number_of(table, "conv4_1", 2, 8)
    nine_rows = table.to_pandas().query("layer == 'conv4_1' and channel == 2")["row"].astype(int).tolist()
    channel = CHANNELS.index(("conv4_1", 2))
    peaks = {}
    for rows, x_N3SR in batches:
        for row, per_channel in zip(rows, reference_peaks(network, x_N3SR), strict=False):
            peaks[row] = per_channel[channel]
    row = min((row for row in peaks if row not in nine_rows and peaks[row][0] > 0), key=lambda row: -peaks[row][0])
    value, unit_row, unit_col = peaks[row]
    lie = changed(table, number, row=row, activation=value, unit_row=unit_row, unit_col=unit_col)
    assert complaints(lie) == [
        f"conv4_1/2 rank 8: row {row} is recorded, but row {nine_rows[8]} has activation "
        f"{table['activation'][number].as_py():.9g}"
    ]


def test_an_arbitrary_image_of_a_dead_channel_is_found(table, complaints) -> None:
    number = number_of(table, "conv2_1", 0, 0)
    lie = changed(table, number, row=ROWS[0], unit_row=0, unit_col=0)
    assert any("only 0 images activate the channel" in complaint for complaint in complaints(lie))


def test_exchanged_ranks_repeated_images_and_missing_lines_are_found(table, complaints) -> None:
    first, second = number_of(table, "conv3_2", 1, 4), number_of(table, "conv3_2", 1, 5)
    lines = table.to_pylist()
    keys = ("row", "activation", "unit_row", "unit_col")
    swapped = changed(table, first, **{key: lines[second][key] for key in keys})
    assert any("occurs twice" in complaint for complaint in complaints(swapped))
    swapped = changed(swapped, second, **{key: lines[first][key] for key in keys})
    assert len(complaints(swapped)) == 2
    missing = pa.Table.from_pylist(lines[:first] + lines[second:], table.schema)
    assert complaints(missing) == ["conv3_2/1: the table has 8 rows for it, not one for each rank 0 to 8"]
    with pytest.raises(ValueError, match="not 9 for every channel"):
        recorded_nine(missing)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("image_id", "x"),
        ("label", 1),
        ("class_name", "none"),
        ("rf_top", -99),
        ("rf_right", 99),
        ("padding_share", 0.75),
    ],
)
def test_a_lie_about_an_image_or_a_receptive_field_is_found(table, column, value) -> None:
    number = number_of(table, "conv4_1", 2, 3)
    lie = changed(table, number, **{column: value})
    (complaint,) = column_differences(lie, as_table(recorded_nine(lie)))
    assert complaint.startswith(f"conv4_1/2 rank 3: {column} {value} is recorded, but")


def test_other_metadata_and_columns_are_found(table) -> None:
    (complaint,) = column_differences(table.replace_schema_metadata({"weights": "def"}), table)
    assert "b'def'" in complaint
    assert len(column_differences(table.drop_columns("padding_share"), table)) == 1
    assert len(column_differences(table.slice(0, 9), table)) == 1


def test_rounding_within_the_tolerance_is_no_difference(table, complaints) -> None:
    number = number_of(table, "conv4_1", 2, 3)
    value = table["activation"][number].as_py()
    assert complaints(changed(table, number, activation=value * (1 + 5e-5)), tolerance=1e-4) == []
    assert len(complaints(changed(table, number, activation=value * (1 + 5e-4)), tolerance=1e-4)) == 1
    largest = pc.max(table.filter(pc.equal(table["layer"], "conv4_1"))["activation"]).as_py()
    rounded = changed(table, number, activation=value + 1e-4 * value + 5e-6 * largest)
    assert complaints(rounded, tolerance=1e-4) == []
    assert len(complaints(rounded)) == 1


def test_another_of_equal_places_is_no_difference_within_the_tolerance(network) -> None:
    """In a constant image rounding decides which of many units is the first."""
    rows, x_N3SR = ROWS[:5], torch.full((5, 3, 32, 32), 0.5)
    top_k = TopK.empty(len(CHANNELS)).push(find_peaks(network, x_N3SR, rows=rows), rows)
    table = as_table(top_k)
    lines = table.to_pylist()
    number = next(n for n, line in enumerate(lines) if line["unit_row"] in (1, 2, 3) and "conv1" in line["layer"])
    moved = changed(table, number, unit_row=16)
    for tolerance, expected in ((0.0, 1), (1e-4, 0)):
        found = brute_force(network, [(rows, x_N3SR)], moved, tolerance)
        assert len(exemplar_differences(moved, found, tolerance)) == expected
