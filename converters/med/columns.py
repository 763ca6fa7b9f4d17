"""Loops over arrays of MED files, which have one component, or one node of all cells, after the other."""

from __future__ import annotations

import numpy as np
from numba import njit


def beside_each_other(flat: np.ndarray, count: int, lag: int) -> np.ndarray:
    """Rows (count, k) of whole numbers that the file has column after column, less `lag`."""
    found = np.empty((count, len(flat) // count), dtype=np.int64)
    _turn(np.ascontiguousarray(flat).reshape(found.shape[::-1]), lag, found)
    return found


@njit(cache=True)
def _turn(columns: np.ndarray, lag: int, found: np.ndarray) -> None:
    for row in range(len(found)):
        for k in range(len(columns)):
            found[row, k] = np.int64(columns[k, row]) - lag


def first_unknown(nodes: np.ndarray, count: int) -> int:
    """The first row of nodes (n, k) with one that is not 0 ... count - 1; -1 where there is none."""
    return int(_first_unknown(nodes, count))


@njit(cache=True)
def _first_unknown(nodes: np.ndarray, count: int) -> int:
    for row in range(len(nodes)):
        for k in range(nodes.shape[1]):
            if nodes[row, k] < 0 or nodes[row, k] >= count:
                return row
    return -1


def has_larger(values: np.ndarray, limit: float) -> bool:
    """Whether a value (n,) is larger than the limit, of either sign; one that is no number is not."""
    return bool(_has_larger(values, limit))


@njit(cache=True)
def _has_larger(values: np.ndarray, limit: float) -> bool:
    found = 0
    for k in range(len(values)):
        found += abs(values[k]) > limit
    return found > 0


def all_inside_out(nodes: np.ndarray, edges: tuple[int, ...], points: np.ndarray) -> bool:
    """Whether the determinant of the edges from the first node to these is negative in every cell.

    nodes : (n, k), positions that exist. edges : as many nodes of a cell as `points` (n_node, dimension) has axes.
    """
    return bool(_all_inside_out(nodes, np.array(edges), np.ascontiguousarray(points)))


@njit(cache=True)
def _all_inside_out(nodes: np.ndarray, edges: np.ndarray, points: np.ndarray) -> bool:
    n = len(edges)
    edge = np.zeros((3, 3))
    edge[2, 2] = 1.0  # in two dimensions that of the plane
    for row in range(len(nodes)):
        for k in range(n):
            for axis in range(n):
                edge[k, axis] = points[nodes[row, edges[k]], axis] - points[nodes[row, 0], axis]
        if not (edge[0, 0] * (edge[1, 1] * edge[2, 2] - edge[1, 2] * edge[2, 1])
                - edge[0, 1] * (edge[1, 0] * edge[2, 2] - edge[1, 2] * edge[2, 0])
                + edge[0, 2] * (edge[1, 0] * edge[2, 1] - edge[1, 1] * edge[2, 0]) < 0.0):
            return False
    return True
