"""`strip_table` joins what strips show with jumps and births, and marks no birth that was not seen."""

import numpy as np

from lp_core.findings.strip_table import strip_table
from tests.lp_core.findings.evolving import EPOCHS, planted_history


def test_births_and_jumps_stand_at_their_epochs() -> None:
    history = planted_history({"conv1_1": [0], "conv5_2": [2, 8]}, np.random.default_rng(0))
    drawn = [
        {"layer": "conv5_2", "channel": channel, "epoch": epoch, "class_name": "one", "activation": 1.0}
        for epoch in EPOCHS
        for channel in (0, 1)
    ]
    rows = strip_table(drawn, history).to_pylist()
    of_channel = [[row for row in rows if row["channel"] == channel] for channel in (0, 1)]
    assert [row["born"] for row in of_channel[0]] == [False, False, True, False, False]
    assert not any(row["born"] for row in of_channel[1])
    assert [row["jump"] for row in of_channel[0]] == [False, True, True, False, False]
    assert [row["shared_with_last"] for row in of_channel[0]][2:] == [9, 9, 9]
