"""Blocks of a .cdb: lines of numbers in columns, which a line like (3i9,6e21.13e3) describes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from romlib_converters.common.characters import fields_at

from romlib.errors import FileFormatError

_FORMAT = re.compile(rb"\s*\((.*)\)\s*$")
_ITEM = re.compile(r"(\d*)([ieap])(\d+)", re.IGNORECASE)
_WIDEST = 40  # columns of a field; Ansys writes up to 21
_MOST_FIELDS = 40
_CHUNK = 20_000  # lines at a time, for memory
_AS_NUMBERS = np.arange(256, dtype=np.uint8)  # exponents of Fortran; "1_000" and "nan" are no numbers
_AS_NUMBERS[[ord("D"), ord("d")]] = ord("E")
_AS_NUMBERS[[ord("_"), ord("n"), ord("N"), 0]] = ord("?")


@dataclass(frozen=True)
class Line:
    """A line of the file: number from 1, where it begins and where its text ends, in bytes."""

    number: int
    start: int
    end: int


@dataclass(frozen=True)
class Command:
    """A command that is no part of the mesh. fields : what stands behind it, without blanks. line : from 0."""

    name: str
    fields: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Lines:
    """The lines of a file. starts, ends : (n,) bytes, without what ends a line."""

    data: bytes
    starts: np.ndarray
    ends: np.ndarray
    file: Path

    @classmethod
    def of(cls, data: bytes, file: Path) -> Lines:
        """The lines of a text, which end with \\n or \\r\\n."""
        raw = np.frombuffer(data, np.uint8)
        breaks = np.flatnonzero(raw == 10)
        starts = np.concatenate([[0], breaks + 1])
        ends = np.concatenate([breaks, [len(data)]])
        if len(starts) and starts[-1] == len(data):
            starts, ends = starts[:-1], ends[:-1]
        returned = (ends > starts) & (raw[np.maximum(ends - 1, 0)] == 13) if len(data) else np.zeros(0, bool)
        return cls(data, starts, ends - returned, file)

    def __len__(self) -> int:
        return len(self.starts)

    def not_of_digits(self, first: int, width: int) -> Iterator[int]:
        """Lines from a position on that have more than digits and blanks among their first characters."""
        raw = np.frombuffer(self.data, np.uint8)
        for begin in range(first, len(self), _CHUNK):
            starts, ends = self.starts[begin:begin + _CHUNK], self.ends[begin:begin + _CHUNK]
            other = np.zeros(len(starts), bool)
            for column in range(width):
                character = raw[np.minimum(starts + column, len(raw) - 1)]
                other |= (starts + column < ends) & (character != 32) & ((character < 48) | (character > 57))
            yield from (begin + np.flatnonzero(other)).tolist()

    def text(self, line: int) -> str:
        """A line, by position from 0."""
        return self.data[self.starts[line]:self.ends[line]].decode("latin-1")

    def place(self, line: int) -> str:
        """A line in words."""
        return f"line {line + 1}"


def field_widths(lines: Lines, line: int, what: str) -> tuple[list[int], int]:
    """Widths of the fields of a block, and how many of them are whole numbers, from its line of the format.

    Raises
    ------
    FileFormatError : there is none, or it is not understood.
    """
    text = lines.text(line) if line < len(lines) else ""
    match = _FORMAT.match(text.encode("latin-1"))
    widths: list[int] = []
    n_integer = 0
    if match:
        for count, kind, width in _ITEM.findall(match[1].decode("latin-1")):
            n = min(int(count or 1), _MOST_FIELDS)
            widths += [int(width)] * n
            n_integer += n if kind in "iI" else 0
    if not widths or max(widths) > _WIDEST or min(widths) < 1 or len(widths) > _MOST_FIELDS:
        raise FileFormatError(f"the block {what} has no format that can be read", file=lines.file,
                              place=lines.place(line), expected="such as (3i9,6e21.13e3)", found=text[:60])
    return widths, n_integer


def table(
    lines: Lines, rows: np.ndarray, widths: list[int], n_integer: int, what: str
) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of some lines: whole ones (n, n_integer) and others (n, k); 0 where a field is blank or missing.

    what : the lines are, for messages.

    Raises
    ------
    FileFormatError : names the line of a field that is no number, or not finite, or of text behind the last field.
    """
    long = rows[lines.ends[rows] - lines.starts[rows] > sum(widths)]
    more = [line for line in long.tolist() if lines.text(line)[sum(widths):].strip()]
    if more:
        raise FileFormatError(f"a line of {what} is longer than its format", file=lines.file,
                              place=lines.place(more[0]), expected=f"at most {sum(widths)} characters",
                              found=len(lines.text(more[0]).rstrip()))
    whole = np.zeros((len(rows), n_integer), np.int64)
    real = np.zeros((len(rows), len(widths) - n_integer))
    edges = np.concatenate([[0], np.cumsum(widths)])
    raw = np.frombuffer(lines.data, np.uint8)
    for first in range(0, len(rows), _CHUNK):
        part = rows[first:first + _CHUNK]
        if fields_at(raw, lines.starts[part], lines.ends[part], edges, whole[first:first + _CHUNK],
                     real[first:first + _CHUNK]):
            continue
        whole[first:first + _CHUNK], real[first:first + _CHUNK] = 0, 0.0
        text = _padded(lines, part, int(edges[-1]))
        empty = np.flatnonzero((text == 32).all(axis=1))
        if len(empty):
            raise FileFormatError(f"a line of {what} is empty", file=lines.file,
                                  place=lines.place(int(part[empty[0]])), expected="numbers")
        for k, (a, b) in enumerate(pairwise(edges)):
            target, column = (whole, k) if k < n_integer else (real, k - n_integer)
            target[first:first + len(part), column] = _numbers(text[:, a:b], target.dtype, lines, part, what)
    return whole, real


def _padded(lines: Lines, rows: np.ndarray, width: int) -> np.ndarray:
    """The characters of some lines (n, width), blanks where a line is shorter."""
    raw = np.frombuffer(lines.data, np.uint8)
    where = lines.starts[rows][:, None] + np.arange(width)
    inside = where < lines.ends[rows][:, None]
    return _AS_NUMBERS[np.where(inside, raw[np.where(inside, where, 0)], 32)]


def _numbers(text: np.ndarray, dtype: np.dtype, lines: Lines, rows: np.ndarray, what: str) -> np.ndarray:
    """Numbers (n,) of characters (n, width)."""
    text = np.ascontiguousarray(text)
    text[(text == 32).all(axis=1), 0] = ord("0")
    words = text.view(f"S{text.shape[1]}").ravel()
    try:
        values = words.astype(dtype)
        if dtype.kind == "i" or np.isfinite(values).all():
            return values
    except (ValueError, OverflowError):
        pass
    wrong = next(k for k, word in enumerate(words) if not _is_number(word, dtype))
    raise FileFormatError(f"a number of {what} cannot be read", file=lines.file, place=lines.place(int(rows[wrong])),
                          expected="a whole number" if dtype.kind == "i" else "a finite number",
                          found=words[wrong].decode("latin-1").strip())


def _is_number(word: bytes, dtype: np.dtype) -> bool:
    try:
        return bool(np.isfinite(np.array([word]).astype(dtype)[0]))
    except (ValueError, OverflowError):
        return False
