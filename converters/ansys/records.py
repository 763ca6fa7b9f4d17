"""Ansys' binary files: records found by pointers, and refused where they are not what they must be."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
from romlib_converters.ansys.unpack import (
    COMPRESSED,
    DAMAGED,
    MASKED,
    OUTSIDE,
    SHORT,
    WHOLE,
    WINDOWED,
    ZIPPED,
    follow,
    sizes,
    unpack,
    unpack_into,
)

from romlib.errors import FileFormatError, UnsupportedError
from romlib.files import regular_file

FIRST = 100  # words of the first record of all of Ansys' binary files
_AT_ONCE = 1 << 15  # values that are copied together
UNCOMPRESSED = "write it anew with /FCOMP,RST,0 (no compression by zlib)"


class RecordFile:
    """A file as words of four bytes, of which only what is asked for is read."""

    def __init__(self, path: Path) -> None:
        """Raises FileFormatError : no binary file of Ansys, or of another byte order."""
        self.path = regular_file(path)
        with open(self.path, "rb") as stream:
            head = stream.read(8)
        if len(head) < 8 or int.from_bytes(head[:4], "little") != FIRST:
            found = "an empty file" if not head else "another beginning"
            if int.from_bytes(head[:4], "big") == FIRST:
                found = "a file of big-endian numbers"
            raise FileFormatError("this is no binary file of Ansys", file=self.path, found=found,
                                  expected=f"little-endian records, the first one of {FIRST} words")
        with open(self.path, "rb") as stream:
            self._mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        self.words = np.frombuffer(self._mapped, "<i4", len(self._mapped) // 4)

    def forget(self) -> None:
        """Let the system take back the memory of what was read; it is read again when it is looked at."""
        if hasattr(self._mapped, "madvise"):
            self._mapped.madvise(mmap.MADV_DONTNEED)

    def numbers(self, at: int, what: str) -> np.ndarray:
        """The values (n,) of a record as floating-point numbers. at : its word. what : it is, for messages."""
        return self._values(at, what).astype(np.float64)

    def numbers_below(self, at: int, limit: float, what: str) -> tuple[np.ndarray, bool]:
        """The same, and whether all are numbers of a smaller magnitude."""
        values, below = self._values(at, what), True
        found, plain = np.empty(len(values)), not self._flags(at) & (WHOLE | SHORT | MASKED | WINDOWED)
        with open(self.path, "rb", buffering=0) as stream:
            stream.seek(4 * (at + 2))
            for first in range(0, len(values), _AT_ONCE):
                part = found[first:first + _AT_ONCE]
                if not plain or stream.readinto(part.data) != part.nbytes:
                    part[:] = values[first:first + _AT_ONCE]
                below = below and bool(part.max() < limit and part.min() > -limit)  # while the cache has them
        return found, below

    def integers(self, at: int, what: str) -> np.ndarray:
        """The values (n,) of a record of whole numbers.

        Raises
        ------
        FileFormatError : a record that has others.
        """
        values = self._values(at, what)
        if not self._flags(at) & WHOLE:
            raise FileFormatError(f"{what} has no whole numbers: the file is damaged", file=self.path,
                                  place=f"word {at}")
        return values.astype(np.int64)

    def long_integers(self, at: int, what: str) -> np.ndarray:
        """The values (n,) of a record of whole numbers of eight bytes, which flags do not tell from those of four."""
        values = self._values(at, what)
        if self._flags(at) & (WHOLE | SHORT | MASKED | WINDOWED) == WHOLE:
            return values[:len(values) // 2 * 2].view("<i8").astype(np.int64)
        values = self.integers(at, what)
        return values[0:len(values) // 2 * 2:2] % (1 << 32) + (values[1::2] << 32)

    def _flags(self, at: int) -> int:
        return (int(self.words[at + 1]) >> 24) & 0xFF

    def _values(self, at: int, what: str) -> np.ndarray:
        """The values (n,) of a record, where they stand if none is left out."""
        size, = self.sizes(np.array([at]), what)
        flags = self._flags(at)
        if not flags & (MASKED | WINDOWED):
            kind = ("<i2" if flags & SHORT else "<i4") if flags & WHOLE else ("<f4" if flags & SHORT else "<f8")
            length = int(size) * np.dtype(kind).itemsize // 4
            return np.asarray(self.words[at + 2:at + 2 + length]).view(kind)
        if size > len(self.words):  # a sparse record says how long it is
            raise self._error(DAMAGED, at, what)
        values, counts = unpack(self.words, np.array([at], np.int64), int(size))
        self._check(counts, np.array([at]), what)
        return values[0]

    def rows(
        self, at: np.ndarray, width: int, what: str, *, in_place: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """The first values (n, width) of many records, and their numbers (n,) of values. at : (n,), -1 for none.

        in_place : the values may be those in the file, which cannot be changed.
        """
        alike = self._alike(at)
        if alike is not None and not self._flags(int(at[0])) & (WHOLE | SHORT) and 2 * width <= alike.shape[1]:
            halves = alike[:, :2 * width] if in_place else np.ascontiguousarray(alike[:, :2 * width])
            return halves.view("<f8"), np.full(len(at), alike.shape[1] // 2, np.int64)
        values, counts = unpack(self.words, np.asarray(at, np.int64), width)
        self._check(counts, at, what)
        return values, counts

    def integer_rows(self, at: np.ndarray, width: int, what: str) -> np.ndarray:
        """The first values (n, width) of many records of whole numbers, int32.

        Raises
        ------
        FileFormatError : a record that has others.
        """
        at = np.asarray(at, np.int64)
        alike = self._alike(at)
        if alike is not None and self._flags(int(at[0])) & (WHOLE | SHORT) == WHOLE and width <= alike.shape[1]:
            return alike[:, :width]
        values = np.zeros((len(at), width), np.int32)
        self._check(unpack_into(self.words, at, values), at, what)
        wrong = np.flatnonzero(((self.words[at + 1] >> 24) & WHOLE) == 0)
        if len(wrong):
            raise self._error(DAMAGED, int(at[wrong[0]]), what)
        return values

    def sizes(self, at: np.ndarray, what: str) -> np.ndarray:
        """Number of values (n,) of records at some words (n,)."""
        alike = self._alike(at) if len(at) > 1 else None
        if alike is not None and self._flags(int(at[0])) & (WHOLE | SHORT) == WHOLE:
            return np.full(len(at), alike.shape[1], np.int64)
        found = sizes(self.words, np.asarray(at, np.int64))
        self._check(found, at, what)
        return found

    def _alike(self, at: np.ndarray) -> np.ndarray | None:
        """Data (n, n_word) of records, where they stand, which are behind each other, equally long, of one kind, and
        have all of their values; None for others."""
        if len(at) < 2 or not 0 <= at[0] < len(self.words) - 2:
            return None
        first, length, flags = int(at[0]), int(self.words[at[0]]), self._flags(int(at[0]))
        step = length + 3
        if length < 0 or flags & (MASKED | WINDOWED | COMPRESSED) or int(at[-1]) + step > len(self.words) or (
                int(at[-1]) - first != step * (len(at) - 1) or not (at[1:] - at[:-1] == step).all()):
            return None
        table = np.asarray(self.words[first:first + step * len(at)]).reshape(len(at), step)
        alike = ((table[:, 0] == length).all() and (table[:, -1] == length).all()
                 and (table[:, 1] == table[0, 1]).all())
        return table[:, 2:-1] if alike else None

    def chain(self, start: int, n: int, what: str) -> np.ndarray:
        """Where n records (n,) are that stand behind each other from a word on."""
        if n > len(self.words):
            raise FileFormatError(f"{what}: more records than the file has words", file=self.path, found=n)
        found = follow(self.words, start, n)
        wrong = np.flatnonzero(found < 0)
        if len(wrong):
            raise self._error(OUTSIDE, start if wrong[0] == 0 else int(found[wrong[0] - 1]), what,
                              f"record {wrong[0] + 1} of {n}")
        return found

    def behind(self, at: int) -> int:
        """The word behind a record that was read."""
        return at + int(self.words[at]) + 3

    def _check(self, counts: np.ndarray, at: np.ndarray, what: str) -> None:
        wrong = np.flatnonzero(counts < 0)
        if len(wrong):
            raise self._error(int(counts[wrong[0]]), int(at[wrong[0]]), what)

    def _error(self, code: int, at: int, what: str, found: str | None = None) -> FileFormatError | UnsupportedError:
        place = f"word {at}"
        if code == ZIPPED:
            return UnsupportedError(f"{what} is compressed by zlib", file=self.path, place=place,
                                    remedy=UNCOMPRESSED)
        why = "is not in the file: it is truncated, or damaged" if code == OUTSIDE else "is damaged"
        return FileFormatError(f"{what} {why}", file=self.path, place=place, found=found)


def pointer(values: np.ndarray, low: int, high: int, old: int | None = None) -> int:
    """A pointer of 64 bits in two words of a header; older files have 32 bits, in one word. 0: there is none.

    values : (n,) of the header. low, high : positions of both words. old : of the one word in older files.
    """
    if high < len(values):
        return (int(values[low]) & 0xFFFFFFFF) | (int(values[high]) << 32)
    place = low if old is None else old
    return int(values[place]) & 0xFFFFFFFF if place < len(values) else 0


def item(values: np.ndarray, k: int) -> int:
    """An item of a header, 0 where an older file does not have it."""
    return int(values[k]) if k < len(values) else 0


def text_of(values: np.ndarray) -> str:
    """Text of words with four characters each, the last one first."""
    raw = b"".join((int(value) & 0xFFFFFFFF).to_bytes(4, "big") for value in values)
    return raw.split(b"\0")[0].decode("latin-1").strip()
