"""Which of the largest errors is named where a structure has several that are equal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.certificate.places import first_largest


@given(st.permutations(range(6)), st.lists(st.floats(-1e-9, 1e-9), min_size=6, max_size=6))
def test_of_values_that_only_rounding_tells_apart_the_smallest_id_is_named(order, noise):
    values = np.array([3.0, 7.0, 7.0, 7.0, 1.0, 6.9])[:, None] * (1.0 + np.array(noise)[:, None])
    ids = np.array([10, 31, 22, 43, 5, 1])[:, None]
    at = first_largest(values[list(order)], ids[list(order)])
    assert ids[list(order)][at[0], 0] == 22


def test_a_value_that_is_smaller_by_more_than_rounding_is_not_named():
    assert first_largest(np.array([[1.0], [1.0 + 1e-5]]), np.array([[1], [2]])).tolist() == [1]


@pytest.mark.parametrize(("ids", "expected"), [
    ([[4], [2], [9]], [1, 1]), ([[4, 4], [2, 9], [9, 2]], [1, 0])])
def test_each_step_has_its_own(ids, expected):
    values = np.array([[0.0, 5.0], [0.0, 5.0], [0.0, 1.0]])
    assert first_largest(values, np.array(ids)).tolist() == expected
