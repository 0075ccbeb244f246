"""`plateau` reports a loss that stays at a guess, with what to try."""

import math

from lp_core.network.plateau import plateau_note


def lines(*losses):
    return [{"step": step, "loss": loss} for step, loss in enumerate(losses, start=1)]


def test_a_loss_that_stays_at_a_guess_is_said_with_what_to_try():
    note = plateau_note(lines(*[math.log(100)] * 10), 100, 0, 10)
    assert "still 4.605" in note
    assert "network.initialization" in note


def test_the_second_half_of_the_epoch_decides():
    guess, learned = math.log(100), math.log(100) - 0.1
    assert plateau_note(lines(*[guess] * 5, *[learned] * 5), 100, 0, 10) is None
    assert plateau_note(lines(*[learned] * 5, *[guess] * 5), 100, 0, 10)
    assert plateau_note(lines(*[guess] * 10, *[learned] * 10), 100, 10, 20) is None


def test_other_lines_and_no_lines_say_nothing():
    assert plateau_note([{"step": 9, "note": "x"}, {"step": 10, "validation_loss": 9.0}], 100, 0, 10) is None
