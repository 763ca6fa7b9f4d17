"""Fields of a data line as numbers, as Fortran's list of digits reads them: `1.5D3`, `1.5+3`, `.5`, `5`.

CalculiX takes the first twenty characters of a number: see `truncated_number`.
"""

from __future__ import annotations

import re

import numpy as np

_MOST = 20  # characters of a number that the solver reads
_REST = 1e-9  # what the characters after that may change, relative to the number
_NUMBER = re.compile(rb"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eEdDqQ]([+-]?\d+)|([+-]\d+))?")
_LONG = re.compile(rb"[^,\n]{%d,}" % (_MOST + 1))
_EXPONENT = bytes.maketrans(b"dDqQ", b"EEEE")
_PLAIN = b"0123456789+-.eE"
WHOLE = rb"[+-]?\d+"  # of an id
LARGEST_ID = 2**31 - 1


def number_of(text: bytes) -> float | None:
    """One field as a finite number; None where it is none."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    value = float(match[1] + b"E" + (match[2] or match[3] or b"0"))
    return value if np.isfinite(value) else None


def truncated_number(text: bytes) -> bytes | None:
    """The first field of data lines without blanks of which CalculiX reads another number, such as 0.6 for
    `6.123233995736766e-17`; None where there is none."""
    for match in _LONG.finditer(text):
        whole, short = number_of(match[0]), number_of(match[0][:_MOST])
        if whole is not None and short is not None and abs(short - whole) > _REST * abs(whole):
            return match[0]
    return None


def numbers_of(fields: list[bytes]) -> tuple[np.ndarray, int | None]:
    """Fields as numbers (n,), and the position of the first one that is none (None where all are numbers)."""
    if not fields:
        return np.empty(0), None
    text = b"".join(fields)
    lettered = bool(text.translate(None, _PLAIN))  # exponents with another letter, or something that is no number
    if not (lettered and text.translate(None, _PLAIN + b"dDqQ")):
        try:
            found = np.array([one.translate(_EXPONENT) for one in fields] if lettered else fields, dtype=np.float64)
            if np.isfinite(found).all():
                return found, None
        except ValueError:
            pass  # one is none, or has an exponent without a letter
    values = np.empty(len(fields))
    for k, one in enumerate(fields):
        value = number_of(one)
        if value is None:
            return values, k
        values[k] = value
    return values, None


def whole_of(values: np.ndarray) -> tuple[np.ndarray, int | None]:
    """Numbers (n,) as ids (n,), and the position of the first one that is no whole number of at most ten digits."""
    wrong = np.flatnonzero(~np.isfinite(values) | (values != np.floor(values)) | (np.abs(values) > LARGEST_ID))
    if len(wrong):
        return np.empty(0, np.int64), int(wrong[0])
    return values.astype(np.int64), None
