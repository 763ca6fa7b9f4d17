"""Blocks of a .frd as arrays: nodes, elements, and results, in text of fixed columns or in binary."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from romlib_converters.calculix.elements import FRD_NODES
from romlib_converters.calculix.frd_binary import PIECE, EndOfFileError, read_records
from romlib_converters.calculix.frd_text import fixed_integers, fixed_reals, integers_at

from romlib.errors import FileFormatError, UnsupportedError
from romlib.words import plural

SHORT, LONG, FLOAT32, FLOAT64 = 0, 1, 2, 3
FORMATS = {SHORT: "text with ids of 5 digits", LONG: "text", FLOAT32: "binary float32", FLOAT64: "binary float64"}
ID_WIDTH = {SHORT: 5, LONG: 10}
TAG = 3  # the " -1" or " -2" at the beginning of a line
_LONG_EXPONENT = re.compile(rb"[+-]?\d?\.\d+[eE][+-]\d{3}")
PER_LINE = 6  # values of a node in one line of text
BLOCK_END = b" -3"


class TruncatedError(Exception):
    """The file ends before the block that its header announces; what is missing, in words."""


@dataclass(frozen=True)
class Layout:
    """How n records of n_comp numbers stand in the file. first : line length of text, line end included; 0 for binary.

    size : bytes of one record. width : characters of one number. ragged : bytes of all records where the lines differ
    in length: exponents of three digits, as a Windows build writes them, move the numbers that follow a negative one.
    """

    n: int
    n_comp: int
    form: int
    size: int
    first: int = 0
    width: int = 0
    real: str = "<f8"
    ragged: int = 0

    @property
    def n_byte(self) -> int:
        """Bytes of all records."""
        return self.ragged or self.n * self.size

    def read(
        self, stream: BinaryIO, path: Path, place: str, expected: np.ndarray, kept: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, bool]:
        """Ids (n,), values (n, n_comp), and whether all are known to be finite, from where the stream stands.

        Parameters
        ----------
        expected : ids, given back where those of the records are the same. kept : see `FrdFile.read`.

        Raises
        ------
        FileFormatError : a number cannot be read.
        """
        if self.form in (FLOAT32, FLOAT64):
            try:
                return read_records(stream, self.n, self.n_comp, self.real == "<f4", expected, kept)
            except EndOfFileError:
                raise FileFormatError("the file ends within a block", file=path, place=place,
                                      expected=plural(self.n_byte, "byte")) from None
        if not self.n:
            return np.empty(0, np.int64), np.empty((0, self.n_comp)), True
        return *self._decode(stream.read(self.n_byte), path, place), False

    def _decode(self, data: bytes, path: Path, place: str) -> tuple[np.ndarray, np.ndarray]:
        """Ids and values of text."""
        if self.ragged:
            return _ragged_records(data, self, path, place)
        lines = np.frombuffer(data, np.uint8).reshape(self.n, self.size)
        try:
            ids = fixed_integers(lines, TAG, ID_WIDTH[self.form])
            parts = [fixed_reals(lines, TAG + ID_WIDTH[self.form] + start, self.width, count)
                     for start, count in self._value_lines()]
            values = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        except (ValueError, OverflowError) as error:
            raise FileFormatError("a number of the block cannot be read", file=path, place=place, found=str(error),
                                  expected=f"numbers of {self.width} characters") from error
        return ids, values

    def _value_lines(self) -> list[tuple[int, int]]:
        """Where the numbers of each line of a record begin, from the place of the first, and how many there are."""
        lines, start, left = [], 0, self.n_comp
        while left > 0:
            count = min(left, PER_LINE)
            lines.append((start, count))
            line_end = self.first - TAG - ID_WIDTH[self.form] - min(self.n_comp, PER_LINE) * self.width
            start += TAG + ID_WIDTH[self.form] + count * self.width + line_end
            left -= count
        return lines


def _ragged_records(data: bytes, layout: Layout, path: Path, place: str) -> tuple[np.ndarray, np.ndarray]:
    """Ids and values of lines of different lengths, split where an exponent of three digits ends."""
    lines = data.split(b"\n")[:-1]
    per_record = -(-layout.n_comp // PER_LINE)
    start = TAG + ID_WIDTH[layout.form]
    numbers = [_LONG_EXPONENT.findall(line[start:]) for line in lines]
    rest = sum(len(line[start:].strip()) for line in lines) - sum(len(one) for line in numbers for one in line)
    ids = [line[TAG:start] for line in lines[::per_record]]
    if rest or len(ids) != layout.n or any(
            sum(map(len, numbers[k:k + per_record])) != layout.n_comp for k in range(0, len(lines), per_record)):
        raise FileFormatError("a number of the block cannot be read", file=path, place=place,
                              expected=f"{plural(layout.n_comp, 'number')} a node, with exponents of three digits",
                              found="lines of different lengths")
    try:
        values = np.array([one for line in numbers for one in line], dtype=float).reshape(layout.n, layout.n_comp)
        return np.array(ids, dtype="S").astype(np.int64), values
    except ValueError as error:
        raise FileFormatError("a number of the block cannot be read", file=path, place=place,
                              found=str(error)) from error


def ragged_layout(stream: BinaryIO, layout: Layout) -> Layout | None:
    """The layout of a text block whose lines differ in length, where the stream stands; None where it is none.

    Raises
    ------
    TruncatedError : the file ends in it.
    """
    here = stream.tell()
    text = _until_end(stream)
    stream.seek(here)
    lines = text.count(b"\n")
    if not layout.n or lines != layout.n * -(-layout.n_comp // PER_LINE) or not _LONG_EXPONENT.search(text):
        return None
    return replace(layout, ragged=len(text))


def layout_at(stream: BinaryIO, n: int, n_comp: int, form: int, path: Path, place: str, real: str = "") -> Layout:
    """The layout of the records that begin where the stream stands; the stream stays there.

    Raises
    ------
    FileFormatError : a count that cannot be; the first record of a text block does not have the columns that its header
        announces.
    """
    if n < 0 or n_comp < 1:
        raise FileFormatError("a header of the .frd has a count that cannot be", file=path, place=place,
                              expected="a number of nodes, and at least one component", found=f"{n} and {n_comp}")
    if form in (FLOAT32, FLOAT64):
        real = real or ("<f4" if form == FLOAT32 else "<f8")
        return Layout(n, n_comp, form, 4 + n_comp * np.dtype(real).itemsize, real=real)
    if form not in FORMATS:
        raise FileFormatError("unknown format of a block", file=path, place=place, found=form,
                              expected=", ".join(map(str, FORMATS)))
    here = stream.tell()
    lines = [stream.readline() for _ in range(-(-n_comp // PER_LINE))] if n else [b""]
    stream.seek(here)
    if n and not lines[-1].endswith(b"\n"):
        raise TruncatedError(place)
    count = min(n_comp, PER_LINE)
    length = len(lines[0].rstrip(b"\r\n")) - TAG - ID_WIDTH[form]
    width, rest = divmod(length, count)
    if n and (rest or width not in (12, 13)):  # 13: exponents of three digits, as some programs write them
        ragged = ragged_layout(stream, Layout(n, n_comp, form, 0))
        if ragged is not None:
            return ragged
        raise FileFormatError("a line of the block has the wrong length", file=path, place=place,
                              expected=f"{plural(count, 'number')} of 12 characters after the id", found=lines[0][:80])
    return Layout(n, n_comp, form, sum(map(len, lines)), len(lines[0]), width)


@dataclass(frozen=True)
class FrdElements:
    """Elements of the .frd. by_type : type to (ids (n,), nodes (n, n_node)) in the .frd's node order; nodes of a binary
    file are of 32 bits."""

    by_type: dict[int, tuple[np.ndarray, np.ndarray]]

    @property
    def ids(self) -> np.ndarray:
        """All ids, increasing."""
        return np.sort(np.concatenate([np.empty(0, np.int64), *(ids for ids, _ in self.by_type.values())]))


def read_elements(stream: BinaryIO, n: int, form: int, path: Path) -> FrdElements:
    """The element block where the stream stands; the stream goes behind it.

    Raises
    ------
    TruncatedError : the file ends in it. FileFormatError, UnsupportedError : it contradicts itself; an unknown type.
    """
    if n < 0:
        raise FileFormatError("a header of the .frd has a count that cannot be", file=path, place="element block",
                              expected="a number of elements", found=n)
    parts = _binary_elements(stream, n, path) if form in (FLOAT32, FLOAT64) else _text_elements(stream, n, form, path)
    by_type: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for kind in dict.fromkeys(kind for kind, _, _ in parts):
        mine = [(ids, nodes) for one, ids, nodes in parts if one == kind]
        by_type[kind] = np.concatenate([ids for ids, _ in mine]), np.concatenate([nodes for _, nodes in mine])
    return FrdElements(by_type)


def _known_type(kind: int, path: Path) -> int:
    if kind not in FRD_NODES:
        raise UnsupportedError("unknown element type of the .frd", file=path, place="element block",
                               expected=", ".join(map(str, FRD_NODES)), found=kind)
    return FRD_NODES[kind]


def _binary_elements(stream: BinaryIO, n: int, path: Path) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Runs of elements of one type: id, type, group, material, nodes, as int32, of which a piece is looked at."""
    start = stream.tell()
    parts, first, left = [], 0, n
    words = np.empty(0, "<i4")
    while left:
        if len(words) < 4 + max(FRD_NODES.values()):
            data = stream.read(PIECE)
            words = np.concatenate([words, np.frombuffer(data[:len(data) // 4 * 4], "<i4")])
        if len(words) < 4:
            raise TruncatedError("element block")
        kind = int(words[1])
        width = 4 + _known_type(kind, path)
        rows = words[:len(words) // width * width].reshape(-1, width)[:left]
        other = np.flatnonzero(rows[:, 1] != kind)
        rows = rows[:other[0]] if len(other) else rows
        if not len(rows):
            raise TruncatedError("element block")
        parts.append((kind, rows[:, 0].astype(np.int64), np.ascontiguousarray(rows[:, 4:])))
        first, left, words = first + rows.size, left - len(rows), words[rows.size:]
    stream.seek(start + 4 * first)
    return parts


def _text_elements(stream: BinaryIO, n: int, form: int, path: Path) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """` -1`, id, type, group, material; then ` -2` and nodes, 15 or 10 a line."""
    text = _until_end(stream)
    characters = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else np.empty(0, np.int64)
    if form not in ID_WIDTH:
        raise FileFormatError("unknown format of a block", file=path, place="element block", found=form,
                              expected=", ".join(map(str, FORMATS)))
    width = ID_WIDTH[form]
    if len(starts) and (ends - starts).min() < TAG + width:
        raise FileFormatError("a line of the element block is too short", file=path, place="element block",
                              found=text.split(b"\n")[int((ends - starts).argmin())][:40])
    heads = characters[starts + 2] == ord("1")
    if int(heads.sum()) != n:
        raise FileFormatError("the element block has another number of elements than its header", file=path,
                              place="element block", expected=n, found=int(heads.sum()))
    ids = _integers(characters, starts[heads] + TAG, width, path)
    kinds = _integers(characters, starts[heads] + TAG + width, 5, path)
    per_line = (ends - starts - TAG)[~heads] // width
    first = np.repeat(starts[~heads] + TAG, per_line)
    within = np.arange(per_line.sum()) - np.repeat(np.cumsum(per_line) - per_line, per_line)
    nodes = _integers(characters, first + width * within, width, path)
    counts = np.zeros(n, np.int64)
    for kind in np.unique(kinds):
        counts[kinds == kind] = _known_type(int(kind), path)
    if counts.sum() != len(nodes):
        raise FileFormatError("the elements have another number of nodes than their types", file=path,
                              place="element block", expected=int(counts.sum()), found=len(nodes))
    offset = np.cumsum(counts) - counts
    return [(int(kind), ids[kinds == kind],
             nodes[offset[kinds == kind][:, None] + np.arange(FRD_NODES[int(kind)])]) for kind in np.unique(kinds)]


def _integers(characters: np.ndarray, starts: np.ndarray, width: int, path: Path) -> np.ndarray:
    """Whole numbers (n,) of `width` characters from each start on."""
    try:
        return integers_at(characters, starts, width)
    except ValueError as error:
        raise FileFormatError("a number of the element block cannot be read", file=path, place="element block",
                              expected=f"whole numbers of {plural(width, 'character')}", found=str(error)) from error


def _until_end(stream: BinaryIO) -> bytes:
    """The text up to the line ` -3`, which the stream goes behind."""
    start, step = stream.tell(), 1 << 20
    end, passed, window = b"\n" + BLOCK_END, -1, b"\n"  # as if the line before ended here
    while True:  # the end first and then the text: it is in memory once
        part = stream.read(step)
        window += part
        at = window.find(end)
        if at >= 0:
            break
        if not part:
            raise TruncatedError("element block")
        kept = min(len(window), len(end) - 1)
        passed, window = passed + len(window) - kept, window[-kept:]
    stream.seek(start)
    text = stream.read(passed + at + 1)
    stream.readline()
    return text
