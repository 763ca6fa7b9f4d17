"""The files of a database: d3plot, d3plot01, d3plot02, ..., of which states never cross the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from romlib_converters.common.records import Layout
from romlib_converters.lsdyna.control import WORDS, layout_of

from romlib.errors import FileFormatError, UnsupportedError
from romlib.files import regular_file

_AT_ONCE = 1 << 18  # bytes of rows that are read together: they stay in the cache of a core while they are sorted
HEAD_BYTES = (WORDS + 64) * 8
_NUMBERED = re.compile(r"^(.*?\D)(\d+)$")


def files_of(first: Path) -> list[Path]:
    """The database's files in order.

    Raises
    ------
    FileFormatError : one in between is missing. UnsupportedError : files of adaptive remeshing lie beside it.
    """
    numbered = {}
    for other in first.parent.iterdir():
        if other.name.startswith(first.name) and other.name[len(first.name):].isdigit() and other.is_file():
            numbered[int(other.name[len(first.name):])] = other
    expected = range(1, len(numbered) + 1)
    missing = sorted(set(expected) - set(numbered))
    if missing:
        raise FileFormatError("a file of the database is missing", file=first,
                              expected=f"{first.name}{missing[0]:02d}", found=f"{first.name}{max(numbered):02d}",
                              remedy="keep all files of a run in one folder")
    if (first.parent / f"{first.name}aa").is_file():
        raise UnsupportedError("a database of adaptive remeshing, whose mesh changes in time", file=first,
                               found=f"{first.name}aa")
    return [first, *(numbered[number] for number in expected)]


def first_of(path: Path) -> Path:
    """The file that a numbered one continues; itself where it continues none."""
    match = _NUMBERED.match(path.name)
    if match is not None:
        base = path.with_name(match[1])
        if base.is_file() and is_database(base):
            return base
    return path


def is_database(path: Path) -> bool:
    """Whether a file begins with a control block."""
    with open(path, "rb") as stream:
        return layout_of(stream.read(HEAD_BYTES)) is not None


class Words:
    """The words of a file, read when they are asked for. order and size by `layout`."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path, self.layout = regular_file(path), layout
        self.count = self.path.stat().st_size // layout.word

    def integers(self, at: int, count: int, what: str) -> np.ndarray:
        """Whole numbers (count,) from word `at`; FileFormatError, with `what`, where the file ends before."""
        return self._taken(at, count, what, self.layout.integers)

    def reals(self, at: int, count: int, what: str) -> np.ndarray:
        """Real numbers (count,) likewise."""
        return self._taken(at, count, what, self.layout.reals)

    def rows(self, at: int, count: int, dtype: np.dtype, width: int, what: str) -> Iterator[tuple[slice, np.ndarray]]:
        """Rows (count, width) from word `at`, some thousand at a time, and which they are; likewise.

        Each part overwrites the one before it.
        """
        self.check(at, width * count, what)
        table = np.empty((max(min(_AT_ONCE // max(width * self.layout.word, 1), count), 1), width), dtype)
        with open(self.path, "rb", buffering=0) as stream:
            stream.seek(at * self.layout.word)
            for first in range(0, count, len(table)):
                part = table[:count - first]
                if stream.readinto(part.data) != part.nbytes:
                    raise self._shorter(at, what, f"{width * count} words", f"{width * first} words")
                yield slice(first, first + len(part)), part

    def zero(self, at: int, count: int, what: str) -> bool:
        """Whether the words (count,) from word `at` are all zero; likewise."""
        return not any(part.any() for _, part in self.rows(at, count, self.layout.integers, 1, what))

    def _taken(self, at: int, count: int, what: str, dtype: np.dtype) -> np.ndarray:
        self.check(at, count, what)
        found = np.fromfile(self.path, dtype, count, offset=at * self.layout.word)  # no map, which counts as memory
        if len(found) != count:
            raise self._shorter(at, what, f"{count} words", f"{len(found)} words")
        return found

    def check(self, at: int, count: int, what: str) -> None:
        """FileFormatError, with `what`, where the file ends before so many words from word `at`."""
        if count < 0 or at < 0 or at + count > self.count:
            raise FileFormatError("the file ends before its contents", file=self.path, place=f"word {at}, {what}",
                                  expected=f"{count} words", found=f"{max(self.count - at, 0)} words",
                                  remedy="the file is truncated, or no d3plot: let the run end, or copy it whole")

    def _shorter(self, at: int, what: str, expected: str, found: str) -> FileFormatError:
        return FileFormatError("the file has become shorter while it was read", file=self.path,
                               place=f"word {at}, {what}", expected=expected, found=found)
