"""`evolution` counts the images that a channel's sets of two epochs share."""

import numpy as np
import pyarrow as pa
import pytest

from lp_core.exemplars.table import exemplar_table
from lp_core.exemplars.top_k import TopK
from lp_core.measures.evolution import changes_table

LAYERS = {"conv1_1": 3, "conv4_2": 4}


def exemplars(seed: int) -> pa.Table:
    """Nine of fifteen images in each channel; channel 1 has three, channel 2 is dead in odd epochs."""
    rng = np.random.default_rng(seed)
    top_k = TopK(
        np.sort(rng.random((7, 9), np.float32) + 0.1)[:, ::-1].copy(),
        np.stack([rng.permutation(15)[:9] for _ in range(7)]).astype(np.int64),
        np.zeros((7, 9, 2), np.int32),
    )
    for channel, taken in ((1, 3), (2, 0 if seed % 2 else 9)):
        top_k.value_CK[channel, taken:], top_k.row_CK[channel, taken:] = 0, -1
        top_k.position_CK2[channel, taken:] = -1
    rows = pa.table({"row": np.arange(15), "image_id": [str(row) for row in range(15)], "label": [0] * 15})
    return exemplar_table(top_k, LAYERS, rows, ["one"])


def test_every_line_counts_what_sets_have_in_common() -> None:
    tables = {epoch: exemplars(epoch) for epoch in (3, 1, 8)}
    lines = changes_table(tables).to_pylist()
    assert [line["epoch"] for line in lines] == [1] * 7 + [3] * 7 + [8] * 7
    assert [(line["layer"], line["channel"]) for line in lines[:7]] == [
        (layer, channel) for layer, count in LAYERS.items() for channel in range(count)
    ]
    before = {1: None, 3: 1, 8: 3}
    for line in lines:

        def nine(epoch: int, line=line) -> list[int]:
            recorded = tables[epoch].to_pylist()
            return [
                one["row"]
                for one in recorded
                if (one["layer"], one["channel"]) == (line["layer"], line["channel"]) and one["row"] is not None
            ]

        here, previous = nine(line["epoch"]), before[line["epoch"]]
        assert line["images"] == len(here)
        assert line["shared_with_last"] == len(set(here) & set(nine(8)))
        assert line["previous_epoch"] == previous
        if previous is None:
            assert line["shared_with_previous"] is line["best_stays"] is None
            continue
        assert line["shared_with_previous"] == len(set(here) & set(nine(previous)))
        expected = here[0] == nine(previous)[0] if here and nine(previous) else None
        assert line["best_stays"] == expected


@pytest.mark.parametrize("epochs", [(1, 2), (5, 6, 7, 8)])
def test_what_does_not_change_is_shared(epochs) -> None:
    table = changes_table({epoch: exemplars(4) for epoch in epochs}).to_pandas()
    later = table[table["epoch"] > epochs[0]]
    assert (later["shared_with_previous"] == later["images"]).all()
    assert (table["shared_with_last"] == table["images"]).all()
    assert later["best_stays"].all()
