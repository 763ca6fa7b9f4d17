"""Cycles of a given period, or found from the loads."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.life.cycles import cycles_of, repeated_period

TIMES = np.linspace(0.0, 4.0, 81)
WAVE = np.sin(2 * np.pi * TIMES)[:, None]


def test_the_period_of_a_sine_is_found_and_its_cycles_are_cut_at_its_ends():
    cycles = cycles_of(TIMES, WAVE)
    assert cycles.period == pytest.approx(1.0) and cycles.number == 4 and cycles.complete
    np.testing.assert_allclose(TIMES[cycles.edges], [0, 1, 2, 3, 4], atol=1e-12)


def test_two_loads_repeat_after_the_time_in_which_both_do():
    slow = np.sin(np.pi * TIMES)[:, None]
    assert repeated_period(TIMES, np.hstack([WAVE, slow, np.ones_like(WAVE)])) == pytest.approx(2.0)


def test_steps_of_uneven_length_do_not_hide_a_period():
    uneven = np.unique(np.concatenate([np.linspace(0, 3, 31), [0.33, 1.77, 2.41]]))
    triangle = np.interp(uneven % 1.0, [0, 0.5, 1.0], [0.0, 1.0, 0.0])
    assert repeated_period(uneven, triangle[:, None]) == pytest.approx(1.0)


def test_a_ramp_and_a_growing_wave_are_one_cycle():
    for loads in (TIMES[:, None], TIMES[:, None] * WAVE, np.zeros((81, 0)), np.ones((81, 1))):
        cycles = cycles_of(TIMES, loads)
        assert cycles.number == 1 and cycles.period is None
        assert "one cycle" in cycles.source


def test_the_rest_of_a_run_that_ends_within_a_cycle_is_a_part():
    cycles = cycles_of(TIMES, WAVE, period=1.5)
    assert cycles.number == 3 and not cycles.complete
    np.testing.assert_allclose(TIMES[cycles.edges], [0, 1.5, 3.0, 4.0], atol=1e-12)


@pytest.mark.parametrize("period, message", [
    (5.0, "does not fit the run"), (np.nan, "does not fit the run"), (0.11, "no step where a cycle ends"),
    (0.05, "too few steps")])
def test_a_period_that_the_steps_do_not_have_is_refused(period, message):
    with pytest.raises(InputError, match=message):
        cycles_of(TIMES, WAVE, period=period)
