"""Base64 of large arrays, decoded at the speed of memory; the standard library takes one character at a time."""

from __future__ import annotations

import binascii

import numpy as np
from numba import njit

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NONE = 255  # no character of the alphabet: has the bits that no six-bit value has
_TABLE = np.full(256, _NONE, dtype=np.uint8)
_TABLE[np.frombuffer(_ALPHABET, dtype=np.uint8)] = np.arange(64)


def decoded(text: bytes) -> np.ndarray:
    """The bytes (n,) of a text in base64 without line ends, of whole groups of four characters.

    Raises
    ------
    ValueError : a character that is none of base64's, padding elsewhere than at the end, a group that is not whole.
    """
    if len(text) % 4:
        raise ValueError("the text ends within a group of four characters")
    characters = np.frombuffer(text, dtype=np.uint8)
    n_whole = max(len(text) // 4 - 1, 0)  # the last group may have padding
    found = np.empty(3 * n_whole + 3, dtype=np.uint8)
    if not _groups(characters[:4 * n_whole], _TABLE, found):
        raise ValueError("a character that is none of base64's")
    last = binascii.a2b_base64(text[4 * n_whole:], strict_mode=True)  # binascii.Error is a ValueError
    found[3 * n_whole:3 * n_whole + len(last)] = np.frombuffer(last, dtype=np.uint8)
    return found[:3 * n_whole + len(last)]


@njit(cache=True)
def _groups(text: np.ndarray, table: np.ndarray, out: np.ndarray) -> bool:
    """Decode groups of four characters without padding; whether all of them are of the alphabet."""
    seen = np.uint8(0)
    for k in range(len(text) // 4):
        a, b, c, d = table[text[4 * k]], table[text[4 * k + 1]], table[text[4 * k + 2]], table[text[4 * k + 3]]
        seen |= a | b | c | d
        out[3 * k] = np.uint8((a << 2) | (b >> 4))
        out[3 * k + 1] = np.uint8((b << 4) | (c >> 2))
        out[3 * k + 2] = np.uint8((c << 6) | d)
    return bool(seen < 64)
