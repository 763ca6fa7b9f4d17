"""Properties of the empirical cubature."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.offline.cubature import compression, select


def problem(seed: int, n_point: int = 300, n_function: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Smooth functions of several sizes at random points of the unit interval, and positive weights."""
    random = np.random.default_rng(seed)
    x = np.sort(random.uniform(size=n_point))
    weights = random.uniform(0.5, 1.5, n_point) / n_point
    k = np.arange(n_function)
    return np.cos(np.pi * np.outer(x, k) + random.uniform(0, 6, n_function)) * 0.6**k, weights


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), tolerance=st.sampled_from([1e-2, 1e-4, 1e-6]))
def test_selection_meets_the_tolerance_with_positive_weights_and_exact_volume(seed: int, tolerance: float) -> None:
    functions, weights = problem(seed)
    target, volume = functions.T @ weights, weights.sum()
    result = select(functions, target, volume, tolerance)
    assert result.converged
    assert (result.weights > 0).all()
    assert abs(result.weights.sum() / volume - 1.0) < 1e-12
    error = np.linalg.norm(functions[result.points].T @ result.weights - target) / np.linalg.norm(target)
    assert error <= tolerance * (1 + 1e-6)
    assert error == pytest.approx(result.error, rel=1e-3, abs=1e-14)
    assert len(result.points) <= functions.shape[1] + 1
    assert np.array_equal(result.points, np.unique(result.points))


def test_a_looser_tolerance_takes_fewer_points() -> None:
    functions, weights = problem(3, n_function=20)
    target = functions.T @ weights
    counts = [len(select(functions, target, weights.sum(), tolerance).points) for tolerance in (1e-1, 1e-3, 1e-6)]
    assert counts[0] < counts[1] < counts[2]


def test_targets_of_signed_weights_are_met_with_positive_ones() -> None:
    functions, weights = problem(4)
    signed = weights * np.where(np.arange(len(weights)) % 5 == 0, -0.2, 1.0)
    result = select(functions, functions.T @ signed, signed.sum(), 1e-6)
    assert result.converged
    assert result.weights.min() > 0
    assert result.weights.sum() == pytest.approx(signed.sum(), rel=1e-12)


def test_an_impossible_target_ends_and_says_so() -> None:
    functions = np.abs(problem(5)[0])
    result = select(functions, -np.ones(functions.shape[1]), 1.0, 1e-6)
    assert not result.converged
    assert result.error > 0.1
    assert (result.weights > 0).all()


def test_fewer_candidates_than_functions_end_at_the_best_fit() -> None:
    functions, weights = problem(6, n_point=5)
    result = select(functions, functions.T @ weights, weights.sum(), 1e-12)
    assert len(result.points) <= 5
    assert result.error < 1e-8


def test_a_piece_measures_its_tolerance_against_the_global_integrals() -> None:
    functions, weights = problem(7)
    target = functions.T @ weights
    alone = select(functions, target, weights.sum(), 1e-4)
    part = select(functions, target, weights.sum(), 1e-4, scale=100.0 * np.linalg.norm(target))
    assert part.converged
    assert len(part.points) < len(alone.points)


def test_zero_functions_need_only_the_volume() -> None:
    result = select(np.zeros((10, 3)), np.zeros(3), 2.0, 1e-6)
    assert result.weights.sum() == pytest.approx(2.0)


def test_compression_keeps_size_and_meets_its_tolerance() -> None:
    functions, weights = problem(8, n_function=30)
    columns = compression(functions.T @ (weights[:, None] * functions), 1e-3)
    kept = functions @ columns
    rest = functions - kept @ columns.T
    size = lambda f: np.sqrt((f**2 * weights[:, None]).sum())  # noqa: E731
    assert columns.shape[1] < 30
    assert size(rest) <= 1e-3 * size(functions)
    assert np.allclose(columns.T @ columns, np.eye(columns.shape[1]))
