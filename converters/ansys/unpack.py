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


@njit(cache=True)
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


@njit(cache=True)
def unpack_into(words: np.ndarray, at: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The same into zeros (n, width) of any type that the values fit into; returns their numbers."""
    counts = np.zeros(len(at), np.int64)
    scratch = np.zeros(2, np.int32)
    for k in range(len(at)):
        if at[k] < 0:
            continue
        counts[k] = _size(words, at[k])
        if counts[k] > 0 and not _fill(words, at[k], values[k], scratch, counts[k]):
            counts[k] = DAMAGED
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
def _fill(words: np.ndarray, at: int, out: np.ndarray, scratch: np.ndarray, size: int) -> bool:
    """Write the values of a record that has `size`; whether its data are as long as they have to be."""
    flags = (int(words[at + 1]) >> 24) & 0xFF
    first, end = at + 2, at + 2 + int(words[at])
    n_out = min(size, len(out))
    if flags & MASKED:
        mask, taken = int(words[first + 1]), 0
        for k in range(size):
            if (mask >> k) & 1:
                if not _inside(first + 2, taken, end, flags):
                    return False
                if k < n_out:
                    out[k] = _value(words, first + 2, taken, flags, scratch)
                taken += 1
        return True
    if flags & WINDOWED:
        return _windows(words, first, end, out, scratch, flags, size)
    for k in range(n_out):
        out[k] = _value(words, first, k, flags, scratch)
    return True


@njit(cache=True)
def _windows(
    words: np.ndarray, first: int, end: int, out: np.ndarray, scratch: np.ndarray, flags: int, size: int
) -> bool:
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
        for k in range(length):
            if start + k < len(out):
                out[start + k] = _value(words, place, k * step, flags, scratch)
        place += per_value * n_value
    return True


@njit(cache=True)
def _inside(first: int, k: int, end: int, flags: int) -> bool:
    if (flags & WHOLE) and (flags & SHORT):
        return first + (k + 2) // 2 <= end
    return first + (k + 1) * (1 if flags & (WHOLE | SHORT) else 2) <= end


@njit(cache=True)
def _value(words: np.ndarray, first: int, k: int, flags: int, scratch: np.ndarray) -> float:
    """Value k of data that begin at a word. scratch : (2,) int32, to look at words as other numbers."""
    if flags & WHOLE:
        if flags & SHORT:
            scratch[0] = words[first + k // 2]
            return float(scratch.view(np.int16)[k % 2])
        return float(words[first + k])
    if flags & SHORT:
        scratch[0] = words[first + k]
        return float(scratch.view(np.float32)[0])
    scratch[0], scratch[1] = words[first + 2 * k], words[first + 2 * k + 1]
    return float(scratch.view(np.float64)[0])
