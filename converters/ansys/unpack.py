"""Records of Ansys' binary files in numbers: whole, in single precision, or with their zeros left out.

A record is its length in words of four bytes, a word of flags (in its highest byte), the data, and a word that closes
it. Two ways leave zeros out: a mask of the values that are there, for short records; or windows, each with one value, a
run of values, or one value that is repeated.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MASKED, WINDOWED, COMPRESSED, SHORT, WHOLE = 0x08, 0x10, 0x20, 0x40, 0x80  # of the flags
OUTSIDE, DAMAGED, ZIPPED, LONG = -1, -2, -3, -4  # instead of a number of values: what is wrong
_LONGEST_MASK = 32


@njit(cache=True)
def follow(words: np.ndarray, start: int, n: int) -> np.ndarray:
    """Where n records (n,) are that stand behind each other from a word on; -1 from the first that does not fit."""
    found = np.full(n, -1, np.int64)
    at = start
    for k in range(n):
        if at < 0 or at + 2 > len(words):
            break
        length = int(words[at])
        if length < 0 or at + 3 + length > len(words) or words[at + 2 + length] != words[at]:
            break
        found[k] = at
        at += length + 3
    return found


@njit(cache=True)
def sizes(words: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Number of values (n,) of the records at some words (n,), or what is wrong with one (a negative number)."""
    found = np.empty(len(at), np.int64)
    for k in range(len(at)):
        found[k] = _size(words, at[k])
    return found


def unpack(words: np.ndarray, at: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The first values of many records, as floating-point numbers.

    words : (n_word,) int32, the file. at : (n,), where the records begin; -1 for none.

    Returns
    -------
    values (n, width), zero beyond what a record has; number of values (n,) that it has in all, or what is wrong with
    it; 0 for none.
    """
    values = np.zeros((len(at), width))
    return values, unpack_into(words, at, values)


def unpack_into(words: np.ndarray, at: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The same into zeros (n, width): float64, or int32, which gets whole numbers alone; returns their numbers."""
    words = np.asarray(words)
    halves = values.view(np.int32).reshape(-1) if values.dtype == np.float64 else np.empty(0, np.int32)
    counts: np.ndarray = _unpack(words, words.view(np.float32), words.view(np.int16), np.asarray(at, np.int64),
                                 values.reshape(-1), halves, values.shape[1])
    return counts


@njit(cache=True)
def _unpack(
    words: np.ndarray, singles: np.ndarray, shorts: np.ndarray, at: np.ndarray, values: np.ndarray, halves: np.ndarray,
    width: int,
) -> np.ndarray:
    """singles, shorts : the words as other numbers. values : (n width,). halves : the same as halves of doubles."""
    counts = np.zeros(len(at), np.int64)
    for k in range(len(at)):
        if at[k] < 0:
            continue
        size = _size(words, at[k])
        if size > 0:
            flags = (int(words[at[k] + 1]) >> 24) & 0xFF
            first, end, n_out = at[k] + 2, at[k] + 2 + int(words[at[k]]), min(size, width)
            if flags & MASKED:
                good = _masked(words, singles, shorts, first, end, flags, size, values, halves, k * width, n_out)
            elif flags & WINDOWED:
                good = _windows(words, singles, shorts, first, end, flags, size, values, halves, k * width, n_out)
            else:
                good = True
                _copy(words, singles, shorts, first, flags, 0, n_out, 1, values, halves, k * width)
            size = size if good else DAMAGED
        counts[k] = size
    return counts


@njit(cache=True)
def _size(words: np.ndarray, at: int) -> int:
    if at < 0 or at + 2 > len(words):
        return OUTSIDE
    length = int(words[at])
    if length < 0 or at + 3 + length > len(words):
        return OUTSIDE
    if words[at + 2 + length] != words[at]:
        return DAMAGED
    flags = (int(words[at + 1]) >> 24) & 0xFF
    if flags & COMPRESSED:
        return ZIPPED
    if flags & (MASKED | WINDOWED):
        if length < 2 or words[at + 2] < 0 or ((flags & MASKED) and words[at + 2] > _LONGEST_MASK):
            return DAMAGED
        return int(words[at + 2])
    if flags & WHOLE:
        return length * 2 if flags & SHORT else length
    return length if flags & SHORT else length // 2


@njit(cache=True)
def _copy(
    words: np.ndarray, singles: np.ndarray, shorts: np.ndarray, first: int, flags: int, source: int, n: int, step: int,
    values: np.ndarray, halves: np.ndarray, to: int,
) -> None:
    """Values of data that begin at a word, from number `source` on, into `values` from `to` on.

    step : 0 where one value stands for all n.
    """
    if flags & WHOLE:
        if flags & SHORT:
            for k in range(n):
                values[to + k] = shorts[2 * first + source + k * step]
        else:
            for k in range(n):
                values[to + k] = words[first + source + k * step]
    elif flags & SHORT:
        if len(halves):
            for k in range(n):
                values[to + k] = singles[first + source + k * step]
    elif len(halves):
        for k in range(n):
            at = first + 2 * (source + k * step)
            halves[2 * (to + k)], halves[2 * (to + k) + 1] = words[at], words[at + 1]


@njit(cache=True)
def _masked(
    words: np.ndarray, singles: np.ndarray, shorts: np.ndarray, first: int, end: int, flags: int, size: int,
    values: np.ndarray, halves: np.ndarray, to: int, n_out: int,
) -> bool:
    """Values that a mask says are there; whether the data are as long as they have to be."""
    mask, taken = int(words[first + 1]), 0
    for k in range(size):
        if (mask >> k) & 1:
            if not _inside(first + 2, taken, end, flags):
                return False
            if k < n_out:
                _copy(words, singles, shorts, first + 2, flags, taken, 1, 1, values, halves, to + k)
            taken += 1
    return True


@njit(cache=True)
def _windows(
    words: np.ndarray, singles: np.ndarray, shorts: np.ndarray, first: int, end: int, flags: int, size: int,
    values: np.ndarray, halves: np.ndarray, to: int, n_out: int,
) -> bool:
    """Values in windows; whether the data are as long as they have to be."""
    if (flags & WHOLE) and (flags & SHORT):
        return False
    per_value = 1 if flags & (WHOLE | SHORT) else 2
    place = first + 2
    for _ in range(int(words[first + 1])):
        if place >= end:
            return False
        start, length, step = int(words[place]), 1, 1
        place += 1
        if start <= 0:
            if place >= end:
                return False
            start, length = -start, int(words[place])
            place += 1
            step = 1 if length > 0 else 0  # else one value stands for all
            length = abs(length)
        n_value = length if step else 1
        if start + length > size or place + per_value * n_value > end:
            return False
        n = min(length, n_out - start)
        if n > 0:
            _copy(words, singles, shorts, place, flags, 0, n, step, values, halves, to + start)
        place += per_value * n_value
    return True


@njit(cache=True)
def _inside(first: int, k: int, end: int, flags: int) -> bool:
    if (flags & WHOLE) and (flags & SHORT):
        return first + (k + 2) // 2 <= end
    return first + (k + 1) * (1 if flags & (WHOLE | SHORT) else 2) <= end


@njit(cache=True)
def any_repeated(nodes: np.ndarray, n: int) -> bool:
    """Whether any row of nodes (n_cell, n_node) has one node twice among its first n."""
    for cell in range(len(nodes)):
        for a in range(1, n):
            for b in range(a):
                if nodes[cell, a] == nodes[cell, b]:
                    return True
    return False
