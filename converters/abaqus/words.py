"""A results file .fil as words of eight bytes, whichever way it is written: the same words come from both kinds.

Binary: Fortran records of 512 words, each between two markers of four bytes that hold its length. ASCII: lines of 80
characters without regard to what stands in them; items are `I`, two digits and so many characters of a whole number,
`D` and 22 characters of a real one, `A` and eight characters. A record is its length in words, its key, and attributes;
it may go on in the next block or line. An increment ends with record 2001 and fills its last block, or its last line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.abaqus.gather import flat_records
from romlib_converters.abaqus.halves import BLOCK, Halves, copy_words, in_blocks, in_one_row, whole_at
from romlib_converters.abaqus.walk import (
    INCOMPLETE,
    WRONG,
    next_record,
    next_text_record,
    text_words,
    wrong_marker,
)

from romlib.errors import FileFormatError
from romlib.files import regular_file
from romlib.words import plural

_BYTES = 8 * BLOCK
_RECORD = _BYTES + 8  # with the markers
_LINE = 80
_CHUNK = 1 << 22  # bytes of text that are looked at together
_WINDOW = 1 << 14  # blocks that are looked at together; the longest record has 128
START, END = 2000, 2001  # keys of the records that begin and end an increment
_KEYS = END  # those below are counted


@dataclass(frozen=True)
class KeyTally:
    """Records of a key in a stretch: how many, of how many words without the first two, and the word where the first
    one is."""

    count: int
    size: int = 0
    first: int = 0


@dataclass(frozen=True)
class Stretch:
    """Bytes of the file, from a block or a line to another, that hold whole records.

    number : of it, from zero. keys : the records of each key (without record 2001); of a text, only how many.
    """

    number: int
    first: int
    last: int
    keys: Mapping[int, KeyTally]


@dataclass(frozen=True, eq=False)
class Records:
    """Words of records of one key, without their first two, one after the other.

    counts : (n,) of each record. flat : (m,) int64. swapped : the file has them in the other order of bytes, but for
    text.
    """

    counts: np.ndarray
    flat: np.ndarray
    swapped: bool

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each record begins (n,)."""
        return np.cumsum(self.counts) - self.counts

    def whole(self, words: np.ndarray, kind: type[np.signedinteger[Any]] = np.int64) -> np.ndarray:
        """Whole numbers of words (..., n), in a type that holds them: the halves that Abaqus sets."""
        if words.ndim and words.strides[-1] != words.itemsize:
            words = np.ascontiguousarray(words)
        return words.view(np.int32)[..., int(self.swapped)::2].astype(kind)

    def of(self, number: int) -> np.ndarray:
        """Words of a record."""
        return self.flat[self.starts[number]:self.starts[number] + self.counts[number]]

    def text(self, words: np.ndarray) -> str:
        """Characters of words, without the blanks around them; bytes that are no ASCII become question marks."""
        raw = (words.byteswap() if self.swapped else words).tobytes()
        return raw.decode("ascii", "replace").replace("\ufffd", "?").replace("\0", " ").strip()


@dataclass(frozen=True, eq=False)
class Words:
    """Words of whole records, where they stand in a file. keys : the records of each key."""

    file: Path
    halves: Halves
    keys: Mapping[int, KeyTally]

    def records(self, key: int, more: int = -1) -> Records:
        """The records of a key, each with those of key `more` that go on with it.

        Raises
        ------
        FileFormatError : a record that goes on, and no record before it.
        """
        tally, going_on = self.keys.get(key, KeyTally(0)), self.keys.get(more, KeyTally(0))
        counts, flat = np.zeros(tally.count, np.int64), np.empty(tally.size + going_on.size, np.int64)
        if not tally.count and not going_on.count:
            return Records(counts, flat, self.halves.swapped)
        n_record, n_word = flat_records(self.halves, tally.first, key, more, counts, flat.view(np.int32))
        if n_record != len(counts) or n_word != len(flat):
            raise FileFormatError(f"a record {more} goes on with no record {key}", file=self.file,
                                  expected=f"record {key} before it")
        return Records(counts, flat, self.halves.swapped)

    def first(self) -> Records:
        """The first record with its length and its key, or so much of it as there is."""
        length = max(min(whole_at(self.halves, 0), self.halves.n), 0) if self.halves.n else 0
        flat = np.empty(length, np.int64)
        copy_words(self.halves, 0, length, flat.view(np.int32), 0)
        return Records(np.array([length]), flat, self.halves.swapped)


class FilWords:
    """The words of a file. Stretch 0 is the model, the others are the increments; one of them is read at a time.

    truncated : what is wrong with the end of the file, "" where it is whole.

    Raises
    ------
    FileFormatError : it is no results file.
    """

    def __init__(self, path: Path) -> None:
        self.path = regular_file(path, "No such file")
        self.size = os.path.getsize(self.path)
        with open(self.path, "rb") as stream:
            beginning = stream.read(4)
        kind = kind_of(self.path)
        if kind is None:
            raise FileFormatError("this is no results file of Abaqus", file=self.path, place="its beginning",
                                  expected="record 1921, in text or in blocks of 512 words", found=repr(beginning))
        self.binary, self._order = kind != "ascii", ">" if kind == "big" else "<"
        self.truncated = ""
        self.stretches = list(self._binary_stretches() if self.binary else self._text_stretches())

    def read(self, stretch: Stretch) -> Words:
        """The words of a stretch."""
        if self.binary:
            blocks = self._mapped(stretch.first // _RECORD, stretch.last // _RECORD)
            return Words(self.path, in_blocks(blocks, self._swapped), stretch.keys)
        lines, _ = _padded(self._bytes(stretch.first, stretch.last), self.path)
        words = np.empty(len(lines) // 4 + 1, np.int64)  # the shortest item, a digit, takes four characters
        count, at = text_words(lines, words)
        if at >= 0:
            raise self._no_item(lines, at, stretch.first)
        halves, table = in_one_row(words[:count].copy()), _table()
        at, length, state = next_record(halves, 0, 0, END, table)
        if state == WRONG:
            raise self._no_length(at, length)
        return Words(self.path, halves, _tallies(table))

    def beginning(self, stretch: Stretch) -> Records:
        """The first record of a stretch, or so much of it as its first block or lines have."""
        if self.binary:
            first = stretch.first // _RECORD
            return Words(self.path, in_blocks(self._mapped(first, first + 1), self._swapped), {}).first()
        lines, _ = _padded(self._bytes(stretch.first, min(stretch.last, stretch.first + 16 * (_LINE + 2))), self.path)
        words = np.empty(len(lines) // 4 + 1, np.int64)
        count, _ = text_words(lines, words)
        return Words(self.path, in_one_row(words[:count].copy()), {}).first()

    def _bytes(self, first: int, last: int) -> bytes:
        with open(self.path, "rb") as stream:
            stream.seek(first)
            return stream.read(last - first)

    @property
    def _swapped(self) -> bool:
        return np.dtype(f"{self._order}i4") != np.dtype("=i4")

    def _binary_stretches(self) -> Iterator[Stretch]:
        """Where records 2001 end, followed through the file, of which some blocks are looked at together."""
        n_block, rest = divmod(self.size, _RECORD)
        first, number, position, table = 0, 0, 0, _table()
        while position < BLOCK * n_block:
            base = position // BLOCK
            last = min(base + _WINDOW, n_block)
            blocks, start = self._mapped(base, last), BLOCK * base
            words = in_blocks(blocks, self._swapped)
            self._check_markers(words, blocks, base)
            while position < BLOCK * last:
                at, length, state = next_record(words, position - start, BLOCK * first - start, END, table)
                position = start + at
                if state == WRONG:
                    raise self._no_length(position, length)
                if state == INCOMPLETE:
                    break
                after = -(-(position + length) // BLOCK)  # the next block
                yield Stretch(number, first * _RECORD, after * _RECORD, _tallies(table))
                first, number, position, table = after, number + 1, after * BLOCK, _table()
            if last == n_block:
                break
        if rest or first < n_block:
            self.truncated = (f"it ends {plural(rest, 'byte')} into a block of {_RECORD}" if rest
                              else "its last increment has no record 2001")

    def _check_markers(self, words: Halves, blocks: np.ndarray, base: int) -> None:
        wrong = wrong_marker(words, _BYTES)
        if wrong >= 0:
            raise FileFormatError("a block is not between markers of its length", file=self.path,
                                  place=f"byte {(base + wrong) * _RECORD}", expected=_BYTES,
                                  found=[int(blocks[wrong, k]) for k in (0, -1)])

    def _no_length(self, position: int, length: int) -> FileFormatError:
        return FileFormatError("a record has a length that cannot be", file=self.path, place=f"word {position}",
                               expected=f"2 to {BLOCK + 1} words", found=length)

    def _mapped(self, first: int, last: int) -> np.ndarray:
        """Halves (n, 1026) of blocks with their markers, which are read when they are looked at."""
        if last <= first:
            return np.empty((0, _RECORD // 4), np.int32)
        return np.memmap(self.path, np.int32, "r", first * _RECORD, (last - first, _RECORD // 4))

    def _text_stretches(self) -> Iterator[Stretch]:
        """Where records 2001 end, followed through the file line by line."""
        carry, first, number, table = b"", 0, 0, _table()
        offset, position = 0, 0  # of the carried bytes in the file; characters of them that have been followed already
        with open(self.path, "rb") as stream:
            while True:
                data = stream.read(_CHUNK)
                block = carry + data
                cut = len(block) if not data else block.rfind(b"\n") + 1
                lines, starts = _padded(block[:cut], self.path)
                while True:
                    position, state, wrong = next_text_record(lines, position, END, table[0])
                    if state == WRONG and not data and wrong >= len(lines) - 2 * _LINE and not block.endswith(b"\n"):
                        break  # a line that is cut off, which blanks have filled
                    if state == WRONG:
                        raise self._no_item(lines, wrong, offset)
                    if state == INCOMPLETE:
                        break
                    line = -(-position // _LINE)
                    last = offset + (int(starts[line]) if line < len(starts) else cut)
                    yield Stretch(number, first, last, _tallies(table))
                    first, number, table = last, number + 1, _table()
                line = min(position // _LINE, len(starts))
                keep = int(starts[line]) if line < len(starts) else cut
                carry, position, offset = block[keep:], position - line * _LINE, offset + keep
                if not data:
                    break
        if carry.strip():
            self.truncated = "its last increment has no record 2001"

    def _no_item(self, lines: np.ndarray, at: int, offset: int) -> FileFormatError:
        found = lines[at:at + 24].tobytes().decode("latin-1")
        return FileFormatError("an item of the text cannot be read", file=self.path,
                               place=f"{plural(at // _LINE, 'line')} after byte {offset}, column {at % _LINE + 1}",
                               expected="I, D or A with its value, or * before a record", found=repr(found),
                               remedy="take the file as Abaqus wrote it: lines of 80 characters")


def _table() -> np.ndarray:
    """What `next_record` counts in."""
    return np.zeros((3, _KEYS), np.int64)


def _tallies(table: np.ndarray) -> dict[int, KeyTally]:
    return {key: KeyTally(*table[:, key].tolist()) for key in np.flatnonzero(table[0]).tolist()}


def kind_of(path: Path) -> str | None:
    """How a results file is written, by its beginning: "ascii"; "little" or "big" (binary, by its order of bytes); None
    for another file."""
    with open(path, "rb") as stream:
        beginning = stream.read(20)
    if beginning[:1] == b"*" and b"1921" in beginning:
        return "ascii"
    for kind, order in (("little", "<"), ("big", ">")):
        if len(beginning) == 20 and int(np.frombuffer(beginning[:4], f"{order}i4")[0]) == _BYTES:
            key = int(np.frombuffer(beginning[12:16], f"{order}i4")[0])
            if key == 1921:
                return kind
    return None


def _line_starts(data: bytes) -> np.ndarray:
    """Where the lines (n,) of bytes begin."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    starts = np.concatenate([[0], ends + 1])
    return starts[:-1] if starts[-1] == len(data) else starts


def _padded(data: bytes, file: Path) -> tuple[np.ndarray, np.ndarray]:
    """The characters (n,) of lines, each with 80, and where the lines begin: blanks at their ends may have been lost.

    Raises
    ------
    FileFormatError : a line that is longer.
    """
    raw = np.frombuffer(data, np.uint8)
    width = data.find(b"\n") + 1
    if width in (_LINE + 1, _LINE + 2) and len(raw) % width == 0:
        table = raw.reshape(-1, width)
        whole = np.ascontiguousarray(table[:, :_LINE])
        if (table[:, -1] == ord("\n")).all() and (table[:, _LINE:-1] == ord("\r")).all() and whole.min() > ord("\n"):
            return whole.reshape(-1), np.arange(0, len(raw), width)  # as Abaqus writes it
    starts = _line_starts(data)
    if not len(starts):
        return np.empty(0, np.uint8), starts
    ends = np.append(starts[1:] - 1, len(raw) - (1 if data.endswith(b"\n") else 0))
    returns = (ends > starts) & (raw[np.maximum(ends - 1, 0)] == ord("\r"))
    lengths = ends - returns - starts
    if lengths.max() > _LINE:
        k = int(lengths.argmax())
        raise FileFormatError("a line of the text is too long", file=file, expected=f"{_LINE} characters",
                              found=f"{lengths[k]}, {data[starts[k]:starts[k] + 24].decode('latin-1')!r} at first",
                              remedy="take the file as Abaqus wrote it: lines of 80 characters")
    lines = np.full((len(starts), _LINE), ord(" "), np.uint8)
    column = np.arange(_LINE)
    inside = column < lengths[:, None]
    lines[inside] = raw[(starts[:, None] + column)[inside]]
    return lines.reshape(-1), starts
