"""The frame of a Nastran output2 file: its byte order, its words, its tables and where their records are.

An .op2 is a sequence of Fortran blocks, each between two lengths in bytes. Blocks of one word are markers: a positive
one says how many words follow; -1, -2, ... number the parts of a table; 0 ends it. A record may be cut into several
pairs of marker and block. Behind -3, -4, ... stand 1 and the kind of part: 0 a record, 1 a column of a matrix, whose
markers count numbers, with the row of the first before them in its block. Nothing but markers is read here, so that a
file is surveyed in a time that depends on its number of blocks, and tables that nobody asks for cost nothing and cannot
fail.

Source: output of MSC and NX Nastran with PARAM,POST,-1 and -2; DMAP Programmer's Guide (OUTPUT2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from romlib_converters.common.records import Layout

from romlib.errors import FileFormatError
from romlib.files import regular_file

_LENGTH = 4  # bytes of the length around a block
_HEADER = 3  # words of the date, the first marker of a file written with PARAM,POST,-1
_NAME = 8
_WINDOW = 512  # bytes that are read at once in a survey: markers between blocks
_AT_ONCE = 1 << 18  # bytes of rows that are read together: they stay in the cache of a core while they are sorted
_REMEDY = "write the file again with PARAM,POST,-1 and let the run end"


@dataclass(frozen=True)
class Record:
    """A record of a table. part : 1, 2, ..., as its markers number it. spans : its pieces, (offset, bytes)."""

    part: int
    spans: tuple[tuple[int, int], ...]

    @property
    def n_byte(self) -> int:
        """Its length."""
        return sum(length for _, length in self.spans)


@dataclass(frozen=True)
class Table:
    """A table: its name as OUGV1, its place among the tables of the file, and its records in order."""

    name: str
    number: int
    records: tuple[Record, ...]

    @property
    def place(self) -> str:
        """For messages."""
        return f"table {self.number} ({self.name})"


class Op2File:
    """A Nastran output2 file, surveyed.

    layout : of its words, of 4 or 8 bytes. version : of the solver, as the file says. tables : in order.

    Raises
    ------
    FileFormatError : no output2 file, or one that ends in the middle of a table.
    """

    def __init__(self, path: Path) -> None:
        self.path = regular_file(path)
        self._size = self.path.stat().st_size
        if self._size < 3 * _LENGTH:
            raise self._wrong("the file is too short for Nastran's output2", 0, "a marker", "fewer than 12 bytes")
        self._start, self._window, self._at = 0, b"", 0
        with open(self.path, "rb", buffering=0) as self._stream:
            self.layout = self._layout()
            self._int = struct.Struct(self.layout.order + "i")
            self._marker = struct.Struct(self.layout.order + ("i" if self.layout.word == 4 else "q"))
            self.version = self._header()
            self.tables = tuple(self._survey())

    def bytes_of(self, record: Record) -> bytes:
        """The record, its pieces joined."""
        return self.words(record).tobytes()

    def words(self, record: Record, count: int | None = None) -> np.ndarray:
        """The record, or its first `count` words, as integers (n,); `view` them as `reals` where they are real."""
        n_word = self.n_word(record)
        found = np.empty(n_word if count is None else min(count, n_word), dtype=self.layout.integers)
        if len(found):
            next(self._filled(record, found))
        return found

    def n_word(self, record: Record) -> int:
        """Words of a record."""
        if record.n_byte % self.layout.word:
            raise self._wrong("a record is no whole number of words", record.spans[0][0],
                              f"a multiple of {self.layout.word} bytes", record.n_byte)
        return record.n_byte // self.layout.word

    def rows(self, record: Record, width: int, first: int = 0) -> Iterator[tuple[slice, np.ndarray]]:
        """The words behind `first` ones as rows (n, width) of integers, some thousand at a time, and which they are.

        Each part overwrites the one before it. Words behind the last whole row are left out.
        """
        n_row, at = (self.n_word(record) - first) // width, 0
        table = np.empty((max(min(_AT_ONCE // (width * self.layout.word), n_row), 1), width), self.layout.integers)
        for n_byte in self._filled(record, table, first * self.layout.word):
            n = n_byte // (width * self.layout.word)
            yield slice(at, at + n), table[:n]
            at += n

    def _filled(self, record: Record, memory: np.ndarray, skipped: int = 0) -> Iterator[int]:
        """Bytes that the memory has of the record, each time that it is full, and at the end.

        The file is not mapped, as the pages of a map would count as memory. skipped : bytes at the beginning.
        """
        view, done = memory.view(np.uint8).reshape(-1).data, 0
        with open(self.path, "rb", buffering=0) as stream:
            for offset, length in record.spans:
                left, begin = length - skipped, offset + skipped
                skipped = max(-left, 0)
                stream.seek(begin)
                while left > 0:
                    n = stream.readinto(view[done:done + left])
                    if not n:
                        raise self._wrong("the file has become shorter while it was read", offset, f"{length} bytes",
                                          "its end")
                    done, left = done + n, left - n
                    if done == len(view):
                        yield done
                        done = 0
        if done:
            yield done

    def text(self, record: Record, first: int, count: int) -> str:
        """`count` words of a record from word `first` as text: four letters a word, in 64 bits four or eight."""
        return letters(self.words(record, first + count)[first:].tobytes(), self.layout.word)

    def _bytes(self, at: int, count: int) -> bytes:
        """Bytes of the file while it is surveyed: a few at a time, which stand close together.

        The file is not mapped: the pages of a map, most of the file, would count as memory.
        """
        if not self._start <= at <= at + count <= self._start + len(self._window):
            self._stream.seek(at)
            self._start, self._window = at, self._stream.read(max(count, _WINDOW))
        return self._window[at - self._start:at - self._start + count]

    def _layout(self) -> Layout:
        """Byte order and size of words: the first block is a marker, one word."""
        for order in "<>":
            length = struct.unpack(f"{order}i", self._bytes(0, _LENGTH))[0]
            if length in (4, 8) and self._size >= length + 2 * _LENGTH:
                after = struct.unpack(f"{order}i", self._bytes(_LENGTH + length, _LENGTH))[0]
                if after == length:
                    return Layout(length, order)
        raise self._wrong("the file is no binary output2 of Nastran", 0, "a block of one word, of 4 or 8 bytes",
                          self._bytes(0, 12).hex(" "),
                          "convert the .op2 that PARAM,POST,-1 writes, not the .f06 or .pch")

    def _header(self) -> str:
        """Version, behind date and tape label, which PARAM,POST,-1 puts first; empty where they are not there."""
        if self._peek() != _HEADER:
            return ""
        offset, length = self._take_record(0).spans[-1]
        for _ in range(2):  # the markers -1, 0
            if not self._ended and self._peek() in (-1, 0):
                self._take_marker()
        text = letters(self._bytes(offset, length), self.layout.word)
        return " ".join("".join(letter if " " <= letter <= "~" else " " for letter in text).split())[:40]

    def _survey(self) -> Iterator[Table]:
        number = 0
        while not self._ended:
            marker = self._peek()
            if marker == 0:
                self._take_marker()
                continue
            number += 1
            if marker < 0:
                raise self._wrong("a table has no name", self._at, "the marker 2", f"the marker {marker}")
            name = letters(self.bytes_of(self._take_record(0)), self.layout.word)[:_NAME].strip()
            yield Table(name, number, tuple(self._records(name)))

    def _records(self, name: str) -> Iterator[Record]:
        part = 0
        while True:
            if self._ended:
                raise self._wrong(f"the file ends in the middle of the table {name}", self._at, "the marker 0",
                                  "the end of the file")
            marker = self._peek()
            if marker == 0:
                self._take_marker()
                return
            if marker < 0:
                part = -self._take_marker()
                kind: list[int] = []
                while part > 1 and len(kind) < 2 and self._peek() in (0, 1):
                    kind.append(self._take_marker())
                if kind == [1, 1]:
                    self._pass_column()
                continue
            yield self._take_record(part)

    def _pass_column(self) -> None:
        """Step over a column of a matrix: nobody asks for one, but tables may follow it."""
        while not self._ended and self._peek() > 0:
            self._take_marker()
            self._block()

    @property
    def _ended(self) -> bool:
        return self._at >= self._size

    def _block(self) -> tuple[int, int]:
        """Offset and length of the next block, and step over it."""
        start = self._at
        if start + 2 * _LENGTH > self._size:
            raise self._wrong("the file ends in the middle of a block", start, "a block", "the end of the file")
        length = self._int.unpack(self._bytes(start, _LENGTH))[0]
        end = start + _LENGTH + length
        if length < 0 or end + _LENGTH > self._size:
            raise self._wrong("the file ends in the middle of a block", start, f"{length} bytes",
                              f"{self._size - start - _LENGTH} bytes")
        if self._int.unpack(self._bytes(end, _LENGTH))[0] != length:
            raise self._wrong("the length behind a block is not the one before it", start, length,
                              self._int.unpack(self._bytes(end, _LENGTH))[0])
        self._at = end + _LENGTH
        return start + _LENGTH, length

    def _peek(self) -> int:
        at = self._at
        marker = self._take_marker()
        self._at = at
        return marker

    def _take_marker(self) -> int:
        start = self._at
        offset, length = self._block()
        if length != self.layout.word:
            raise self._wrong("a marker is missing", start, f"a block of {self.layout.word} bytes", f"{length} bytes")
        return int(self._marker.unpack(self._bytes(offset, self.layout.word))[0])

    def _take_record(self, part: int) -> Record:
        spans: list[tuple[int, int]] = []
        while not self._ended and (not spans or self._is_marker()) and self._peek() > 0:
            start = self._at
            n_word = self._take_marker()
            offset, length = self._block()
            if length != n_word * self.layout.word:
                raise self._wrong("a record is not as long as its marker says", start,
                                  f"{n_word * self.layout.word} bytes", f"{length} bytes")
            spans.append((offset, length))
        if not spans:
            raise self._wrong("a record is missing", self._at, "a positive marker", self._found())
        return Record(part, tuple(spans))

    def _is_marker(self) -> bool:
        if self._at + 2 * _LENGTH + self.layout.word > self._size:
            return False
        return bool(self._int.unpack(self._bytes(self._at, _LENGTH))[0] == self.layout.word)

    def _found(self) -> str:
        return "the end of the file" if self._ended else f"the marker {self._peek()}"

    def _wrong(self, what: str, at: int, expected: object, found: object, remedy: str = _REMEDY) -> FileFormatError:
        return FileFormatError(what, file=self.path, place=f"byte {at}", expected=expected, found=found, remedy=remedy)


def letters(data: bytes, word: int) -> str:
    """Text of words: in 64 bits some versions fill half of each word with blanks."""
    if word == 8 and len(data) >= 16:
        halves = [data[at + 4:at + 8] for at in range(0, len(data), 8)]
        if all(half == b"    " for half in halves) and data[8:12] != b"    ":
            data = b"".join(data[at:at + 4] for at in range(0, len(data), 8))
    return data.decode("latin-1")
