"""Words of a results file where they stand in it, for compiled loops, without a copy of them.

They are halves (m,) of four bytes: word k has the two from 2 k + lead + 2 (k >> shift) on. So are the 512 words of a
block between its two markers, and, with a shift that leaves nothing, the words of a text.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

BLOCK = 512  # words
_ONE = np.uint64(1)


class Halves(NamedTuple):
    """Words where they stand. flat : (m,) int32. n : number of words. swapped : their bytes are in the other order."""

    flat: np.ndarray
    shift: int
    lead: int
    n: int
    swapped: bool


@numba.njit(cache=True)
def swapped_half(value: int) -> int:
    """A whole number of four bytes with these in the other order."""
    found = 0
    for k in range(4):
        found |= ((value >> (8 * k)) & 255) << (8 * (3 - k))
    return found - (1 << 32) if found >= 1 << 31 else found


@numba.njit(cache=True)
def whole_at(words: Halves, k: int) -> int:
    """The whole number of a word: the first half of it, in whichever order its bytes are."""
    value = int(words.flat[np.uint64(2 * k + words.lead + 2 * (k >> words.shift))])  # an index without a sign
    return swapped_half(value) if words.swapped else value


@numba.njit(cache=True)
def copy_words(words: Halves, first: int, count: int, to: np.ndarray, at: int) -> None:
    """Words into `to`, halves (n,) of words in the byte order of this machine, from its word `at` on."""
    for k in range(first, first + count):
        source = np.uint64(2 * k + words.lead + 2 * (k >> words.shift))
        target = np.uint64(2 * (at + k - first))
        if words.swapped:
            to[target] = np.int32(swapped_half(int(words.flat[source + _ONE])))
            to[target + _ONE] = np.int32(swapped_half(int(words.flat[source])))
        else:
            to[target] = words.flat[source]
            to[target + _ONE] = words.flat[source + _ONE]


def in_blocks(blocks: np.ndarray, swapped: bool) -> Halves:
    """The words of blocks (m, 1026), as halves with the marker at each end."""
    return Halves(np.asarray(blocks).reshape(-1), BLOCK.bit_length() - 1, 1, BLOCK * len(blocks), swapped)


def in_one_row(words: np.ndarray) -> Halves:
    """Words (n,) int64 in the byte order of this machine."""
    flat = words.view(np.int32)
    flat.flags.writeable = False  # as a mapped file is: one compiled loop does for both
    return Halves(flat, 62, 0, len(words), False)
