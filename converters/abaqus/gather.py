"""Compiled loops that take the words of records of one key from where they stand, without a list of all records."""

from __future__ import annotations

import numba
import numpy as np
from romlib_converters.abaqus.halves import Halves, copy_words, whole_at

_HEADER, _END = 1, 2001
_HEADER_LENGTH = 9  # words of record 1 that are looked at


@numba.njit(cache=True)
def flat_records(
    words: Halves, first: int, key: int, more: int, counts: np.ndarray, to: np.ndarray
) -> tuple[int, int]:
    """Words of the records of a key, without their first two, and of records that go on with them, one after the other.

    more : key of the records that go on, if they follow at once. counts : (n,) zeros, gets the words of each. to :
    halves (2 m,), gets them. Returns how many records and words there were.
    """
    at, n_record, n_word, goes_on = first, 0, 0, False
    while at + 1 < words.n:
        length, found = whole_at(words, at), whole_at(words, at + 1)
        if length < 2 or at + length > words.n or found == _END:
            break
        if found == key:
            if n_record == len(counts):
                break
            goes_on = True
            n_record += 1
        if found == key or (found == more and goes_on):
            if 2 * (n_word + length - 2) > len(to):
                break
            copy_words(words, at + 2, length - 2, to, n_word)
            counts[n_record - 1] += length - 2
            n_word += length - 2
            if n_record == len(counts) and 2 * n_word == len(to):
                break
        else:
            goes_on = False
        at += length
    return n_record, n_word


@numba.njit(cache=True)
def nodal_rows(
    words: Halves, first: int, key: int, columns: np.ndarray, ids: np.ndarray, values: np.ndarray
) -> tuple[int, int, int]:
    """Nodes (n,) and some values (n, k), as halves (2 n k,), of the records of a key; `first` is where they begin.

    Values that a record does not have are not set. Returns how many there are, and the smallest and largest number of
    values of one.
    """
    at, row, shortest, longest = first, 0, 1 << 30, 0
    while row < len(ids) and at + 1 < words.n:
        length, found = whole_at(words, at), whole_at(words, at + 1)
        if length < 2 or at + length > words.n or found == _END:
            break
        if found == key and length > 2:
            ids[row] = whole_at(words, at + 2)
            shortest, longest = min(shortest, length - 3), max(longest, length - 3)
            for k in range(len(columns)):
                if columns[k] < length - 3:
                    copy_words(words, at + 3 + columns[k], 1, values, row * len(columns) + k)
            row += 1
        at += length
    return row, shortest, longest


@numba.njit(cache=True)
def element_rows(
    words: Halves, first: int, key: int, about: np.ndarray, width: int, values: np.ndarray
) -> tuple[int, int, int]:
    """What the records 1 before records of a key say (6, n), and values (n, k), as halves (2 n k,).

    Element, point, section point, location, numbers of direct and shear components. Records of one record 1 count
    together; values beyond k, the width, are not set. Returns how many points there are, the most values of one, and
    the position of a record that no whole record 1 is before (-1 where there is none).
    """
    at, row, longest = first, -1, 0
    header, last, column = -1, -1, 0
    while at + 1 < words.n:
        length, found = whole_at(words, at), whole_at(words, at + 1)
        if length < 2 or at + length > words.n or found == _END:
            break
        if found == _HEADER:
            header = at if length >= _HEADER_LENGTH else -1
        elif found == key:
            if header < 0:
                return row + 1, longest, at
            if header != last:
                row, column, last = row + 1, 0, header
                if row == about.shape[1]:
                    return row, longest, -1
                for k in range(4):
                    about[k, row] = whole_at(words, header + 2 + k)
                about[4, row] = whole_at(words, header + 7)
                about[5, row] = whole_at(words, header + 8)
            fits = min(length - 2, width - column)
            if fits > 0:
                copy_words(words, at + 2, fits, values, row * width + column)
            column += length - 2
            longest = max(longest, column)
        at += length
    return row + 1, longest, -1
