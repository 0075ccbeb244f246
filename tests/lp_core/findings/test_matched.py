"""`matched`: views are compared at the most accurate checkpoints that are equally accurate."""

import pyarrow as pa
import pytest

from lp_core.findings.grouping import SCHEMA
from lp_core.findings.matched import epoch_accuracy, matched_values
from lp_core.findings.values import DIFFERENCE

DELTAS = {
    ("cartesian", "untrained"): 0.01,
    ("cartesian", "epoch 1"): 0.05,
    ("cartesian", "trained"): 0.20,
    ("log_polar", "untrained"): 0.02,
    ("log_polar", "epoch 1"): 0.04,
    ("log_polar", "trained"): 0.08,
}


def groupings(leave_out=()):
    rows = [
        {"view": view, "network": network, "layer": "conv5_2", "measure": "G", "delta": delta}
        for (view, network), delta in DELTAS.items()
        if (view, network) not in leave_out
    ]
    return pa.Table.from_pylist([*rows, rows[0] | {"measure": "W"}], SCHEMA)


def test_the_most_accurate_equal_checkpoints_are_taken():
    accuracy = {"cartesian": {"epoch 1": 39.5, "trained": 70.0}, "log_polar": {"epoch 1": 20.0, "trained": 40.0}}
    found = matched_values(groupings(), accuracy)
    expected = (0.08 - 0.02) - (0.05 - 0.01)
    assert found == {(DIFFERENCE, "conv5_2", "grouping.G.lambda.accuracy_matched"): pytest.approx(expected)}


@pytest.mark.parametrize(
    "accuracy",
    [
        {},
        {"cartesian": {"trained": 40.0}},
        {"cartesian": {"trained": 70.0}, "log_polar": {"trained": 40.0}},
    ],
    ids=["none", "one view", "never equal"],
)
def test_nothing_is_said_without_equal_checkpoints(accuracy):
    assert matched_values(groupings(), accuracy) == {}


def test_nothing_is_said_without_an_untrained_network():
    accuracy = {view: {"trained": 40.0} for view in ("cartesian", "log_polar")}
    assert matched_values(groupings(leave_out=[("log_polar", "untrained")]), accuracy) == {}
    assert len(matched_values(groupings(), accuracy)) == 1


def test_accuracies_are_those_of_the_epochs():
    lines = [
        {"step": 5, "epoch": 0.5, "loss": 1.0},
        {"step": 10, "epoch": 1.0, "validation_top1": 20.0},
        {"step": 30, "epoch": 3.0, "validation_top1": 60.0},
    ]
    found = epoch_accuracy(lines, {"trained": None, "epoch 1": 1, "epoch 2": 2})
    assert found == {"epoch 1": 20.0, "trained": 60.0}
    assert list(found) == ["epoch 1", "trained"]
    assert epoch_accuracy([], {"trained": None}) == {}
