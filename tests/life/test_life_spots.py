"""Hot spots are the largest values, and no neighbours."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from romlib.life.spots import hot_spots

LINE = np.column_stack([np.arange(10.0), np.zeros(10), np.zeros(10)])


def test_neighbours_of_a_hot_spot_are_left_out():
    values = np.array([0.0, 5, 9, 8, 1, 0, 3, 4, 2, 0])
    np.testing.assert_array_equal(hot_spots(values, LINE, 3, 1.5), [2, 7, 4])
    np.testing.assert_array_equal(hot_spots(values, LINE, 3, 0.0), [2, 3, 1])


def test_points_without_a_value_are_no_hot_spots():
    assert not len(hot_spots(np.full(10, np.nan), LINE, 3, 0.0))
    np.testing.assert_array_equal(hot_spots(np.where(np.arange(10) == 4, 1.0, np.nan), LINE, 3, 0.0), [4])


@given(st.lists(st.integers(0, 5).map(float), min_size=10, max_size=10), st.permutations(range(10)),
       st.floats(0.0, 4.0))
def test_the_order_of_the_points_does_not_matter_and_spots_are_apart(values, order, distance):
    values, order = np.array(values), np.array(order)
    found = hot_spots(values, LINE, 4, distance)
    assert order[hot_spots(values[order], LINE[order], 4, distance)].tolist() == found.tolist()
    assert (np.diff(np.sort(LINE[found, 0])) > distance).all()
    assert values[found[0]] == values.max()
