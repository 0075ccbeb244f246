"""Effects of crossed settings are those of a linear regression, and planted effects come back."""

import itertools

import numpy as np
import pytest

from benchmarks.factorial import factorial_effects

FACTORS = ("sampling", "padding", "radius")


def full(value, seeds=(0, 1, 2)):
    """A cell for every combination; `value` takes the three signs and the seed."""
    return {
        tuple("ab"[bit] for bit in bits): {seed: value(*(2 * np.array(bits) - 1), seed) for seed in seeds}
        for bits in itertools.product((0, 1), repeat=3)
    }


def test_planted_effects_come_back_seed_by_seed() -> None:
    cells = full(lambda s, p, r, seed: 60 + s * 1.5 - p * seed + 0.25 * s * p)
    found = dict(factorial_effects(cells, FACTORS))
    np.testing.assert_allclose(found["sampling: b instead of a"], [3, 3, 3], atol=1e-12)
    np.testing.assert_allclose(found["padding: b instead of a"], [0, -2, -4], atol=1e-12)
    np.testing.assert_allclose(found["sampling x padding"], [0.5, 0.5, 0.5], atol=1e-12)
    for name in ("radius: b instead of a", "sampling x radius", "padding x radius"):
        np.testing.assert_allclose(found[name], 0, atol=1e-12)


def test_effects_are_twice_the_coefficients_of_a_regression() -> None:
    random = np.random.default_rng(0)
    cells = full(lambda *_: float(random.normal()))
    sign_RF = np.array([[1 if value == "b" else -1 for value in cell] for cell in cells])
    pairs = [sign_RF[:, i] * sign_RF[:, j] for i, j in itertools.combinations(range(3), 2)]
    design = np.column_stack([np.ones(8), sign_RF, *pairs])
    value_RS = np.array([list(by_seed.values()) for by_seed in cells.values()])
    coefficient_ES = np.linalg.lstsq(design, value_RS, rcond=None)[0][1:]
    found_ES = [effect_S for _, effect_S in factorial_effects(cells, FACTORS)]
    np.testing.assert_allclose(found_ES, 2 * coefficient_ES, atol=1e-12)


def test_only_seeds_that_all_cells_have_count() -> None:
    cells = full(lambda s, p, r, seed: float(s * seed), seeds=(0, 1, 2))
    del cells["a", "b", "a"][1]
    np.testing.assert_allclose(dict(factorial_effects(cells, FACTORS))["sampling: b instead of a"], [0, 4])


@pytest.mark.parametrize("broken", ["a combination", "a value", "a seed"])
def test_an_incomplete_design_is_refused(broken: str) -> None:
    cells = full(lambda *_: 1.0)
    if broken == "a combination":
        del cells["a", "b", "a"]
    elif broken == "a value":
        cells = {cell: by_seed for cell, by_seed in cells.items() if cell[0] == "a"}
    else:
        cells["a", "b", "a"] = {7: 1.0}
    with pytest.raises(ValueError, match="two values" if broken == "a value" else "missing combinations"):
        list(factorial_effects(cells, FACTORS))
