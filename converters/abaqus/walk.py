"""Compiled loops over the records of a results file: along words, and along the characters of its text."""

from __future__ import annotations

import numba
import numpy as np
from romlib_converters.abaqus.halves import BLOCK, Halves, swapped_half, whole_at
from romlib_converters.common.characters import integer_at, number_at

FOUND, INCOMPLETE, WRONG = 0, 1, 2
LONGEST = 1 << 16  # words of a record; Abaqus writes at most 513
_STAR, _BLANK = ord("*"), ord(" ")
_I, _D, _E, _A = ord("I"), ord("D"), ord("E"), ord("A")
_REAL, _TEXT = 22, 8  # characters of a real number and of a text
@numba.njit(cache=True)
def wrong_marker(words: Halves, length: int) -> int:
    """The first of blocks whose markers do not hold their length; -1 where there is none."""
    expected = swapped_half(length) if words.swapped else length
    width = 2 * BLOCK + 2
    for k in range(len(words.flat) // width):
        if words.flat[width * k] != expected or words.flat[width * k + width - 1] != expected:
            return k
    return -1


@numba.njit(cache=True)
def next_record(words: Halves, position: int, start: int, key: int, table: np.ndarray) -> tuple[int, int, int]:
    """Follow records from a word to the first with this key.

    table : (3, m), of each key below m, gets how many records it has, of how many words without the first two, and
    where the first one is, counted from `start`. Returns the position of the record found, its length, and FOUND; or
    those of the first one that is not whole and INCOMPLETE; or those of one whose length cannot be and WRONG.
    """
    n = words.n
    while position + 1 < n:
        length, found = whole_at(words, position), whole_at(words, position + 1)
        if length < 2 or length > LONGEST:
            return position, length, WRONG
        if position + length > n:
            return position, length, INCOMPLETE
        if found == key:
            return position, length, FOUND
        first, last = position, n - length
        position += length
        while position <= last and whole_at(words, position) == length and whole_at(words, position + 1) == found:
            position += length  # a run of records that are alike: none has to wait for the length of the one before
        if 0 <= found < table.shape[1]:
            if table[0, found] == 0:
                table[2, found] = first - start
            count = (position - first) // length
            table[0, found] += count
            table[1, found] += count * (length - 2)
    return position, 0, INCOMPLETE


@numba.njit(cache=True)
def _item_end(text: np.ndarray, at: int) -> int:
    """Where the item at a place ends; -1 where it is none, -2 where the text ends within it."""
    n = len(text)
    if at >= n:
        return -2
    kind = text[at]
    if kind == _I:
        if at + 3 > n:
            return -2
        tens, ones = text[at + 1], text[at + 2]
        if ones < 48 or ones > 57 or (tens != _BLANK and (tens < 48 or tens > 57)):
            return -1
        size = (0 if tens == _BLANK else 10 * (tens - 48)) + ones - 48
        end = at + 3 + size
        if size == 0:
            return -1
    elif kind in (_D, _E):
        end = at + 1 + _REAL
    elif kind == _A:
        end = at + 1 + _TEXT
    else:
        return -1
    return end if end <= n else -2


@numba.njit(cache=True)
def next_text_record(text: np.ndarray, position: int, key: int, tally: np.ndarray) -> tuple[int, int, int]:
    """Follow the records of a text (n,) from a position to the end of the first with this key.

    tally : (m,), counts records by their keys. Returns where that record ends and FOUND; or the position of the first
    one that is not whole and INCOMPLETE; or WRONG; and in that case the position of what cannot be read, else -1.
    """
    n = len(text)
    while True:
        begin = position
        while begin < n and text[begin] == _BLANK:
            begin += 1
        if begin >= n:
            return begin, INCOMPLETE, -1
        if text[begin] != _STAR:
            return position, WRONG, begin
        at = begin + 1
        end = _item_end(text, at)
        if end == -2:
            return position, INCOMPLETE, -1
        if end == -1 or text[at] != _I:
            return position, WRONG, at
        length, good = integer_at(text, at + 3, end)
        if not good or length < 2 or length > LONGEST:
            return position, WRONG, at
        found = 0
        for item in range(length - 1):
            at = end
            end = _item_end(text, at)
            if end == -2:
                return position, INCOMPLETE, -1
            if end == -1:
                return position, WRONG, at
            if item == 0:
                found, good = integer_at(text, at + 3, end)
                if text[at] != _I or not good:
                    return position, WRONG, at
        position = end
        if found == key:
            return position, FOUND, -1
        if 0 <= found < len(tally):
            tally[found] += 1


@numba.njit(cache=True)
def text_words(text: np.ndarray, words: np.ndarray) -> tuple[int, int]:
    """The words of the records of a text (n,), which are whole, into `words`.

    Returns how many there are, and the position of an item that cannot be read (-1 where there is none).
    """
    n, at, count = len(text), 0, 0
    real = words.view(np.float64)
    octets = words.view(np.uint8)
    left = 0
    while at < n:
        if left == 0:
            if text[at] == _BLANK:
                at += 1
                continue
            if text[at] != _STAR:
                return count, at
            at += 1
        end = _item_end(text, at)
        if end < 0:
            return count, at
        if text[at] == _I:
            value, good = integer_at(text, at + 3, end)
            if not good:
                return count, at
            words[count] = value
            if left == 0:
                left = value
        elif left == 0:
            return count, at
        elif text[at] == _A:
            for k in range(_TEXT):
                octets[8 * count + k] = text[at + 1 + k]
        else:
            number, good = number_at(text, at + 1, end, True)
            if not good:
                return count, at
            real[count] = number
        count += 1
        left -= 1
        at = end
    return count, -1
