"""Numbers of a file as arrays: read from bytes or words without passing the end, and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from romlib.errors import FileFormatError
from romlib.words import plural

LONGEST_WORD = 80  # characters; names of element types and numbers are shorter


class Cursor:
    """A place in bytes, which moves on with what is taken. ends_early : what is said where they end before."""

    def __init__(self, data: bytes, file: Path, ends_early: str, place: str | None = None) -> None:
        self.data, self.file, self.position = data, file, 0
        self._ends_early, self._place = ends_early, place

    @property
    def left(self) -> int:
        """Bytes that are left."""
        return len(self.data) - self.position

    def take(self, dtype: npt.DTypeLike, count: int) -> np.ndarray:
        """So many values (count,); FileFormatError where there are fewer."""
        dtype = np.dtype(dtype)
        n_byte = count * dtype.itemsize
        if count < 0 or n_byte > self.left:
            raise FileFormatError(self._ends_early, file=self.file, place=self._place or f"byte {self.position}",
                                  expected=f"{plural(count, 'value')}, {plural(max(n_byte, 0), 'byte')}",
                                  found=plural(self.left, "byte"))
        values = np.frombuffer(self.data, dtype, count, self.position)
        self.position += n_byte
        return values


@dataclass(frozen=True)
class Layout:
    """Size of words in bytes and byte order, "<" or ">"."""

    word: int
    order: str

    @property
    def integers(self) -> np.dtype:
        """Type of whole numbers."""
        return np.dtype(f"{self.order}i{self.word}")

    @property
    def reals(self) -> np.dtype:
        """Type of real numbers."""
        return np.dtype(f"{self.order}f{self.word}")


def word_array(data: bytes, file: Path, place: str) -> np.ndarray:
    """The words of a text as an array of bytes, which takes the room of the longest one for each.

    Raises
    ------
    FileFormatError : a word that is too long for a number or a name.
    """
    words = data.split()
    longest = max(words, key=len, default=b"")
    if len(longest) > LONGEST_WORD:
        raise FileFormatError("a word is too long for a number or a name", file=file, place=place,
                              expected=f"at most {LONGEST_WORD} characters", found=longest[:40].decode("latin-1"))
    return np.array(words, dtype=np.bytes_)


def refuse_underscores(data: bytes, file: Path, place: str) -> None:
    """FileFormatError for a text of numbers with an underscore, which Python takes for part of one."""
    if b"_" in data:
        raise FileFormatError("a text has something that is no number", file=file, place=place, expected="numbers",
                              found=data[:data.index(b"_") + 9].split()[-1].decode("latin-1"))


def check_finite(values: np.ndarray, file: Path, place: Callable[[int], str]) -> None:
    """FileFormatError for a row of values (n, k) that is not finite; `place` has its number, from 0, in words."""
    if np.isfinite(values).all():  # of all at once: rows are looked at where one is wrong
        return
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(wrong):
        raise FileFormatError("a value is not a finite number", file=file, place=place(int(wrong[0])),
                              expected="finite numbers", found=values[wrong[0]])
