"""The numbers of a section of gmsh's MSH files, as text or binary."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from romlib_converters.common.records import Cursor, refuse_underscores, word_array

from romlib.errors import FileFormatError
from romlib.words import plural

_BINARY = {"i": "i4", "n": "u8", "d": "f8"}


class Numbers:
    """The numbers of a section, one after another, as text or binary."""

    def __init__(self, content: bytes, binary: bool, order: Literal["<", ">"], file: Path, section: str) -> None:
        self.binary, self.order, self._place = binary, order, f"${section}"
        words = None if binary else word_array(content, file, self._place)
        if not binary:
            refuse_underscores(content, file, self._place)
        self._width = words.dtype.itemsize if words is not None else 0  # of a word
        self._cursor = Cursor(content if words is None else words.tobytes(), file, "a section ends early", self._place)

    def take(self, kind: str, n: int) -> np.ndarray:
        """n numbers: "i" an int, "n" a size, "d" a double."""
        dtype = np.dtype(_BINARY[kind]).newbyteorder(self.order) if self.binary else np.dtype(f"S{self._width}")
        return self._cursor.take(dtype, n).astype(np.float64 if kind == "d" else np.int64)

    def records(self, dtype: np.dtype, n: int) -> np.ndarray:
        """n records of a binary section, in its byte order."""
        return self._cursor.take(dtype.newbyteorder(self.order), n)

    def rest(self) -> np.ndarray:
        """All whole numbers that are left, ints."""
        return self.take("i", self._cursor.left // (4 if self.binary else self._width))

    def line(self) -> int:
        """The number of entries, which MSH 2 writes as a line of text in binary files too."""
        if not self.binary:
            return self.one("n")
        return int(self._cursor.take("u1", self._cursor.data.index(b"\n") + 1).tobytes())

    def one(self, kind: str) -> int:
        """One whole number."""
        return int(self.take(kind, 1)[0])

    def end(self) -> None:
        """FileFormatError where the section goes on behind what its counts announce; a line's end is nothing."""
        cursor = self._cursor
        if cursor.data[cursor.position:].strip():
            more = plural(cursor.left, "byte") if self.binary else plural(cursor.left // self._width, "number")
            raise FileFormatError("a section has more than its counts say", file=cursor.file, place=self._place,
                                  expected="its end", found=f"{more} more")
