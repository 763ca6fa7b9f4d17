"""Loops over the faces of all cells, none of which is kept: which are there once, and which those of a list are.

Cells are given as `flat`, the nodes of all of them one after another; and for each block n_cell, width (nodes a cell),
n_face (faces a cell) and its table (faces, 4) of the places of the corners in a cell, -1 where a face has fewer. Faces
count cell by cell. Those with the same corners are in one bucket, with few others, and are compared there: nothing
is left to a hash.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SPREAD = 1024  # buckets, a power of two, for the faces with one largest corner: a node on an axis has many


@njit(cache=True)
def _sorted(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    if a > b:
        a, b = b, a
    if c > d:
        c, d = d, c
    if a > c:
        a, c = c, a
    if b > d:
        b, d = d, b
    if b > c:
        b, c = c, b
    return a, b, c, d


@njit(cache=True)
def _corners(flat: np.ndarray, first: int, table: np.ndarray, face: int) -> tuple[int, int, int, int]:
    """The corners of a face of the cell whose nodes begin at `first`, increasing; -1 comes first."""
    third, fourth = table[face, 2], table[face, 3]
    return _sorted(int(flat[first + table[face, 0]]), int(flat[first + table[face, 1]]),
                   int(flat[first + third]) if third >= 0 else -1, int(flat[first + fourth]) if fourth >= 0 else -1)


@njit(cache=True)
def _bucket(a: int, b: int, c: int, d: int) -> int:
    """Near the largest corner, so that memory is gone through in the order of the nodes."""
    return d + ((((a * 2654435761) ^ (b * 2246822519) ^ (c * 3266489917)) >> 13) & (SPREAD - 1))


@njit(cache=True)
def count(
    flat: np.ndarray, n_cell: np.ndarray, width: np.ndarray, n_face: np.ndarray, tables: np.ndarray, starts: np.ndarray
) -> None:
    """Add the faces of each bucket to starts (n_bucket + 2,), two places behind its own."""
    first = 0
    for block in range(len(n_cell)):
        table = tables[block]
        for _ in range(n_cell[block]):
            for face in range(n_face[block]):
                a, b, c, d = _corners(flat, first, table, face)
                starts[_bucket(a, b, c, d) + 2] += 1
            first += width[block]


@njit(cache=True)
def fill(
    flat: np.ndarray, n_cell: np.ndarray, width: np.ndarray, n_face: np.ndarray, tables: np.ndarray, starts: np.ndarray,
    order: np.ndarray,
) -> None:
    """Numbers of all faces (n,), bucket by bucket; starts (n_bucket + 2,), running sums, become where each begins."""
    first = number = 0
    for block in range(len(n_cell)):
        table = tables[block]
        for _ in range(n_cell[block]):
            for face in range(n_face[block]):
                a, b, c, d = _corners(flat, first, table, face)
                bucket = _bucket(a, b, c, d) + 1
                order[starts[bucket]] = number
                starts[bucket] += 1
                number += 1
            first += width[block]


@njit(cache=True)
def mark_repeated(
    flat: np.ndarray, n_cell: np.ndarray, width: np.ndarray, n_face: np.ndarray, tables: np.ndarray, starts: np.ndarray,
    order: np.ndarray, repeated: np.ndarray,
) -> None:
    """Set repeated (n,) where another face has the same corners; starts and order as `fill` leaves them."""
    n_block = len(n_cell)
    first_face, first_node = np.zeros(n_block + 1, np.int64), np.zeros(n_block + 1, np.int64)
    for block in range(n_block):
        first_face[block + 1] = first_face[block] + n_cell[block] * n_face[block]
        first_node[block + 1] = first_node[block] + n_cell[block] * width[block]
    corners = np.empty((64, 4), np.int64)
    for bucket in range(len(starts) - 2):
        begin, n = starts[bucket], starts[bucket + 1] - starts[bucket]
        if n < 2:
            continue
        if n > len(corners):
            corners = np.empty((2 * n, 4), np.int64)
        for k in range(n):
            number, block = order[begin + k], 0
            while number >= first_face[block + 1]:
                block += 1
            cell, face = divmod(number - first_face[block], n_face[block])
            a, b, c, d = _corners(flat, first_node[block] + cell * width[block], tables[block], face)
            corners[k, 0], corners[k, 1], corners[k, 2], corners[k, 3] = a, b, c, d
            for j in range(k):
                if corners[j, 3] == d and corners[j, 2] == c and corners[j, 1] == b and corners[j, 0] == a:
                    repeated[number] = repeated[order[begin + j]] = True
                    break  # those before it that are equal are marked: a damaged mesh may have one face a million times


@njit(cache=True)
def buckets_of(corners: np.ndarray, found: np.ndarray) -> None:
    """Sort the corners of each face (n, 4) in place, and say its bucket (n,)."""
    for row in range(len(corners)):
        a, b, c, d = _sorted(corners[row, 0], corners[row, 1], corners[row, 2], corners[row, 3])
        corners[row, 0], corners[row, 1], corners[row, 2], corners[row, 3] = a, b, c, d
        found[row] = _bucket(a, b, c, d)


@njit(cache=True)
def find_first(
    flat: np.ndarray, n_cell: np.ndarray, width: np.ndarray, n_face: np.ndarray, tables: np.ndarray,
    wanted: np.ndarray, starts: np.ndarray, order: np.ndarray, found: np.ndarray,
) -> None:
    """The first face of a cell that each wanted one is, found (m,), which is -1 before and where there is none.

    wanted : (m, 4), sorted. starts : (n_bucket + 1,), where those of each bucket begin in order (m,).
    """
    first = number = 0
    for block in range(len(n_cell)):
        table = tables[block]
        for _ in range(n_cell[block]):
            for face in range(n_face[block]):
                a, b, c, d = _corners(flat, first, table, face)
                bucket = _bucket(a, b, c, d)
                for k in range(starts[bucket], starts[bucket + 1]):
                    row = order[k]
                    if (found[row] < 0 and wanted[row, 3] == d and wanted[row, 2] == c and wanted[row, 1] == b
                            and wanted[row, 0] == a):
                        found[row] = number
                number += 1
            first += width[block]
