"""Histories of nodal values as few patterns times amplitudes."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.loads.patterns import CLOSE, EXACT, FEW, FINE, patterns, triangular_factor

RNG = np.random.default_rng(0)
TIMES, PLACES = np.linspace(0.0, 1.0, 300)[:, None], np.linspace(0.0, 1.0, 1000)
THREE = 20.0 + TIMES * np.sin(9.0 * PLACES) + 500.0 * TIMES**2 * PLACES


def kept(values: np.ndarray, n_block: int = 4):
    """The patterns, and the largest error of what they give, of the largest value."""
    found = patterns(triangular_factor(np.array_split(values, n_block, axis=1), len(values)))
    assert (np.diff(found.instants) > 0).all()
    rebuilt = found.amplitudes @ values[found.instants]
    return found, np.abs(rebuilt - values).max() / max(np.abs(values).max(), 1e-300)


@pytest.mark.parametrize("n_block", [1, 7])
def test_a_history_of_three_fields_is_three_instants_to_rounding_however_it_is_read(n_block):
    found, error = kept(THREE, n_block)
    assert len(found.instants) == 3 and found.tolerance == EXACT and error < 1e-12
    np.testing.assert_allclose(found.amplitudes[found.instants], np.eye(3), atol=1e-15)


def test_a_small_field_beside_a_large_one_is_not_lost():
    found, error = kept(THREE + 1e-6 * TIMES**3 * np.cos(20.0 * PLACES))
    assert len(found.instants) == 4 and error < 1e-12


def test_fields_that_none_is_made_of_are_all_kept():
    found, error = kept(RNG.normal(size=(20, 100)))
    assert len(found.instants) == 20 and error == 0.0
    np.testing.assert_array_equal(found.amplitudes, np.eye(20))
    found, _ = kept(RNG.normal(size=(2 * FEW, 1000)))
    assert len(found.instants) == 2 * FEW and found.tolerance == EXACT


@pytest.mark.parametrize("tolerance", [EXACT, FINE, CLOSE])
def test_a_spot_that_travels_has_more_than_a_few_patterns_and_is_as_near_as_the_digits_of_its_file(tolerance):
    values = 300.0 + 600.0 * np.exp(-((PLACES - TIMES) / 0.025) ** 2)
    if tolerance == FINE:
        values = values.astype(np.float32).astype(float)
    elif tolerance == CLOSE:
        values = np.round(values, 3)
    found, error = kept(values)
    assert FEW < len(found.instants) < 0.5 * len(TIMES) and found.tolerance == tolerance
    assert error < 30.0 * tolerance  # of the largest value, beside the mean of squares


@pytest.mark.parametrize("digits, tolerance", [("single precision", FINE), ("six digits", CLOSE)])
def test_what_rounding_in_a_file_adds_to_many_instants_is_left_out_and_said(digits, tolerance):
    values = 100.0 + THREE  # where six digits are worst
    values = values.astype(np.float32).astype(float) if digits == "single precision" else np.array(
        [f"{value:.5e}" for value in values.ravel()], dtype=float).reshape(values.shape)
    found, error = kept(values)
    assert len(found.instants) == 3 and found.tolerance == tolerance and error < 3 * tolerance
    missing = np.linalg.norm(found.amplitudes @ values[found.instants] - values, axis=1).max()
    assert missing < tolerance * np.linalg.norm(values, axis=1).max()


def test_fewer_nodes_than_instants_and_no_temperature_at_all_have_patterns_too():
    found, error = kept(RNG.normal(size=(30, 5)), 1)
    assert len(found.instants) == 5 and error < 1e-12
    found, _ = kept(np.zeros((6, 10)))
    assert len(found.instants) == 1 and found.amplitudes.shape == (6, 1)
