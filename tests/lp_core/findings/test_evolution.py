"""`evolution`: the tables of channels recover planted births, and say nothing of channels that are not there."""

import numpy as np
import pytest

from lp_core.findings.evolution import Checkpoint, birth_table, channel_births, evolution_table
from tests.lp_core.findings.evolving import EPOCHS, planted_history, with_activity

BIRTHS = {"conv1_1": [0, 0, 1], "conv5_2": [2, 4, 8, 8]}


def without_images(checkpoint: Checkpoint, channel: int, first: int) -> Checkpoint:
    checkpoint.nines.image_CK[channel, first:] = -1
    return checkpoint


def test_planted_births_are_recovered_and_those_at_the_end_are_censored() -> None:
    rows = birth_table(planted_history(BIRTHS, np.random.default_rng(0))).to_pylist()
    assert [row["birth_epoch"] for row in rows] == [0, 0, 1, 2, 4, 8, 8]
    assert [row["seen"] for row in rows] == [True] * 5 + [False] * 2
    assert [(row["layer"], row["channel"]) for row in rows][2:4] == [("conv1_1", 2), ("conv5_2", 0)]


def test_independent_nines_are_not_born_before_the_last_checkpoint() -> None:
    history = planted_history({"conv5_2": [EPOCHS[-1]] * 100}, np.random.default_rng(0))
    assert not channel_births(history).is_seen_C.any()


def test_a_channel_without_nine_images_at_the_end_has_no_birth() -> None:
    history = [without_images(checkpoint, 1, 4) for checkpoint in planted_history(BIRTHS, np.random.default_rng(0))]
    row = birth_table(history).to_pylist()[1]
    assert (row["complete"], row["birth_epoch"], row["seen"]) == (False, None, None)


def test_rows_say_what_is_shared_and_where_a_channel_jumps() -> None:
    rows = evolution_table(planted_history(BIRTHS, np.random.default_rng(0))).to_pylist()
    assert [row["epoch"] for row in rows[::7]] == list(EPOCHS)
    of_channel = [row for row in rows if (row["layer"], row["channel"]) == ("conv5_2", 0)]
    assert [row["jump"] for row in of_channel] == [None, True, True, False, False]
    assert [row["shared_with_last"] for row in of_channel][2:] == [9, 9, 9]
    assert of_channel[-1]["rank_overlap_with_last"] == pytest.approx(1)
    assert of_channel[0]["radius_px"] is None


def test_a_dead_channel_does_not_jump() -> None:
    history = planted_history(BIRTHS, np.random.default_rng(0))
    rows = evolution_table([history[0], without_images(history[1], 3, 0), *history[2:]]).to_pylist()
    of_channel = [row for row in rows if (row["layer"], row["channel"]) == ("conv5_2", 0)]
    assert [row["jump"] for row in of_channel] == [None, None, None, False, False]
    assert of_channel[1]["images"] == 0


def test_the_centroid_is_that_of_the_activation() -> None:
    rng = np.random.default_rng(0)
    [last] = planted_history({"conv5_2": [0] * 6}, rng)[-1:]
    rows = evolution_table([with_activity(last, rng, side=0.8)]).to_pylist()
    for row in rows:
        assert min(row["direction"], 360 - row["direction"]) < 15
        assert row["resultant"] == pytest.approx(0.4, abs=0.1)
        assert 0 < row["radius_px"] < 160
