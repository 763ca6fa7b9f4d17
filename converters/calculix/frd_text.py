"""Numbers of fixed columns, as text blocks of a .frd have them, read at the speed of memory."""

from __future__ import annotations

import numpy as np
from numba import njit

_MOST_DIGITS = 15  # of which every number is exact in float64
_POWERS = 10.0 ** np.arange(23)  # exact, so that one product or quotient is rounded once, as it should be


def fixed_reals(lines: np.ndarray, start: int, width: int, count: int) -> np.ndarray:
    """Real numbers (n, count) of lines (n, size) of bytes: columns of `width` characters from `start` on.

    They are those that Python reads, to the last bit.

    Raises
    ------
    ValueError : a column that is no number.
    """
    found = np.empty((len(lines), count))
    slow = _reals(lines, start, width, found, _POWERS)
    if slow:
        rows, columns = np.nonzero(np.isnan(found))
        for row, column in zip(rows.tolist(), columns.tolist()):
            first = start + width * column
            found[row, column] = _python(lines[row, first:first + width].tobytes())
    return found


def fixed_integers(lines: np.ndarray, start: int, width: int) -> np.ndarray:
    """Whole numbers (n,) likewise, of at most 18 characters."""
    flat = lines.reshape(-1)
    return integers_at(flat, start + lines.shape[1] * np.arange(len(lines)), width)


def integers_at(characters: np.ndarray, starts: np.ndarray, width: int) -> np.ndarray:
    """Whole numbers (n,) of `width` bytes from each start (n,) on, likewise."""
    if len(starts) and (starts.min() < 0 or starts.max() + width > len(characters)):
        raise ValueError("a number beyond the end of the text")
    found = np.empty(len(starts), dtype=np.int64)
    wrong = _integers(characters, starts, width, found)
    if wrong >= 0:
        text = characters[starts[wrong]:starts[wrong] + width].tobytes()
        raise ValueError(f"no whole number: {text!r}")
    return found


def _python(text: bytes) -> float:
    if b"_" in text:  # Python's own way to write a number
        raise ValueError(f"could not convert string to float: {text!r}")
    return float(text)


@njit(cache=True)
def _reals(lines: np.ndarray, start: int, width: int, found: np.ndarray, powers: np.ndarray) -> int:
    """Numbers of few digits and a small exponent; NaN for others, of which the number is returned."""
    slow = 0
    for row in range(len(lines)):
        for column in range(found.shape[1]):
            at = start + width * column
            end = at + width
            while at < end and lines[row, at] == 32:
                at += 1
            negative = at < end and lines[row, at] == 45
            if at < end and (lines[row, at] == 45 or lines[row, at] == 43):
                at += 1
            digits, value, shift, point = 0, 0, 0, False
            while at < end:
                character = lines[row, at]
                if 48 <= character <= 57:
                    value = 10 * value + (character - 48)
                    digits += 1
                    shift -= point
                elif character == 46 and not point:
                    point = True
                else:
                    break
                at += 1
            good = 0 < digits <= 15
            if at < end and (lines[row, at] == 69 or lines[row, at] == 101):
                at += 1
                below = at < end and lines[row, at] == 45
                if at < end and (lines[row, at] == 45 or lines[row, at] == 43):
                    at += 1
                exponent, some = 0, 0
                while at < end and 48 <= lines[row, at] <= 57 and some < 4:
                    exponent = 10 * exponent + (lines[row, at] - 48)
                    some += 1
                    at += 1
                good = good and some > 0
                shift += -exponent if below else exponent
            if not good or at != end or shift < -22 or shift > 22:
                found[row, column] = np.nan
                slow += 1
                continue
            real = value * powers[shift] if shift >= 0 else value / powers[-shift]
            found[row, column] = -real if negative else real
    return slow


@njit(cache=True)
def _integers(characters: np.ndarray, starts: np.ndarray, width: int, found: np.ndarray) -> int:
    """The first place that has no whole number; -1 where all have one."""
    for row in range(len(starts)):
        at = starts[row]
        end = at + width
        while at < end and characters[at] == 32:
            at += 1
        negative = at < end and characters[at] == 45
        if at < end and (characters[at] == 45 or characters[at] == 43):
            at += 1
        value, digits = 0, 0
        while at < end and 48 <= characters[at] <= 57:
            value = 10 * value + (characters[at] - 48)
            digits += 1
            at += 1
        while at < end and characters[at] == 32:
            at += 1
        if not 0 < digits <= 18 or at != end:
            return row
        found[row] = -value if negative else value
    return -1
