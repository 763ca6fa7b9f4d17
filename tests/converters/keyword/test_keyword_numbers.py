"""Numbers of data lines, as Fortran's list of digits has them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from romlib_converters.keyword.numbers import LARGEST_ID, number_of, numbers_of, truncated_number, whole_of

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(("text", "value"), [
    (b"1.5D3", 1500.0), (b"1.5d-3", 0.0015), (b"1.5+3", 1500.0), (b"-1.5-3", -0.0015), (b".5", 0.5), (b"5", 5.0),
    (b"5.", 5.0), (b"+2.Q1", 20.0), (b"", None), (b".", None), (b"x", None), (b"1,5", None), (b"1e", None),
    (b"nan", None), (b"inf", None), (b"1e999", None), (b"0x1F", None), (b"1_0", None), (b"1.5 +3", None)])
def test_a_field_is_a_number_as_the_solvers_read_it_or_none(text, value):
    assert number_of(text) == value
    found, wrong = numbers_of([b"1.", text, b"2."])
    assert wrong == (1 if value is None else None) and (value is None or found.tolist() == [1.0, value, 2.0])


@given(values=st.lists(finite, min_size=1, max_size=5), letter=st.sampled_from("eEdDqQ"), bare=st.booleans())
def test_fields_are_read_together_as_one_by_one(values, letter, bare):
    fields = [f"{value:.17e}".replace("e", "" if bare else letter).encode() for value in values]
    found, wrong = numbers_of(fields)
    assert wrong is None and found.tolist() == values == [number_of(one) for one in fields]
    mixed, wrong = numbers_of([*fields, b"5", b"1+2"])
    assert wrong is None and mixed.tolist() == [*values, 5.0, 100.0]


def test_no_fields_are_no_numbers():
    found, wrong = numbers_of([])
    assert found.shape == (0,) and wrong is None


@pytest.mark.parametrize(("text", "found"), [
    (b"6.123233995736766e-17", b"6.123233995736766e-17"),  # twenty characters of it: e-1
    (b"0.33333333333333333333", None), (b"1.,0.123456789012345E-15", b"0.123456789012345E-15"),
    (b"1.,2.\n3.,1234567890123456789012", b"1234567890123456789012"), (b"abcdefghijklmnopqrstuvwxyz", None),
    (b"1.,2.,3.", None)])
def test_a_number_of_which_calculix_reads_another_is_found(text, found):
    assert truncated_number(text) == found


def test_ids_are_whole_numbers_of_31_bits():
    ids, wrong = whole_of(np.array([1.0, -3.0, float(LARGEST_ID)]))
    assert wrong is None and ids.tolist() == [1, -3, LARGEST_ID] and ids.dtype == np.int64
    for value in (1.5, np.nan, np.inf, LARGEST_ID + 1.0):
        assert whole_of(np.array([1.0, value]))[1] == 1
