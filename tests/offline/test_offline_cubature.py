"""Properties of the empirical cubature."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from romlib.offline.cubature import FINER, compression, select
from romlib.offline.selection import PREFERENCE, Wanted, in_words
from romlib.progress import Pace, Remaining


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


KINDS = ("uniform", "peaked", "signed", "few values", "one rank", "nearly constant", "equal points")


def small_problem(seed: int, kind: str, centred: bool) -> tuple[np.ndarray, np.ndarray]:
    """1 to 4 integrands at up to 300 points, and weights that are not negative; centred: all integrals vanish."""
    random = np.random.default_rng(seed)
    n_function, n_point = int(random.integers(1, 5)), int(random.integers(2, 300))
    functions = random.random((n_point, n_function))
    if kind == "peaked":
        functions = functions**4
    elif kind == "signed":
        functions = random.standard_normal((n_point, n_function))
    elif kind == "few values":
        functions = random.integers(0, 3, (n_point, n_function)).astype(float)
    elif kind == "one rank":
        functions = np.outer(random.random(n_point) ** 3, random.standard_normal(n_function))
    elif kind == "nearly constant":
        functions = 1.0 + 1e-4 * random.standard_normal((n_point, n_function))
    elif kind == "equal points":
        functions = functions[random.integers(0, max(n_point // 4, 1), n_point)]
    weights = random.random(n_point) * (random.random(n_point) < random.choice([1.0, 0.5, 0.1]))
    weights[0] += 0.1
    if centred:
        functions = functions - functions.T @ weights / weights.sum()
    return functions, weights


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), centred=st.booleans())
def test_few_integrands_are_integrated_to_rounding(kind: str, seed: int, centred: bool) -> None:
    """A solution that is not negative exists; Lawson and Hanson's own method finds one, and so has this."""
    functions, weights = small_problem(seed, kind, centred)
    target, volume = functions.T @ weights, weights.sum()
    size = np.sqrt(volume * np.einsum("pf,p->", functions**2, weights))
    if size <= 1e-10 * volume * np.abs(functions).max():
        return  # where there is weight, the integrands are what centring has left of zero: rounding, and no problem
    reference = nnls(np.vstack([functions.T / size, np.ones(len(functions))]), [*(target / size), volume])[1]
    result = select(functions, target, volume, 1e-13, scale=size)
    error = np.linalg.norm(functions[result.points].T @ result.weights - target) / size
    assert error <= max(1e-11, 2.0 * reference)
    assert (result.weights >= 0.0).all() and result.weights.sum() == pytest.approx(volume, rel=1e-13)
    assert len(result.points) <= functions.shape[1] + 1
    if kind == "one rank":
        assert len(result.points) <= 2


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_one_integrand_takes_two_points_at_most(seed: int) -> None:
    """Every candidate promises the same fall of the residual: two points on both sides of the mean are enough."""
    random = np.random.default_rng(seed)
    values = random.random((2000, 1)) ** 4
    result = select(values, values.mean(axis=0), 1.0, 1e-4)
    assert result.converged and len(result.points) <= 2 and result.error < 1e-13


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_an_impossible_target_ends_at_the_non_negative_optimum(seed: int) -> None:
    random = np.random.default_rng(seed)
    functions, target = random.random((60, 6)), 2.0 * random.standard_normal(6)
    result = select(functions, target, 1.0, 1e-9)
    heavy = 1e4
    best = nnls(np.vstack([functions.T, np.full(60, heavy)]), [*target, heavy], maxiter=10_000)[0]
    optimum = np.linalg.norm(functions.T @ (best / best.sum()) - target)
    assert np.linalg.norm(functions[result.points].T @ result.weights - target) <= optimum * (1 + 1e-5)


def test_the_number_of_points_can_be_bounded_and_progress_is_told() -> None:
    functions, weights = problem(9, n_function=20)
    told: list[tuple[int, float]] = []
    result = select(functions, functions.T @ weights, weights.sum(), 1e-10, n_max=7,
                    progress=lambda n, error: told.append((n, error)))
    assert len(result.points) == 7 and not result.converged
    assert max(n for n, _ in told) == 7 and told[-1][1] == pytest.approx(result.error, rel=1e-2)


def test_a_selection_that_takes_long_is_told_in_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    now = [0.0]
    monkeypatch.setattr("romlib.offline.selection.Pace", lambda: Pace(clock=lambda: now[0]))
    monkeypatch.setattr("romlib.offline.selection.Remaining", lambda: Remaining(lambda: now[0]))
    progress = in_words(said.append, "cubature", 1e-4)
    assert progress is not None
    for k in range(40):  # one point a second, each of which takes a tenth of a decade from the error
        now[0] = k
        progress(k + 1, 10 ** (-k / 10))
    assert said[0] == "cubature: 4 points so far, error 5.0e-01 of 1.0e-04, about 40 s left"
    assert said[-1] == "cubature: 27 points so far, error 2.5e-03 of 1.0e-04, about 14 s left" and len(said) == 4
    assert in_words(None, "cubature", 1e-4) is None


def test_points_that_are_there_anyhow_are_preferred_and_the_tolerance_holds_all_the_same() -> None:
    shared = {False: 0, True: 0}
    for seed in range(5):
        functions, weights = problem(seed, n_function=20)
        target, volume = functions.T @ weights, weights.sum()
        others = np.random.default_rng(seed).choice(len(weights), 30, replace=False)
        favour = np.ones(len(weights))
        favour[others] = PREFERENCE
        for preferred in shared:
            result = select(functions, target, volume, 1e-4, favour=favour if preferred else None)
            assert result.converged and (result.weights > 0).all()
            shared[preferred] += np.isin(result.points, others).sum()
        np.testing.assert_array_equal(
            select(functions, target, volume, 1e-4, favour=np.ones(len(weights))).points,
            select(functions, target, volume, 1e-4).points)
    assert shared[True] > 2 * shared[False]


def test_a_minimum_of_points_is_met_and_lowers_the_error_until_the_integrands_have_no_more() -> None:
    functions, weights = problem(3, n_function=20)
    target, volume = functions.T @ weights, weights.sum()
    loose, more, all_of_them = (select(functions, target, volume, 1e-2, n_min=n) for n in (0, 12, 1000))
    assert len(loose.points) < 12 <= len(more.points) and more.error < loose.error
    assert all_of_them.error <= FINER * 1e-2 and len(all_of_them.points) <= 21  # no more than bring anything
    assert len(select(functions, target, volume, 1e-2, n_min=12, n_max=5).points) == 5


def test_preferred_points_are_told_apart_by_their_piece() -> None:
    wanted = Wanted(pieces=np.array([0, 2]), ips=np.array([5, 1]))
    np.testing.assert_array_equal(wanted.favour(np.array([0, 1, 2, 2]), np.array([5, 5, 5, 1])),
                                  [PREFERENCE, 1.0, 1.0, PREFERENCE])
    assert Wanted().favour(np.array([0]), np.array([0])) is None


def test_a_selection_among_very_many_functions_is_that_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without the part of Q that no column needs."""
    for seed in range(4):
        functions, weights = problem(seed, n_function=30)
        signed = weights * np.where(np.arange(len(weights)) % 7 == 0, -0.5, 1.0)
        monkeypatch.setattr("romlib.offline.active_set._WIDE", 10**6)
        one = select(functions, functions.T @ signed, signed.sum(), 1e-7)
        monkeypatch.setattr("romlib.offline.active_set._WIDE", 0)
        other = select(functions, functions.T @ signed, signed.sum(), 1e-7)
        assert one.converged and other.converged
        np.testing.assert_array_equal(one.points, other.points)
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-6)
    assert select(functions[:5], functions[:5].sum(axis=0), 5.0, 1e-9).error < 1e-8  # more functions than points
