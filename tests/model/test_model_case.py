"""The times of a case."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.model import Times


@pytest.mark.parametrize("times, expected", [
    (Times(stop=1.0, step=0.25), [0.0, 0.25, 0.5, 0.75, 1.0]),
    (Times(start=1.0, stop=2.0, step=0.4), [1.0, 1.4, 1.8, 2.0]),
    (Times(stop=1.0, step=3.0), [0.0, 1.0]),
    (Times(values=(0.0, 0.1, 5.0)), [0.0, 0.1, 5.0])])
def test_times_begin_with_the_initial_state_and_end_with_the_stop(times, expected):
    np.testing.assert_allclose(times.instants(), expected)


def test_a_tenth_added_up_ends_exactly_at_the_stop():
    times = Times(stop=1.0, step=0.025).instants()
    assert len(times) == 41 and times[-1] == 1.0
