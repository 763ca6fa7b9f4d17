from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from romlib_converters.common.characters import fields_at, integer_at, number_at


def characters(text):
    return np.frombuffer(text.encode("latin-1"), np.uint8)


def number(text, bare=False):
    return number_at(characters(text), 0, len(text), bare)


@given(value=st.floats(-1e200, 1e200).filter(lambda one: one == 0.0 or abs(one) > 1e-200),
       form=st.sampled_from(["{:.13e}", "{:.16E}", "{:+.5e}", "{!r}", "{:.3f}"]))
def test_a_number_is_what_python_makes_of_it(value, form):
    text = form.format(value)
    if len(text) < 60:
        assert number("  " + text) == (float(text), True)


@pytest.mark.parametrize(("text", "value"), [
    ("1.5D+02", 150.0), ("-2.E-1", -0.2), ("+.5", 0.5), ("1.5e 2", 150.0), ("12", 12.0), ("7. ", 7.0),
    ("0.0E-999", 0.0)])
def test_numbers_are_read_as_fortran_writes_them(text, value):
    assert number(text) == (value, True)


@pytest.mark.parametrize("text", [
    "", "  ", "-", ".", "1.5.2", "1.5 2", "1.5E", "1.5E+-2", "1.5x", "--1", "1_000", "1-5", "0x1", "E5"])
def test_what_is_no_number_is_none(text):
    assert not number(text)[1]


def test_an_exponent_without_its_letter_is_read_where_it_may_be():
    assert number("1.5-101", bare=True) == (1.5e-101, True) and not number("1.5-101")[1]


@pytest.mark.parametrize("text", ["NaN", "nan", "Infinity", "****"])
def test_what_says_that_it_is_no_number_is_not_finite(text):
    value, good = number(text)
    assert good and np.isnan(value)


@given(st.integers(-10**17, 10**17))
def test_a_whole_number_is_what_python_makes_of_it(value):
    text = str(value).rjust(20)
    assert integer_at(characters(text), 0, 20) == (value, True)


@pytest.mark.parametrize("text", ["", "- 5", "--5", "5 5", "5-", "1.0", "9" * 19])
def test_what_is_no_whole_number_is_none(text):
    assert not integer_at(characters(text), 0, len(text))[1]


def lines(*texts):
    """Fields of two whole numbers, (3 wide), and one other (8 wide)."""
    raw, starts = characters("\n".join(texts)), np.cumsum([0, *(len(one) + 1 for one in texts)])
    whole, real = np.zeros((len(texts), 2), np.int64), np.zeros((len(texts), 1))
    good = fields_at(raw, starts[:-1], starts[1:] - 1, np.array([0, 3, 6, 14]), whole, real)
    return good, whole.tolist(), real.ravel().tolist()


def test_fields_that_are_blank_or_missing_are_zero():
    assert lines("  1  2   1.5  ", "  3", "     4", "              7.0 what is behind")[1:] == (
        [[1, 2], [3, 0], [0, 4], [0, 0]], [1.5, 0.0, 0.0, 0.0])
    assert lines("  1  2   1.5  ", "  3", "     4") == (True, [[1, 2], [3, 0], [0, 4]], [1.5, 0.0, 0.0])


@pytest.mark.parametrize("text", ["", "      ", "  1 2x", "  1  2     NaN", "  1  2   1e400", "1.0"])
def test_lines_that_are_not_plain_are_left_to_others(text):
    assert not lines("  1  2   1.5", text)[0]
