"""Numbers in characters, for compiled loops over texts.

Up to 17 digits and between 1e-280 and 1e280 they are rounded as Python rounds them.
"""

from __future__ import annotations

import numba
import numpy as np

_STAR, _BLANK, _MINUS, _POINT = ord("*"), ord(" "), ord("-"), ord(".")
_MOST_DIGITS = 18  # that an integer of 64 bits holds for certain
# powers of ten as two floats, whose sum has 32 digits
_LARGEST_POWER = 340


def _powers() -> tuple[np.ndarray, np.ndarray]:
    from fractions import Fraction

    exact = [Fraction(10) ** k for k in range(-_LARGEST_POWER, _LARGEST_POWER + 1)]
    high = np.array([float(one) if one < Fraction(10) ** 308 else np.inf for one in exact])
    low = np.array([0.0 if not np.isfinite(h) else float(one - Fraction(h)) for one, h in zip(exact, high)])
    return high, low


_HIGH, _LOW = _powers()


@numba.njit(cache=True)
def integer_at(text: np.ndarray, start: int, end: int) -> tuple[int, bool]:
    """A whole number in characters of a text, with blanks before it; whether it is one."""
    value, negative, digits = 0, False, 0
    for k in range(start, end):
        character = text[k]
        if character == _MINUS and digits == 0 and not negative:
            negative = True
        elif 48 <= character <= 57 and digits < _MOST_DIGITS:
            value = 10 * value + (character - 48)
            digits += 1
        elif character != _BLANK or digits or negative:
            return 0, False
    return (-value if negative else value), digits > 0


@numba.njit(cache=True)
def _scaled(digits: int, power: int) -> float:
    """digits x 10**power, rounded once from a product in two floats."""
    if digits == 0:
        return 0.0
    if power < -_LARGEST_POWER:
        return 0.0
    if power > _LARGEST_POWER:
        return np.inf
    a = np.float64(digits)
    b = np.float64(digits - np.int64(a))
    high, low = _HIGH[power + _LARGEST_POWER], _LOW[power + _LARGEST_POWER]
    product = a * high
    if power < -280 or power > 280 or not np.isfinite(product):
        return product
    split = 134217729.0
    t = split * a
    a1 = t - (t - a)
    a2 = a - a1
    t = split * high
    h1 = t - (t - high)
    h2 = high - h1
    error = ((a1 * h1 - product) + a1 * h2 + a2 * h1) + a2 * h2
    return product + (error + a * low + b * high)


@numba.njit(cache=True)
def number_at(text: np.ndarray, start: int, end: int, bare: bool) -> tuple[float, bool]:
    """A real number as Fortran writes it: `-1.5D+00`, `1.5-101` if it may be `bare` of a letter; whether it is one.

    NaN for one that says that it is none (`NaN`, stars).
    """
    k = start
    while k < end and text[k] == _BLANK:
        k += 1
    if k == end:
        return 0.0, False
    negative = text[k] == _MINUS
    if text[k] == _MINUS or text[k] == ord("+"):
        k += 1
    digits, power, seen, after = 0, 0, 0, False
    while k < end and ((48 <= text[k] <= 57) or text[k] == _POINT):
        if text[k] == _POINT:
            if after:
                return 0.0, False
            after = True
        else:
            if digits < 10 ** 17:
                digits = 10 * digits + (text[k] - 48)
                power -= 1 if after else 0
            elif not after:
                power += 1
            seen += 1
        k += 1
    if seen == 0:
        word = text[k] | 32 if k < end else 0
        not_a_number = word == ord("n") or word == ord("i") or text[start] == _STAR or text[k - 1] == _STAR or (
            k < end and text[k] == _STAR)
        return np.nan, not_a_number
    if k < end and text[k] != _BLANK:
        letter = text[k] | 32
        if letter == ord("d") or letter == ord("e"):
            k += 1
        elif not bare:
            return 0.0, False
        if k < end and text[k] == ord("+"):
            k += 1
            if k < end and text[k] == _MINUS:
                return 0.0, False
        exponent, good = integer_at(text, k, end)
        if not good or abs(exponent) > 9999:
            return 0.0, False
        power += exponent
    else:
        while k < end:
            if text[k] != _BLANK:
                return 0.0, False
            k += 1
    value = _scaled(digits, power)
    return (-value if negative else value), True


@numba.njit(cache=True)
def fields_at(
    text: np.ndarray, starts: np.ndarray, ends: np.ndarray, edges: np.ndarray, whole: np.ndarray, real: np.ndarray
) -> bool:
    """The numbers of lines in columns: whole ones (n, k), then others (n, m); a blank or missing field stays as it is.

    text : characters of a file. starts, ends : (n,) of its lines. edges : (k + m + 1,) columns where fields begin, and
    the last one ends. Returns whether all is plain: no line is empty, and each field has a finite number as C and
    Fortran write it; what else there is, is left to others to judge.
    """
    n_whole, n_field = whole.shape[1], len(edges) - 1
    for row in range(len(starts)):
        empty = True
        for field in range(n_field):
            first, last = starts[row] + edges[field], min(starts[row] + edges[field + 1], ends[row])
            while last > first and text[last - 1] == _BLANK:
                last -= 1
            while first < last and text[first] == _BLANK:
                first += 1
            if first >= last:
                continue
            empty = False
            if field < n_whole:
                number, good = integer_at(text, first, last)
                whole[row, field] = number
            else:
                value, good = number_at(text, first, last, False)
                good = good and np.isfinite(value)
                real[row, field - n_whole] = value
            if not good:
                return False
        if empty:
            return False
    return True
