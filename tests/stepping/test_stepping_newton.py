"""Newton's method on scalar equations behind the protocol: tolerance, line search, faults, what is incomplete."""

from __future__ import annotations

from math import atan, exp, inf, isfinite

import pytest

from romlib.errors import ConvergenceError
from romlib.stepping.newton import Failure, Solved, backtrack, newton


class Scalar:
    """load = f(x); `most` : the law fails beyond."""

    def __init__(self, function, slope, load, most=inf):
        self.function, self.derivative, self.load, self.most, self.tried = function, slope, load, most, []

    def evaluate(self, x, delta):
        self.tried.append(x)
        self.x, self.residual = x, self.load - self.function(x)
        fault = "too far" if abs(x) > self.most else "" if isfinite(self.residual) else "not finite"
        return (abs(self.residual), max(abs(self.load), abs(self.load - self.residual)), fault, True)

    def slope(self, delta):
        return delta * self.residual

    def correct(self, x):
        slope = self.derivative(self.x)
        if slope == 0.0:
            return self.failure("singular")
        delta = self.residual / slope
        return x + delta, delta, delta * self.residual

    def failure(self, what):
        return Failure(what, 0.5, cell=7, point=2)


def arctangent(load, most=inf):
    return Scalar(atan, lambda x: 1.0 / (1.0 + x * x), load, most)


def solved(equations, x=0.0, tolerance=1e-10, max_iterations=30, **more):
    return newton(equations, x, tolerance=tolerance, max_iterations=max_iterations, **more)


def test_a_linear_equation_takes_one_correction():
    found = solved(Scalar(lambda x: 3.0 * x, lambda x: 3.0, 6.0))
    assert isinstance(found, Solved) and found.unknowns == 2.0 and found.scale == 6.0
    assert found.residuals == [1.0, 0.0]


@pytest.mark.parametrize("tolerance", [1e-3, 1e-12])
def test_the_residual_obeys_the_tolerance(tolerance):
    found = solved(Scalar(exp, exp, 5.0), tolerance=tolerance)
    assert abs(exp(found.unknowns) - 5.0) <= tolerance * found.scale
    assert found.residuals[-2] > tolerance


def test_the_line_search_converges_where_full_steps_diverge(monkeypatch):
    assert solved(arctangent(-1.3), x=4.0).unknowns == pytest.approx(-3.602, rel=1e-3)
    monkeypatch.setattr("romlib.stepping.newton.MOST_HALVINGS", 0)
    assert isinstance(solved(arctangent(-1.3), x=4.0), Failure)


def test_a_trial_that_is_of_no_use_halves_the_step_that_led_there():
    equations = Scalar(lambda x: x, lambda x: 0.5, 1.0, most=1.5)  # a step goes twice as far as it should
    assert solved(equations).unknowns == pytest.approx(1.0)
    assert equations.tried[:3] == [0.0, 2.0, 1.0]


def test_a_first_trial_that_is_of_no_use_is_a_failure_with_its_place_and_residuals():
    found = solved(arctangent(1.0, most=0.1), x=5.0)
    assert isinstance(found, Failure) and (found.what, found.cell, found.point) == ("too far", 7, 2)
    assert len(found.residuals) == 1
    error = found.error(0.25, 3)
    assert isinstance(error, ConvergenceError) and error.time == 0.25 and "3 cutbacks" in str(error)


def test_a_singular_tangent_and_too_few_iterations_are_failures():
    assert solved(Scalar(lambda x: 0.0, lambda x: 0.0, 1.0)).what == "singular"
    found = solved(Scalar(exp, exp, 50.0), max_iterations=3)
    assert found.what == "no convergence in 3 iterations" and len(found.residuals) == 3


def test_what_is_not_complete_is_no_solution_and_its_correction_is_not_shortened():
    class Moving(Scalar):
        pending = True

        def evaluate(self, x, delta):
            assert not self.pending or delta is None
            return (*super().evaluate(x, delta)[:3], not self.pending)

        def correct(self, x):
            if self.pending:
                self.pending = False
                return x + 0.5, None, 0.0
            return super().correct(x)

    equations = Moving(lambda x: x, lambda x: 1.0, 1.0)
    found = solved(equations, x=1.0)  # in balance from the beginning
    assert equations.tried == [1.0, 1.5, 1.0] and found.unknowns == 1.0


def test_the_observer_sees_what_is_of_use_and_not_the_solution():
    seen = []
    found = solved(arctangent(1.0, most=1.2), observe=lambda number, x: seen.append((number, x)), max_iterations=60)
    assert isinstance(found, Failure)  # the solution is beyond
    assert all(abs(x) <= 1.2 for _, x in seen) and seen[0] == (0, 0.0)
    seen.clear()
    found = solved(arctangent(1.0), observe=lambda number, x: seen.append(number))
    assert seen == list(range(len(found.residuals) - 1))


def test_a_step_is_shortened_where_its_slope_turned_and_kept_its_size():
    assert backtrack(1.0, 0.5) == backtrack(1.0, -0.8) == 1.0
    assert backtrack(1.0, -1.0) == 0.5
    assert backtrack(1.0, -100.0) == 0.1
