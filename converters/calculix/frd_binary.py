"""Binary blocks of a .frd: records of an id of 32 bits and some numbers, or of elements, read in pieces."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from numba import njit

PIECE = 1 << 20  # bytes: they are in the processor's cache when they are looked at


class EndOfFileError(Exception):
    """The file ends before the numbers that are asked for."""


def read_records(
    stream: BinaryIO, n: int, n_comp: int, single: bool, expected: np.ndarray, kept: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Records from where the stream stands.

    Parameters
    ----------
    single : whether numbers are float32. expected : ids that the records mostly have. kept : an array to be filled,
        where it is like the values.

    Returns
    -------
    ids (n,), `expected` itself where they are equal; values (n, n_comp), float64; whether all of them are finite.

    Raises
    ------
    EndOfFileError : the file ends.
    """
    good = kept is not None and kept.shape == (n, n_comp) and kept.dtype == float and kept.flags.c_contiguous
    values = kept if kept is not None and good else np.empty((n, n_comp))
    ids = expected if len(expected) == n else None
    words = np.empty((max(1, PIECE // (4 + 8 * n_comp)), 1 + n_comp * (1 if single else 2)), "<i4")
    start, finite = stream.tell(), True
    for first in range(0, n, len(words)):
        some, part = words[:min(len(words), n - first)], values[first:first + len(words)]
        _fill(stream, some)
        finite &= _singles(some.view("<f4"), part) if single else _doubles(some, part.view("<i4"))
        if ids is not None and not np.array_equal(some[:, 0], ids[first:first + len(words)]):
            ids = None
    return _ids(stream, start, n, words) if ids is None else ids, values, bool(finite)


def _ids(stream: BinaryIO, start: int, n: int, words: np.ndarray) -> np.ndarray:
    """The ids (n,) alone, in a second reading. words : a piece of records, to be filled."""
    stream.seek(start)
    found = np.empty(n, dtype=np.int64)
    for first in range(0, n, len(words)):
        some = words[:min(len(words), n - first)]
        _fill(stream, some)
        found[first:first + len(words)] = some[:, 0]
    return found


def _fill(stream: BinaryIO, array: np.ndarray) -> None:
    view = array.reshape(-1).view(np.uint8).data
    while len(view):
        done = stream.readinto(view)  # type: ignore[attr-defined]
        if not done:
            raise EndOfFileError
        view = view[done:]


@njit(cache=True)
def _doubles(words: np.ndarray, found: np.ndarray) -> bool:
    """The halves of float64 (n, 2 n_comp) behind the id of each record; whether all of them are finite."""
    wrong = 0
    for row in range(len(words)):
        for k in range(0, found.shape[1], 2):
            found[row, k], found[row, k + 1] = words[row, k + 1], words[row, k + 2]
            wrong += words[row, k + 2] & 0x7FF00000 == 0x7FF00000
    return wrong == 0


@njit(cache=True)
def _singles(words: np.ndarray, found: np.ndarray) -> bool:
    """The float32 behind the id of each record as float64; whether all of them are finite."""
    wrong = 0
    for row in range(len(words)):
        for k in range(found.shape[1]):
            found[row, k] = words[row, k + 1]
            wrong += not np.isfinite(words[row, k + 1])
    return wrong == 0
