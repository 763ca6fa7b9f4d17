"""Amplitudes and histories of decks as tables: exact at every time, jumps included, no point too many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from romlib_converters.keyword.cards import Card, read_cards
from romlib_converters.keyword.history import DeckAmplitude, Part, Step, join, ramp, read_amplitude, root

from romlib.errors import FileFormatError, UnsupportedError
from romlib.loads.amplitudes import evaluate
from romlib.model import TableAmplitude

CARD = Card("DLOAD", "DLOAD", {}, None, 7)
number = st.floats(-10, 10)


def step(start, end):
    return Step(1, start, end, CARD, np.array([end]))


def amplitude(folder, text):
    (folder / "a.inp").write_text(text)
    found, = read_amplitude(read_cards(folder / "a.inp")[0], [])
    return found


def test_a_table_of_a_deck(tmp_path):
    found = amplitude(tmp_path, "*AMPLITUDE,NAME=A,TIME=TOTAL TIME,SHIFTX=1.,SHIFTY=-2.\n0.,1.,2.D0,3.,,, \n5,4.\n")
    assert (found.name, found.total) == ("A", True)
    assert found.time.tolist() == [1, 3, 6] and found.value.tolist() == [-1, 1, 2]
    assert not amplitude(tmp_path, "*AMPLITUDE,NAME=A\n0,0,1,1\n").total


@pytest.mark.parametrize(("text", "error", "said"), [
    ("*AMPLITUDE,NAME=A,USER\n", UnsupportedError, "USER"),
    ("*AMPLITUDE,NAME=A,SHIFTX=x\n0.,1.\n", FileFormatError, "SHIFTX"),
    ("*AMPLITUDE,NAME=A,DEFINITION=PERIODIC\n0.,1.\n", UnsupportedError, "DEFINITION=PERIODIC"),
    ("*AMPLITUDE,NAME=A\n1.,1.,0.,2.\n", FileFormatError, "decrease"),
    ("*AMPLITUDE\n0,0,1,1\n", FileFormatError, "NAME")])
def test_what_is_no_table_is_refused(tmp_path, text, error, said):
    with pytest.raises(error, match=said):
        amplitude(tmp_path, text)


def test_four_pairs_of_a_line_are_read_as_the_solver_does(tmp_path):
    """Up to an empty time; a value that is not there is zero; a table without pairs is none."""
    text = "*AMPLITUDE,NAME=A,SMOOTH=0.2\n0,1,1,2,2,3,3,4,4,5\n5.\n6,1,,7\n*AMPLITUDE,NAME=B\n"
    (tmp_path / "a.inp").write_text(text)
    cards, notes = read_cards(tmp_path / "a.inp"), []
    found, = read_amplitude(cards[0], notes)
    assert found.time.tolist() == [0, 1, 2, 3, 5, 6] and found.value.tolist() == [1, 2, 3, 4, 0, 1]
    assert [(one.name, one.does_work) for one in notes] == [("amplitude_fields", False)]
    assert "line 2" in notes[0].description
    assert read_amplitude(cards[1], notes) == []


@given(points=st.dictionaries(st.integers(0, 20), number, min_size=1, max_size=6), start=st.integers(0, 10),
       length=st.integers(1, 10), total=st.booleans())
def test_the_part_of_a_step_is_the_table_there(points, start, length, total):
    time, value = np.array(sorted(points), float), np.array([points[t] for t in sorted(points)])
    part = DeckAmplitude("A", time, value, total).over(step(float(start), float(start + length)))
    times = np.linspace(start, start + length, 41)
    expected = np.interp(times - (0 if total else start), time, value)
    np.testing.assert_allclose(np.interp(times, part.times, part.values), expected, atol=1e-12)
    assert part.times[0] == start and part.times[-1] == start + length


def test_a_jump_has_its_last_value_at_its_time_and_the_first_before():
    table = DeckAmplitude("A", np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.0, 1.0, 5.0, 5.0]), False)
    found = join([table.over(step(0.0, 2.0))], 0.0, 0.0)
    np.testing.assert_allclose(evaluate(found, np.array([0.5, 0.999, 1.0, 1.5])), [0.5, 0.999, 5.0, 5.0])


@given(values=st.lists(number, min_size=2, max_size=6), begins=st.lists(number, min_size=2, max_size=6))
def test_a_step_keeps_its_own_value_at_its_end(values, begins):
    n = min(len(values), len(begins))
    parts = [ramp(step(float(k), float(k + 1)), begins[k], values[k]) for k in range(n)]
    table = join(parts, 0.25, 0.0)
    at_ends = evaluate(table, np.arange(n + 1.0))
    np.testing.assert_allclose(at_ends, [0.25, *values[:n]], atol=1e-9)
    inside = evaluate(table, np.arange(n) + 0.5)
    np.testing.assert_allclose(inside, [(a + b) / 2 for a, b in zip(begins[:n], values[:n])], atol=1e-9)


def test_points_on_a_line_are_left_out():
    parts = [ramp(step(0.0, 1.0), 0.0, 1.0), ramp(step(1.0, 2.0), 1.0, 2.0), ramp(step(2.0, 3.0), 2.0, 2.0)]
    assert join(parts, 0.0, 0.0) == TableAmplitude(time=(0.0, 2.0, 3.0), value=(0.0, 2.0, 2.0))


@given(first=st.floats(0, 1e6), last=st.floats(0, 1e6), times=st.lists(st.floats(0, 1), max_size=5))
def test_the_root_of_a_ramp_squares_to_the_ramp(first, last, times):
    part, = root([ramp(step(0.0, 1.0), first, last)], np.array(times), CARD)
    at = np.concatenate([times, np.linspace(0, 1, 137)])
    squared = np.interp(at, part.times, part.values) ** 2
    error = np.abs(squared - (first + (last - first) * at))
    assert error.max() <= 2.6e-5 * abs(last - first) + 1e-9 * max(first, last, 1e-300)
    assert (error[:len(times)] <= 1e-12 * max(first, last, 1e-300)).all()  # exact at the records


def test_a_negative_square_is_refused():
    with pytest.raises(UnsupportedError, match="negative"):
        root([Part(np.array([0.0, 1.0]), np.array([0.0, -1.0]))], np.array([]), CARD)
