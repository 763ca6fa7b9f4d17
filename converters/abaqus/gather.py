"""Compiled loops that take the values of records of one key out of words, without a list of all records."""

from __future__ import annotations

import numba
import numpy as np

_HEADER, _ELEMENT, _MORE, _END = 1, 1900, 1990, 2001
_NODAL = 100  # keys from here to the next are of nodes
_NODAL_LAST = 400


@numba.njit(cache=True)
def element_nodes(whole: np.ndarray, positions: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many nodes each element has (n,), with those of records that go on, and their ids one after the other."""
    n, total, last = 0, 0, False
    for k in range(len(keys)):
        if keys[k] == _ELEMENT:
            n += 1
            total += max(whole[positions[k]] - 4, 0)
        elif keys[k] == _MORE:
            total += whole[positions[k]] - 2
    counts, flat = np.zeros(n, np.int64), np.empty(total, np.int64)
    element, at = -1, 0
    for k in range(len(keys)):
        if keys[k] == _ELEMENT:
            element, first, last = element + 1, positions[k] + 4, True
        elif keys[k] == _MORE and last:
            first = positions[k] + 2
        else:
            last = False
            continue
        for word in range(first, positions[k] + whole[positions[k]]):
            flat[at] = whole[word]
            at += 1
            counts[element] += 1
    return counts, flat[:at]


@numba.njit(cache=True)
def nodal_size(whole: np.ndarray, key: int) -> tuple[int, int, int]:
    """How many records have a key, and the smallest and largest number of their values."""
    at, n, count, shortest, longest = 0, len(whole), 0, 1 << 30, 0
    while at + 1 < n and whole[at] >= 2 and whole[at + 1] != _END:
        if whole[at + 1] == key and whole[at] > 2:
            size = whole[at] - 3
            count += 1
            shortest, longest = min(shortest, size), max(longest, size)
        at += whole[at]
    return count, shortest, longest


@numba.njit(cache=True)
def nodal_rows(whole: np.ndarray, real: np.ndarray, key: int, ids: np.ndarray, values: np.ndarray) -> None:
    """Nodes (n,) and values (n, k) of the records with a key."""
    at, n, row = 0, len(whole), 0
    while at + 1 < n and whole[at] >= 2 and whole[at + 1] != _END:
        if whole[at + 1] == key and whole[at] > 2:
            ids[row] = whole[at + 2]
            for k in range(values.shape[1]):
                values[row, k] = real[at + 3 + k]
            row += 1
        at += whole[at]


@numba.njit(cache=True)
def element_size(whole: np.ndarray, key: int) -> tuple[int, int, int]:
    """How many points have records with a key, the most values of one (records that go on count together), and the
    position of a record that no record 1 is before (-1 where there is none)."""
    at, n, count, longest = 0, len(whole), 0, 0
    header, last, size = -1, -1, 0
    while at + 1 < n and whole[at] >= 2 and whole[at + 1] != _END:
        found = whole[at + 1]
        if found == _HEADER:
            header = at
        elif found == key:
            if header < 0:
                return count, longest, at
            if header != last:
                count, size, last = count + 1, 0, header
            size += whole[at] - 2
            longest = max(longest, size)
        at += whole[at]
    return count, longest, -1


@numba.njit(cache=True)
def element_rows(whole: np.ndarray, real: np.ndarray, key: int, about: np.ndarray, values: np.ndarray) -> None:
    """Element, point, section point, location, numbers of direct and shear components (n, 6), and values (n, k)."""
    at, n, row = 0, len(whole), -1
    header, last, column = -1, -1, 0
    while at + 1 < n and whole[at] >= 2 and whole[at + 1] != _END:
        found = whole[at + 1]
        if found == _HEADER:
            header = at
        elif found == key:
            if header != last:
                row, column, last = row + 1, 0, header
                for k in range(4):
                    about[row, k] = whole[header + 2 + k]
                about[row, 4] = whole[header + 7]
                about[row, 5] = whole[header + 8]
            for k in range(whole[at] - 2):
                values[row, column] = real[at + 2 + k]
                column += 1
        at += whole[at]
