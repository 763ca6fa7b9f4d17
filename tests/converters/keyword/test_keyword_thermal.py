"""The temperature of a deck as loads: their sum is what each node's cards say, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from romlib_converters.keyword.active import NO_AMPLITUDE, State
from romlib_converters.keyword.cards import Card
from romlib_converters.keyword.history import DeckAmplitude, Part, Step
from romlib_converters.keyword.thermal import UNIFORM, sum_of, temperature_loads

from romlib.loads.amplitudes import evaluate

CARD = Card("TEMPERATURE", "TEMPERATURE", {}, None, 1)
TABLES = [DeckAmplitude("A", np.array([0.0, 0.5, 1.0]), np.array([1.0, 2.0, 0.5]), False),
          DeckAmplitude("B", np.array([0.0, 3.0]), np.array([1.0, -2.0]), True)]
STEPS = [Step(k + 1, float(k), float(k + 1), CARD, np.array([k + 1.0])) for k in range(3)]
SHARE = np.array([0.25, 0.5, 0.75, 1.0])
TIMES = np.arange(1, 13) / 4


def states_of(rows):
    """rows : of each node, a value and an amplitude a step; None where no card names the node (in no step)."""
    keys = np.array([k for k, row in enumerate(rows) if row is not None], int)
    return [State(keys, np.array([rows[key][k][0] for key in keys], float),
                  np.array([rows[key][k][1] for key in keys], int), np.zeros(len(keys), int)) for k in range(3)]


def summed(found, n_node, times):
    total = np.zeros((len(times), n_node))
    for name, amplitude in found.amplitudes.items():
        field = np.ones(n_node) if name == UNIFORM else found.arrays[name]
        total += np.array([evaluate(amplitude, time) for time in times])[:, None] * field
    return total


values = st.sampled_from([20.0, 0.0, 300.0, -40.0, 123.456])
history = st.lists(st.tuples(values, st.sampled_from([NO_AMPLITUDE, 0, 1])), min_size=3, max_size=3)


@settings(deadline=None)
@given(rows=st.lists(st.one_of(st.none(), history), min_size=1, max_size=5), initial=st.lists(values, min_size=5,
                                                                                              max_size=5))
def test_the_sum_of_the_loads_is_the_temperature_of_each_node(rows, initial):
    """From what it was, straight to the value; or the value times its amplitude; or as it was at the beginning."""
    start = np.array(initial[:len(rows)])
    found = temperature_loads(states_of(rows), start, STEPS, TABLES)
    if all(row is None for row in rows):
        assert not found.loads and not found.amplitudes and not found.arrays
        return
    expected = np.repeat(start[None], 12, axis=0)
    for node, row in enumerate(rows):
        last = start[node]
        for k, (value, number) in enumerate(row or ()):
            local = SHARE if number == 0 else k + SHARE
            now = (last + (value - last) * SHARE if number == NO_AMPLITUDE
                   else value * np.interp(local, TABLES[number].time, TABLES[number].value))
            expected[4 * k:4 * k + 4, node], last = now, now[-1]
    assert set(found.loads) == set(found.amplitudes)
    np.testing.assert_allclose(summed(found, len(rows), TIMES), expected, atol=1e-9)
    np.testing.assert_allclose(summed(found, len(rows), [0.0])[0], start, atol=1e-9)
    assert all(np.abs(field).max() == 1.0 for field in found.arrays.values())


def test_fields_that_differ_in_size_alone_are_one_load_and_what_is_uniform_is_one_of_its_own():
    """Two steps heat the same field above 20, the second twice as much."""
    field = np.array([0.0, 0.5, 1.0])
    rows = [[(20.0 + 100.0 * x, NO_AMPLITUDE), (20.0 + 200.0 * x, NO_AMPLITUDE), (20.0, NO_AMPLITUDE)] for x in field]
    found = temperature_loads(states_of(rows), np.full(3, 20.0), STEPS, TABLES)
    assert set(found.loads) == {UNIFORM, "temperature"} and set(found.arrays) == {"temperature"}
    np.testing.assert_allclose(found.arrays["temperature"], field)
    for name, expected in (("temperature", [0.0, 100.0, 200.0, 0.0]), (UNIFORM, [20.0] * 4)):
        assert [evaluate(found.amplitudes[name], time) for time in range(4)] == pytest.approx(expected)


def test_parts_of_a_step_add_up_where_their_times_differ():
    total = sum_of([Part(np.array([0.0, 1.0]), np.array([0.0, 2.0])), Part(np.array([0.0, 0.5, 1.0]),
                                                                           np.array([1.0, 0.0, 1.0]))])
    assert total.times.tolist() == [0.0, 0.5, 1.0] and total.values.tolist() == [1.0, 1.0, 3.0]
