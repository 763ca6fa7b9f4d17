from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_points import StubPoints, arctangent, linear

from romlib.errors import ConvergenceError, InputError, UnsupportedError
from romlib.online.histories import Histories
from romlib.online.newton import NewtonOptions
from romlib.online.problem import BlockBasis, PointBlock, ReducedProblem
from romlib.online.run import solve

rng = np.random.default_rng(1)
STRAINS, WEIGHTS = rng.normal(size=(3, 5, 6)), rng.random(5) + 0.1


def block(points, strains=STRAINS, weights=WEIGHTS, piece=0):
    return PointBlock([BlockBasis(strains, weights)], points, np.zeros((0, len(weights), 6)), None, piece)


def scalar_problem(points):
    """One mode, one point, one strain component."""
    strains = np.zeros((1, 1, 6))
    strains[0, 0, 0] = 1.0
    return ReducedProblem([block(points, strains, np.ones(1))], [np.ones((1, 1))], ("load",))


def problem(points, load=(1.0, -2.0, 0.5)):
    return ReducedProblem([block(points)], [np.array([load])], ("load",))


def histories(times, function=lambda t: t):
    return Histories(np.asarray(times, dtype=float), [function], [])


def stiffness(factor=3.0):
    return factor * np.einsum("apk,p,bpk->ab", STRAINS, WEIGHTS, STRAINS)


@given(st.floats(1e-6, 1e6) | st.floats(-1e6, -1e-6) | st.just(0.0), st.integers(2, 6))
def test_a_linear_problem_is_solved_exactly_at_every_time(amplitude, n_step):
    times = np.linspace(0.0, 1.0, n_step)
    found = solve(problem(StubPoints(5, linear)), histories(times, lambda t: amplitude * t))
    exact = np.outer(amplitude * times, np.linalg.solve(stiffness(), [1.0, -2.0, 0.5]))
    np.testing.assert_allclose(found.coordinates, exact, rtol=1e-7, atol=1e-9 * abs(amplitude))


def test_the_predictor_leaves_one_law_evaluation_for_an_elastic_step():
    found = solve(problem(StubPoints(5, linear)), histories(np.linspace(0, 1, 6)))
    np.testing.assert_array_equal(found.iterations[2:], 1)
    assert found.iterations[1] == 2 and found.iterations[0] == 0


def test_the_residual_satisfies_the_documented_inequality():
    tolerance, seen = 1e-5, []

    def observe(time, iteration, gamma, stresses, committed):
        if committed is not None:
            internal = np.einsum("p,apk,pk->a", WEIGHTS, STRAINS, stresses[0])
            external = np.array([1.0, -2.0, 0.5]) * np.sin(6.0 * time)
            seen.append((external, internal))

    solve(problem(StubPoints(5, arctangent), ), histories(np.linspace(0, 1, 30), lambda t: np.sin(6.0 * t)),
          NewtonOptions(tolerance=tolerance), observe)
    assert len(seen) == 29
    reference = 0.0
    for external, internal in seen:
        reference = max(reference, np.linalg.norm(external), np.linalg.norm(internal))
        assert np.linalg.norm(external - internal) <= tolerance * reference * (1 + 1e-9)


def test_a_tighter_tolerance_is_obeyed():
    def last_residual(tolerance):
        found = solve(scalar_problem(StubPoints(1, arctangent)), histories([0, 1]), NewtonOptions(tolerance=tolerance))
        return abs(np.arctan(found.coordinates[-1, 0]) - 1.0)
    assert last_residual(1e-12) <= 1e-12
    assert 1e-12 < last_residual(1e-3) <= 1e-3


def test_a_law_that_fails_cuts_the_step_and_the_result_is_the_same():
    free, limited = StubPoints(5, linear), StubPoints(5, linear, limit=0.08)
    expected = solve(problem(free), histories([0.0, 1.0, 2.0]))
    found = solve(problem(limited), histories([0.0, 1.0, 2.0]))
    np.testing.assert_allclose(found.coordinates, expected.coordinates, rtol=1e-7)
    assert expected.cutbacks.sum() == 0 and found.cutbacks.sum() >= 2
    np.testing.assert_array_equal(found.times, [0.0, 1.0, 2.0])
    # the state counts committed increments: one a step without cutbacks, more with them, never an uncommitted iterate
    assert expected.states[0][0][-1, 0, 0] == 2
    committed = found.states[0][0][-1, 0, 0]
    assert 2 < committed < len(limited.calls)


def test_a_cut_step_grows_back():
    # stiff response to the first tenth of the load only: the law refuses large increments before time 0.5
    class Early(StubPoints):
        def integrate(self, start, *arguments):
            self.limit = 0.01 if start.time < 0.5 else np.inf
            return super().integrate(start, *arguments)

    early = Early(5, linear)
    solve(problem(early), histories([0.0, 8.0]))
    steps = np.diff(np.unique(early.calls))
    assert steps[-1] > 20 * steps[0]


def test_the_cut_follows_the_factor_that_the_law_asks_for():
    def first_retry(factor):
        points = StubPoints(1, linear, limit=0.2, dt_factor=factor)
        solve(scalar_problem(points), histories([0.0, 1.0]))
        return next(time for time in points.calls if time < 1.0)
    assert first_retry(0.25) == pytest.approx(0.25)
    assert first_retry(0.5) == pytest.approx(0.5)
    assert first_retry(np.nan) == pytest.approx(0.5)


@pytest.mark.parametrize("max_cutbacks", [0, 3])
def test_a_law_that_always_fails_ends_in_an_error_that_names_time_and_point(max_cutbacks):
    points = StubPoints(5, linear, limit=0.0)
    with pytest.raises(ConvergenceError) as caught:
        solve(problem(points), histories([0.0, 1.0]), NewtonOptions(max_cutbacks=max_cutbacks))
    assert caught.value.time == pytest.approx(0.5**max_cutbacks)
    assert caught.value.cell in points.cells and caught.value.point == caught.value.cell - 99
    assert "law failed" in str(caught.value)
    assert len(points.calls) <= 10 * (max_cutbacks + 1)


def test_what_is_not_a_number_never_escapes():
    def poisoned(strain):
        stress, slope = linear(strain)
        stress[3] = np.nan
        return stress, slope
    with pytest.raises(ConvergenceError, match="not finite") as caught:
        solve(problem(StubPoints(5, poisoned)), histories([0.0, 1.0]))
    assert caught.value.cell == 103


def test_what_is_not_a_number_at_a_point_without_weight_is_caught_too():
    def poisoned(strain):
        stress, slope = linear(strain)
        stress[4] = np.nan
        return stress, slope
    weights = np.array([1.0, 1.0, 1.0, 1.0, 0.0])
    reduced = ReducedProblem([block(StubPoints(5, poisoned), STRAINS, weights)], [np.ones((1, 3))], ("load",))
    with pytest.raises(ConvergenceError):
        solve(reduced, histories([0.0, 1.0]))


def test_a_singular_tangent_is_a_convergence_error():
    flat = StubPoints(1, lambda strain: (np.zeros_like(strain), np.zeros_like(strain)))
    with pytest.raises(ConvergenceError, match="singular"):
        solve(scalar_problem(flat), histories([0.0, 1.0]))


def test_too_few_iterations_name_the_point_whose_stress_still_changes():
    def cubic_at_two(strain):
        stress, slope = linear(strain)
        stress[2] += 1e3 * strain[2]**3
        slope[2] += 3e3 * strain[2]**2
        return stress, slope
    with pytest.raises(ConvergenceError, match="no convergence in 3 iterations") as caught:
        solve(problem(StubPoints(5, cubic_at_two)), histories([0.0, 50.0]),
              NewtonOptions(max_iterations=3, max_cutbacks=0))
    assert caught.value.cell == 102 and len(caught.value.residuals) == 3


def test_the_line_search_converges_where_full_steps_diverge(monkeypatch):
    # from the stress of 1.55 to none: a full step overshoots by far and grows for ever
    times, function = [0.0, 1.0, 2.0], lambda t: np.interp(t, [0.0, 1.0, 2.0], [0.0, 1.5, -1.3])
    found = solve(scalar_problem(StubPoints(1, arctangent)), histories(times, function), NewtonOptions(max_cutbacks=0))
    np.testing.assert_allclose(np.arctan(found.coordinates[:, 0]), [0.0, 1.5, -1.3], atol=2e-8)
    monkeypatch.setattr("romlib.stepping.newton.MOST_HALVINGS", 0)
    with pytest.raises(ConvergenceError):
        solve(scalar_problem(StubPoints(1, arctangent)), histories(times, function), NewtonOptions(max_cutbacks=0))


def test_blocks_of_several_pieces_add_up_to_the_same_as_one():
    whole = solve(problem(StubPoints(5, arctangent), (0.2, -0.3, 0.1)), histories([0, 0.5, 1]))
    cut = [block(StubPoints(2, arctangent), STRAINS[:, :2], WEIGHTS[:2], 0),
           block(StubPoints(3, arctangent), STRAINS[:, 2:], WEIGHTS[2:], 1)]
    loads, order = [np.array([[0.2, -0.3, 0.1]])], []

    def combine(parts):
        order.append(list(parts))
        return sum(parts[piece] for piece in sorted(parts))

    for combination in (None, combine):
        split = ReducedProblem(cut, loads, ("load",), n_piece=2, combine=combination)
        found = solve(split, histories([0, 0.5, 1]))
        np.testing.assert_allclose(found.coordinates, whole.coordinates, rtol=1e-9)
        np.testing.assert_allclose(np.concatenate(found.stresses, axis=1), whole.stresses[0], rtol=1e-8, atol=1e-12)
    assert order and all(pieces == [0, 1] for pieces in order)


def test_a_failure_in_another_piece_is_known_to_all_through_combine():
    bad = block(StubPoints(3, linear, limit=0.0, dt_factor=0.3), STRAINS[:, 2:], WEIGHTS[2:], 1)
    bad.points.cells = np.array([7, 8, 9])
    cut = [block(StubPoints(2, linear), STRAINS[:, :2], WEIGHTS[:2], 0), bad]
    split = ReducedProblem(cut, [np.ones((1, 3))], ("load",), n_piece=2, combine=lambda parts: sum(parts.values()))
    with pytest.raises(ConvergenceError) as caught:
        solve(split, histories([0, 1]), NewtonOptions(max_cutbacks=2))
    assert caught.value.cell in (7, 8, 9)


def test_the_observer_sees_every_evaluation_and_one_convergence_a_step():
    seen = []
    found = solve(problem(StubPoints(5, arctangent), (0.1, 0.1, 0.1)), histories(np.linspace(0, 1, 5)), None,
                  lambda *arguments: seen.append(arguments))
    assert len(seen) == found.iterations.sum()
    assert [committed is not None for *_, committed in seen].count(True) == 4
    time, _, gamma, stresses, committed = seen[-1]
    assert time == committed.time == 1.0
    np.testing.assert_array_equal(gamma, found.coordinates[-1])
    np.testing.assert_array_equal(stresses[0], found.stresses[0][-1])


def test_points_are_not_kept_when_not_asked_for():
    found = solve(problem(StubPoints(5, linear)), histories([0, 1]), NewtonOptions(record_points=False))
    assert found.stresses == [] and found.states == [] and found.coordinates[1].any()


def test_times_that_do_not_increase_and_senseless_options_are_refused():
    for times in ([0.0], [0.0, 0.0], [1.0, 0.5]):
        with pytest.raises(InputError, match="times"):
            solve(problem(StubPoints(5, linear)), histories(times))
    with pytest.raises(InputError, match="options"):
        NewtonOptions(tolerance=0.0)


def test_timings_are_parts_of_the_total():
    timings = solve(problem(StubPoints(5, arctangent), (0.1, 0.1, 0.1)), histories(np.linspace(0, 1, 20))).timings
    assert timings.law > 0 and timings.linear_algebra > 0 and timings.rest > 0
    assert timings.law + timings.linear_algebra + timings.rest == pytest.approx(timings.total)


def test_several_local_bases_are_refused_and_not_solved_with_the_first():
    several = problem(StubPoints(5, linear))
    several.loads.append(np.ones((1, 3)))
    with pytest.raises(UnsupportedError, match="2 clusters"):
        solve(several, histories([0, 1]))
