"""Places keep one value and one amplitude; groups of places that act alike give back every place's history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from romlib_converters._inp_active import MOST_GROUPS, NO_AMPLITUDE, RAMP, Active, Histories, State
from romlib_converters._inp_cards import Card
from romlib_converters._inp_history import DeckAmplitude, Step, join

from romlib.errors import UnsupportedError
from romlib.loads.amplitudes import evaluate

CARD = Card("CLOAD", "CLOAD", {}, None, 1)
TABLES = [DeckAmplitude("A", np.array([0.0, 0.5, 1.0]), np.array([0.0, 2.0, 1.0]), False),
          DeckAmplitude("B", np.array([0.0, 3.0]), np.array([1.0, -2.0]), True)]
STEPS = [Step(k + 1, float(k), float(k + 1), CARD, np.array([k + 1.0])) for k in range(3)]


def contents(active):
    state = active.state()
    return {int(k): (v, int(a)) for k, v, a in zip(state.keys, state.values, state.amplitudes)}


def test_cards_of_one_step_add_up_and_those_of_a_later_one_replace():
    active = Active(adds=True)
    active.set(np.array([5, 2, 5]), np.array([1.0, 2.0, 4.0]), NO_AMPLITUDE)
    active.set(np.array([2]), 10.0, 1)
    assert contents(active) == {5: (5.0, -1), 2: (12.0, 1)}
    active.begin_step()
    active.set(np.array([2, 7]), 1.0, NO_AMPLITUDE)
    active.set(np.array([2]), 1.0, NO_AMPLITUDE)
    assert contents(active) == {5: (5.0, -1), 2: (2.0, -1), 7: (1.0, -1)}


def test_constraints_take_the_last_value():
    active = Active(adds=False)
    active.set(np.array([1, 1, 2]), np.array([3.0, 4.0, 5.0]), 0)
    active.set(np.array([2]), 6.0, NO_AMPLITUDE)
    assert contents(active) == {1: (4.0, 0), 2: (6.0, -1)}
    active.remove()
    assert contents(active) == {}


def test_what_an_amplitude_left_is_held_and_values_can_be_cleared():
    active = Active(adds=True)
    active.set(np.array([1, 2]), np.array([2.0, 3.0]), 0)
    active.set(np.array([3]), 4.0, 1)
    active.hold({0: 0.5})
    assert contents(active) == {1: (1.0, -1), 2: (1.5, -1), 3: (4.0, 1)}
    active.clear_values()
    assert contents(active) == {1: (0.0, -1), 2: (0.0, -1), 3: (0.0, 1)}
    active.clear_values(np.array([9.0, 8.0, 7.0, 6.0]))
    assert contents(active) == {1: (8.0, -1), 2: (7.0, -1), 3: (6.0, 1)}
    assert active.state(without=9).amplitudes.tolist() == [9, 9, 1]
    assert active.of_this_step(1)
    active.begin_step()
    assert not active.of_this_step(1) and not active.of_this_step(4)


def test_an_amplitude_may_be_held_at_some_places_only_and_their_cards_are_told():
    active = Active(adds=False)
    active.set(np.array([1, 2, 3]), np.array([2.0, 3.0, 4.0]), 0, card=5)
    active.set(np.array([4]), 1.0, 1, card=6)
    assert active.hold({0: 0.5}, np.array([2, 4, 7])).tolist() == [5]
    assert contents(active) == {1: (2.0, 0), 2: (1.5, -1), 3: (4.0, 0), 4: (1.0, 1)}


def test_a_value_that_ramps_in_any_case_is_told_from_one_without_an_amplitude():
    active = Active(adds=False)
    active.set(np.array([1]), 2.0, RAMP)
    active.set(np.array([2]), 3.0, NO_AMPLITUDE)
    assert active.state(without=9).amplitudes.tolist() == [NO_AMPLITUDE, 9]


values = st.sampled_from([0.0, 1.0, -2.0, 0.5])


@given(rows=st.lists(st.lists(st.tuples(values, st.sampled_from([-1, 0, 1])), min_size=3, max_size=3), min_size=1,
                     max_size=8))
def test_groups_give_back_every_history(rows):
    """factor x history of the group is what the place does, at ends and inside of the steps."""
    states = [State(np.arange(len(rows)), np.array([row[k][0] for row in rows]),
                    np.array([row[k][1] for row in rows]), np.zeros(len(rows), int)) for k in range(3)]
    times = np.arange(1, 13) / 4
    expected = np.zeros((len(rows), 12))
    for place, row in enumerate(rows):
        last = 0.0
        for k, (value, number) in enumerate(row):
            share = np.array([0.25, 0.5, 0.75, 1.0])
            if number == NO_AMPLITUDE:
                now = last + (value - last) * share
            else:
                local = share if number == 0 else k + share
                now = value * np.interp(local, TABLES[number].time, TABLES[number].value)
            expected[place, 4 * k:4 * k + 4], last = now, now[-1]
    found, seen = np.zeros_like(expected), []
    for group in Histories.of(states).groups(STEPS, TABLES):
        assert np.abs(group.factors).max() == group.factors[np.abs(group.factors).argmax()] == 1.0
        found[group.keys] = group.factors[:, None] * evaluate(join(group.parts, 0.0, 0.0), times)
        seen += list(group.keys)
    assert len(seen) == len(set(seen))
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_old_values_stay_at_their_numbers_in_a_list():
    """A new place moves the later ones on: the ramp of the third begins at the second's old value."""
    first = State(np.array([1, 3]), np.array([10.0, 30.0]), np.full(2, NO_AMPLITUDE), np.zeros(2, int))
    second = State(np.array([1, 2, 3]), np.array([10.0, 20.0, 30.0]), np.full(3, NO_AMPLITUDE), np.zeros(3, int))
    history = Histories.of([first, second])
    assert history.starts(STEPS[:2], TABLES)[1].tolist() == [10.0, 0.0, 30.0]
    assert history.starts(STEPS[:2], TABLES, np.array([0, 1, 2]))[1].tolist() == [10.0, 30.0, 0.0]
    assert history.starts(STEPS[:2], TABLES, np.array([2, 1, 0]))[1].tolist() == [0.0, 10.0, 30.0]


def test_too_many_histories_of_their_own_are_refused():
    n = MOST_GROUPS + 1
    rows = [np.linspace(1.0, 2.0, n), np.linspace(3.0, 1.0, n)]
    states = [State(np.arange(n), row, np.full(n, NO_AMPLITUDE), np.zeros(n, int)) for row in rows]
    with pytest.raises(UnsupportedError, match=r"(?s)too many.*found: 1001"):
        Histories.of(states).groups(STEPS[:2], TABLES)
