"""Loops over the arrays of MED files do what NumPy does with all of them at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from romlib_converters.med.columns import all_inside_out, beside_each_other, first_unknown, has_larger


@given(count=st.integers(1, 9), k=st.integers(1, 8), seed=st.integers(0, 99), dtype=st.sampled_from(["i4", "i8", "u4"]))
def test_columns_come_beside_each_other(count, k, seed, dtype):
    flat = np.random.default_rng(seed).integers(0, 99, count * k).astype(dtype)
    found = beside_each_other(flat, count, 1)
    np.testing.assert_array_equal(found, flat.astype(np.int64).reshape(k, count).T - 1)
    assert found.dtype == np.int64 and found.flags.c_contiguous


def test_the_first_row_with_a_node_that_does_not_exist_is_found():
    nodes = np.array([[0, 3], [2, 1], [1, 4], [-1, 2]])
    assert [first_unknown(nodes, n) for n in (5, 4, 3)] == [3, 2, 0]
    assert first_unknown(nodes[:2], 4) == -1


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_value_beyond_the_limit_is_found_of_either_sign_and_nan_is_none(dtype):
    for values, expected in (([1.0, np.nan, -2.0], False), ([0.0, -3.0], True), ([3.0], True), ([np.inf], True),
                             ([], False)):
        assert has_larger(np.array(values, dtype=dtype), 2.5) is expected


@given(seed=st.integers(0, 999), dimension=st.sampled_from([2, 3]))
def test_cells_are_inside_out_where_all_their_determinants_are_negative(seed, dimension):
    rng = np.random.default_rng(seed)
    points, edges = rng.standard_normal((9, dimension)), (1, 3, 2)[:dimension]
    nodes = np.array([rng.permutation(9)[:4] for _ in range(rng.integers(1, 4))])
    determinants = np.linalg.det(points[nodes[:, list(edges)]] - points[nodes[:, :1]])
    assert all_inside_out(nodes, edges, np.asfortranarray(points)) == bool((determinants < 0.0).all())
    mirrored = points * np.array([-1.0, *[1.0] * (dimension - 1)])
    assert all_inside_out(nodes, edges, mirrored) == bool((determinants > 0.0).all())


def test_a_cell_of_no_volume_or_of_no_number_is_not_inside_out():
    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [np.nan, 0, 1]])
    assert not all_inside_out(np.array([[0, 1, 2, 3]]), (1, 2, 3), points)
    assert not all_inside_out(np.array([[0, 1, 2, 4]]), (1, 2, 3), points)
