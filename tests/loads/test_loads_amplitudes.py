"""Tables are linear between their rows, constant outside, and repeat as solvers with cycles take it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.errors import InputError
from romlib.loads.amplitudes import evaluate
from romlib.model import ExpressionAmplitude, TableAmplitude


def table(time, value, **options):
    return TableAmplitude(time=tuple(time), value=tuple(value), **options)


def test_linear_between_and_constant_outside():
    amplitude = table([1.0, 2.0, 4.0], [10.0, 20.0, 0.0])
    np.testing.assert_allclose(evaluate(amplitude, np.array([0.0, 1.0, 1.5, 3.0, 4.0, 9.0])), [10, 10, 15, 10, 0, 0])


def test_a_constant_is_a_table_of_one_row():
    np.testing.assert_array_equal(evaluate(table([0.0], [3.0]), np.array([-1.0, 0.0, 7.0])), [3, 3, 3])


def test_the_end_of_a_cycle_belongs_to_that_cycle():
    # Zset's "cycle pressure 0. 2." of the test cube: at t = 2 the first cycle ends at its last value.
    amplitude = table([0.0, 0.1, 2.0], [0.0, -100.0, -100.0], period=2.0)
    np.testing.assert_allclose(
        evaluate(amplitude, np.array([0.0, 0.05, 0.1, 2.0, 2.05, 2.1, 4.0])), [0, -50, -100, -100, -50, -100, -100])


@given(st.integers(1, 50), st.floats(0.01, 10.0), st.floats(-5.0, 5.0))
def test_every_cycle_ends_at_the_last_value_whatever_the_rounding(k, period, start):
    amplitude = table([start, start + period], [0.0, 1.0], period=period, start=start)
    ends = start + period * np.arange(1, k + 1)
    np.testing.assert_allclose(evaluate(amplitude, ends), 1.0, rtol=1e-6)
    summed = start + np.cumsum(np.full(k, period))
    np.testing.assert_allclose(evaluate(amplitude, summed), 1.0, rtol=1e-6)


@given(st.floats(0.001, 0.999), st.integers(0, 20))
def test_inside_a_cycle_the_values_repeat(phase, k):
    amplitude = table([1.0, 1.5, 3.0], [1.0, 5.0, 2.0], period=2.0, start=1.0)
    first = evaluate(amplitude, np.array([1.0 + 2.0 * phase]))
    np.testing.assert_allclose(evaluate(amplitude, np.array([1.0 + 2.0 * (k + phase)])), first, rtol=1e-9)


def test_before_the_start_the_first_value_holds():
    amplitude = table([1.0, 3.0], [4.0, 8.0], period=2.0, start=1.0)
    np.testing.assert_array_equal(evaluate(amplitude, np.array([-3.0, 0.0, 1.0])), [4, 4, 4])


def test_after_the_end_of_the_repetition_the_last_value_holds():
    amplitude = table([0.0, 1.0], [0.0, 1.0], period=1.0, end=3.0)
    np.testing.assert_allclose(evaluate(amplitude, np.array([2.5, 3.0, 3.2, 10.0])), [0.5, 1, 1, 1])


def test_at_a_jump_the_value_before_it_holds():
    amplitude = table([0.0, 0.3, 0.3, 1.0], [0.0, 3.0, 7.0, 7.0])
    np.testing.assert_allclose(evaluate(amplitude, np.array([0.3, 0.1 + 0.2, 0.3001])), [3, 3, 7])


def test_a_table_of_steps_is_followed():
    amplitude = table([0.0, 0.0, 1.0], [0.0, 5.0, 5.0])
    np.testing.assert_allclose(evaluate(amplitude, np.array([0.0, 0.01, 1.0])), [0, 5, 5])


def test_a_formula_is_evaluated():
    np.testing.assert_allclose(evaluate(ExpressionAmplitude(expression="2*t"), np.array([0.0, 3.0])), [0, 6])


def test_a_value_that_is_not_finite_is_refused_with_its_time():
    with pytest.raises(InputError, match="t = 2 in '1/"):
        evaluate(ExpressionAmplitude(expression="1/(t-2)"), np.array([0.0, 2.0]))
