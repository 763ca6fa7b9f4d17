"""Pieces whose points have global ids become one mesh, if they say the same of each id."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from romlib_converters.meshio.global_ids import joined_nodes

from romlib.errors import FileFormatError

FILE = Path("a.pvtu")
IDS = np.array([40, 10, 30, 10, 20, 30])  # two pieces of three points, which share 10 and 30
X = {10: (1.0, 0.0, 0.0), 20: (2.0, 0.0, 0.0), 30: (3.0, 1.0, 0.0), 40: (4.0, 0.0, 1.0)}
POINTS = np.array([X[i] for i in IDS])
CELLS = [("triangle", np.array([[0, 1, 2], [3, 4, 5]])), ("vertex", np.array([[3]])),
         ("polygon", np.empty((0, 1), int))]


def test_each_id_is_one_node_in_the_order_of_the_ids():
    node = {"u": POINTS * 2.0, "group": np.array([1, 2, 3, 2, 4, 3])}
    points, cells, arrays = joined_nodes(POINTS, CELLS, node, IDS, FILE)
    assert points.tolist() == [list(X[i]) for i in (10, 20, 30, 40)]
    assert cells[0][1].tolist() == [[3, 0, 2], [0, 1, 2]] and cells[1][1].tolist() == [[0]]
    assert arrays["u"].tolist() == (2.0 * points).tolist() and arrays["group"].tolist() == [2, 4, 3, 1]


def test_whole_numbers_that_differ_such_as_that_of_the_piece_are_left_out():
    node = {"piece": np.array([0, 0, 0, 1, 1, 1]), "mask": np.array([True, False, True, False, True, True])}
    assert set(joined_nodes(POINTS, CELLS, node, IDS, FILE)[2]) == {"mask"}


@pytest.mark.parametrize("what", ["points", "array 'u'"])
def test_real_numbers_that_differ_at_one_id_are_refused_with_the_id(what):
    points, values = POINTS.copy(), POINTS * 2.0
    (points if what == "points" else values)[5, 1] += 0.1
    with pytest.raises(FileFormatError, match="different values at one global id") as caught:
        joined_nodes(points, CELLS, {"u": values}, IDS, FILE)
    assert caught.value.place == f"{what}, id 30" and "1 such value" in str(caught.value)


def test_rounding_and_values_that_are_nowhere_known_are_no_difference():
    points, unknown = POINTS.copy(), np.full(6, np.nan)
    points[5] += 1e-8
    unknown[0] = 1.0
    found = joined_nodes(points, CELLS, {"t": unknown}, IDS, FILE)[2]["t"]
    np.testing.assert_array_equal(found, [np.nan, np.nan, np.nan, 1.0])
