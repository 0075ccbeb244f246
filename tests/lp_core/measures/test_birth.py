"""`birth` recovers planted births, sees none in independent nines, and knows jumps from exchanges."""

import numpy as np
import pytest

from lp_core.measures.birth import births, jumps
from lp_core.measures.evolution import shared
from tests.reference.evolution import birth

EPOCHS = np.array([0, 1, 2, 4, 8, 16])


def history(birth_C: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Nines [E, C, 9]: random ones before the birth; from then on the last nine, of which up to four are exchanged."""
    nine_ECK = rng.integers(0, 10**9, (len(EPOCHS), len(birth_C), 9))
    last_CK = rng.integers(0, 10**9, (len(birth_C), 9))
    for number, epoch in enumerate(EPOCHS):
        born_C = epoch >= birth_C
        kept_CK = rng.permuted(np.arange(9) < rng.integers(5, 10, len(birth_C))[:, None], axis=1)
        nine_ECK[number] = np.where(born_C[:, None] & kept_CK, last_CK, nine_ECK[number])
    nine_ECK[-1] = last_CK
    return nine_ECK


def test_known_births_are_recovered() -> None:
    rng = np.random.default_rng(0)
    birth_C = rng.choice(EPOCHS, 300)
    nine_ECK = history(birth_C, rng)
    found = births(np.stack([shared(nine, nine_ECK[-1]) for nine in nine_ECK]), EPOCHS)
    assert (found.epoch_C == birth_C).all()
    assert (found.is_seen_C == (birth_C < EPOCHS[-1])).all()


def test_independent_nines_have_no_birth_before_the_last_checkpoint() -> None:
    rng = np.random.default_rng(0)
    nine_ECK = np.stack([[rng.permutation(600)[:9] for _ in range(300)] for _ in EPOCHS])
    found = births(np.stack([shared(nine, nine_ECK[-1]) for nine in nine_ECK]), EPOCHS)
    assert not found.is_seen_C.any()
    assert (found.epoch_C == EPOCHS[-1]).all()


def test_a_channel_that_falls_below_again_is_born_later() -> None:
    rng = np.random.default_rng(1)
    shared_EC = rng.integers(3, 8, (len(EPOCHS), 500))
    shared_EC[-1] = 9
    found = births(shared_EC, EPOCHS)
    expected = [birth(column, EPOCHS.tolist()) for column in shared_EC.T.tolist()]
    assert list(zip(found.epoch_C.tolist(), found.is_seen_C.tolist(), strict=True)) == expected


@pytest.mark.parametrize("epochs", [[0, 1], [0, 2, 1]])
def test_epochs_that_do_not_fit_are_refused(epochs) -> None:
    with pytest.raises(ValueError, match=r"3 checkpoints have epochs \[0, "):
        births(np.full((3, 2), 9), np.array(epochs))


def test_a_jump_has_another_best_image_and_fewer_than_three_of_the_nine() -> None:
    assert jumps(np.array([False, False, True, True]), np.array([2, 3, 2, 9])).tolist() == [True, False, False, False]
