"""Writes small output2 files of Nastran, in any byte order and size of words: what the converter's tests read.

The layout is that of `pyNastran`'s documentation; `test_the_written_files_are_what_pynastran_reads` shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

GRID, CORD2R, CORD2C, CORD2S = (4501, 45, 1), (2101, 21, 8), (2001, 20, 9), (2201, 22, 10)
CHEXA, CTETRA, CPENTA, CQUAD4 = (7308, 73, 253), (5508, 55, 217), (4108, 41, 280), (2958, 51, 177)
PSOLID = (2402, 24, 281)


@dataclass
class Op2Writer:
    """order : "<" or ">". word : 4 or 8 bytes. header : whether PARAM,POST,-1 has put one. cut : words a block."""

    order: str = "<"
    word: int = 4
    header: bool = True
    cut: int = 10_000
    parts: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.header:
            self._marker(3)
            self._block(self._ints([7, 3, 26]))
            self._marker(7)
            self._block(self.text("NASTRAN FORT TAPE ID CODE - ", 7))
            self._marker(2)
            self._block(self.text("NX12.0", 2))
            self._marker(-1)
            self._marker(0)

    def table(self, name: str, records: Sequence[bytes]) -> None:
        """A table with its trailer, its name, and the records, which are numbered from 3."""
        self._marker(2)
        self._block(self.text(name, 2))
        self._marker(-1)
        self._record(self._ints([101, 0, 0, 0, 0, 0, 0]))
        for part, data in enumerate([self.text(name, 2), *records], 2):
            for marker in (-part, 1, 0):
                self._marker(marker)
            self._record(data)
        for marker in (-(len(records) + 3), 1, 0, 0):
            self._marker(marker)

    def matrix(self, name: str, columns: Sequence[Sequence[tuple[int, Sequence[float]]]], size: int = 8) -> None:
        """A matrix: of each column its strings, of rows from a first one on. size : bytes of a number.

        Its markers count numbers and not words, and do not count the row that is before them in each block.
        """
        self._marker(2)
        self._block(self.text(name, 2))
        self._marker(-1)
        self._record(self._ints([101, len(columns), 9, 2, size // 4, 0, 0]))
        for marker in (-2, 1, 0):
            self._marker(marker)
        self._record(self.text(name, 2))
        for part, strings in enumerate(columns, 3):
            for marker in (-part, 1, 1):
                self._marker(marker)
            for row, values in strings:
                self._marker(len(values))
                self._block(self._ints([row]) + np.array(values, f"{self.order}f{size}").tobytes())
        for marker in (-(len(columns) + 3), 1, 0, 0):
            self._marker(marker)

    def write(self, path: Path) -> Path:
        """The file, ended by a marker."""
        self._marker(0)
        path.write_bytes(b"".join(self.parts))
        return path

    def card(self, key: Sequence[int], entries: Sequence[Sequence[float | int | bytes]]) -> bytes:
        """A record of entries; whole numbers, reals and texts of a word keep their type."""
        return self._ints(key) + b"".join(self._word(one) for entry in entries for one in entry)

    def ident(self, analysis: int, value: float, *, subcase: int = 1, code: int = 1, form: int = 1, heat: int = 0,
              width: int = 8, label: str = "", whole: bool = False) -> bytes:
        """An ident of results. whole : the value is a whole number."""
        words = [self._word(0)] * 146
        for place, number in ((0, 10 * analysis + 1), (1, code), (3, subcase), (8, form), (9, width), (22, heat)):
            words[place] = self._word(number)
        words[4] = self._word(int(value) if whole else float(value))
        data = b"".join(words)
        return data[:114 * self.word] + self.text(label, 32)

    def rows(self, ids: np.ndarray, values: np.ndarray, kinds: np.ndarray | None = None) -> bytes:
        """Rows of displacements: values (n, 6)."""
        kinds = np.ones(len(ids), int) if kinds is None else kinds
        table = np.empty((len(ids), 8), f"{self.order}i{self.word}")
        table[:, 0], table[:, 1] = 10 * ids + 1, kinds
        table[:, 2:] = np.asarray(values).astype(f"{self.order}f{self.word}").view(table.dtype)
        return table.tobytes()

    def text(self, text: str, words: int) -> bytes:
        """A text in words of four letters; of eight bytes, as NX fills them up with blanks."""
        data = text.ljust(4 * words).encode()
        if self.word == 4:
            return data
        return b"".join(data[at:at + 4].ljust(8) for at in range(0, len(data), 4))

    def _word(self, value: float | int | bytes) -> bytes:
        if isinstance(value, bytes):
            return value.ljust(self.word)
        kind = "f" if isinstance(value, float) else "i"
        return np.array(value, f"{self.order}{kind}{self.word}").tobytes()

    def _ints(self, values: Sequence[int]) -> bytes:
        return np.array(values, f"{self.order}i{self.word}").tobytes()

    def _block(self, data: bytes) -> None:
        length = np.array(len(data), f"{self.order}i4").tobytes()
        self.parts += [length, data, length]

    def _marker(self, value: int) -> None:
        self._block(self._ints([value]))

    def _record(self, data: bytes) -> None:
        for at in range(0, len(data), self.cut * self.word):
            piece = data[at:at + self.cut * self.word]
            self._marker(len(piece) // self.word)
            self._block(piece)
