"""VTK's legacy files (.vtk): unstructured grids as text or binary, of versions 1 to 5.

Source: VTK File Formats (docs.vtk.org): keywords with counts, each followed by its numbers; binary ones are big-endian.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from numba import njit
from romlib_converters.common.reading import reading
from romlib_converters.common.records import refuse_underscores
from romlib_converters.meshio.series import plain
from romlib_converters.meshio.vtu import Content, blocks_of

from romlib.errors import FileFormatError, UnsupportedError
from romlib.words import plural

MAGIC = b"# vtk DataFile Version"
_TYPES = {"char": "i1", "unsigned_char": "u1", "short": "i2", "unsigned_short": "u2", "int": "i4", "unsigned_int": "u4",
          "long": "i8", "unsigned_long": "u8", "long_long": "i8", "float": "f4", "double": "f8",
          "vtkidtype": "i4", "vtktypeint32": "i4", "vtktypeuint32": "u4", "vtktypeint64": "i8", "vtktypeuint64": "u8",
          "vtktypeint8": "i1", "vtktypeuint8": "u1", "vtktypeint16": "i2", "vtktypeuint16": "u2"}
_DATASET = re.compile(rb"^\s*DATASET\s+UNSTRUCTURED_GRID\b", re.IGNORECASE | re.MULTILINE)
_HEADER = 4096  # bytes with the three lines before it
_WIDTHS = (8, 4, 2, 1)  # bytes of the length of a text in binary files, by its first two bits
# Kinds of arrays with their number of components.
_ARRAYS = {"VECTORS": 3, "NORMALS": 3, "TENSORS": 9, "TENSORS6": 6, "GLOBAL_IDS": 1, "PEDIGREE_IDS": 1}


def is_unstructured(file: Path) -> bool:
    """Whether a legacy file has an unstructured grid; other kinds of data sets are not read here."""
    with open(file, "rb") as stream:
        head = stream.read(_HEADER)
    return head.startswith(MAGIC) and _DATASET.search(head) is not None


def read_legacy(file: Path) -> Content:
    """A legacy file with an unstructured grid.

    Raises
    ------
    FileFormatError : damaged, or cut short. UnsupportedError : another kind of data set, an array that is not known.
    """
    with reading(file):
        return _Reader(file).content()


@njit(cache=True)
def _marks(flat: np.ndarray, count: int) -> np.ndarray:
    """(count,) where the number of nodes of each cell stands, which follows from the cell before; -1: nowhere."""
    found = np.full(count, -1)
    at = 0
    for cell in range(count):
        if at >= len(flat) or flat[at] <= 0 or flat[at] > len(flat) - at - 1:
            break
        found[cell] = at
        at += flat[at] + 1
    return found


class _Reader:
    """A place in the bytes of a file, which moves on with what is read."""

    def __init__(self, file: Path) -> None:
        self._file, self._data, self._at = file, file.read_bytes(), 0
        header = [self._line() for _ in range(3)]
        if not header[0].startswith(MAGIC.decode()):
            raise FileFormatError("this is no legacy file of VTK", file=file, expected=MAGIC.decode(),
                                  found=header[0][:40])
        if header[2].strip().upper() not in ("ASCII", "BINARY"):
            raise FileFormatError("a legacy file says whether it is text or binary", file=file, place="line 3",
                                  expected="ASCII or BINARY", found=header[2][:40])
        self._binary = header[2].strip().upper() == "BINARY"
        self._points = np.empty((0, 3))
        self._widths = self._types = np.empty(0, np.int64)
        self._nodes = np.empty(0, np.int64)
        self._arrays: dict[str, dict[str, np.ndarray]] = {"POINT_DATA": {}, "CELL_DATA": {}, "": {}}
        self._counts = {"": 0}

    def content(self) -> Content:
        """All of the file."""
        of = ""
        while (line := self._next_line()) is not None:
            words = line.split()
            key = words[0].upper()
            if key == "DATASET":
                self._require(words[1:2], ["UNSTRUCTURED_GRID"])
            elif key == "POINTS":
                self._points = self._numbers(words[2], 3 * self._count(words[1])).reshape(-1, 3).astype(float)
            elif key == "CELLS":
                self._cells(self._count(words[1]), self._count(words[2]))
            elif key == "CELL_TYPES":
                self._types = self._numbers("int", self._count(words[1])).astype(np.int64)
            elif key in ("POINT_DATA", "CELL_DATA"):
                of = key
                self._counts[of] = self._count(words[1])
            elif key == "METADATA":
                while self._line().strip():
                    pass
            else:
                self._array(key, words, of)
        if len(self._types) != len(self._widths):
            raise FileFormatError("the cells have not as many types", file=self._file, expected=len(self._widths),
                                  found=len(self._types))
        for name, n in (("POINT_DATA", len(self._points)), ("CELL_DATA", len(self._types))):
            if self._counts.get(name, n) != n:
                raise FileFormatError("arrays have another length than the mesh", file=self._file, place=name,
                                      expected=n, found=self._counts[name])
        cells = blocks_of(self._nodes, np.cumsum(self._widths), self._types, self._file, "CELLS")
        return Content(self._points, cells, self._arrays["POINT_DATA"], self._arrays["CELL_DATA"], self._arrays[""], 1)

    def _cells(self, count: int, size: int) -> None:
        """Before version 5: the number of nodes before those of each cell; since then, offsets and connectivity."""
        start = self._at
        line = (self._next_line() or "").split()
        if line[:1] == ["OFFSETS"]:
            offsets = self._numbers(line[1], count).astype(np.int64)
            self._widths = np.diff(offsets)
            line = (self._next_line() or "").split()
            self._require(line[:1], ["CONNECTIVITY"])
            self._nodes = self._numbers(line[1], size).astype(np.int64)
        else:
            self._at = start
            flat = self._numbers("int", size).astype(np.int64)
            if count > size:
                raise FileFormatError("there are more cells than numbers of nodes", file=self._file, place="CELLS",
                                      expected=f"at most {size}", found=count)
            marks = _marks(flat, count)
            wrong = np.flatnonzero(marks < 0)
            if len(wrong):
                raise FileFormatError("a cell has a wrong number of nodes", file=self._file, place=f"cell {wrong[0]}")
            self._widths = flat[marks]
            self._nodes = np.delete(flat, marks)
        if (self._widths < 0).any() or self._widths.sum() != len(self._nodes):
            raise FileFormatError("the cells have another number of nodes than the file says", file=self._file,
                                  place="CELLS", expected=len(self._nodes), found=int(self._widths.sum()))

    def _array(self, key: str, words: list[str], of: str) -> None:
        n = self._counts.get(of, 0)
        if key == "FIELD":
            for _ in range(self._count(words[2])):
                one = (self._next_line() or "").split()
                if one[:1] == ["METADATA"]:
                    while self._line().strip():
                        pass
                    one = (self._next_line() or "").split()
                name, n_comp, count, kind = one[0], self._count(one[1]), self._count(one[2]), one[3]
                if kind.lower() == "string":
                    self._skip_strings(n_comp * count)
                    continue
                self._keep(of, name, self._numbers(kind, n_comp * count).reshape(count, n_comp))
        elif key == "SCALARS":
            n_comp = self._count(words[3]) if len(words) > 3 else 1
            table = self._at
            line = (self._next_line() or "").split()
            if line[:1] != ["LOOKUP_TABLE"]:
                self._at = table
            self._keep(of, words[1], self._numbers(words[2], n * n_comp).reshape(n, n_comp))
        elif key == "LOOKUP_TABLE":
            self._numbers("unsigned_char", 4 * self._count(words[2])) if self._binary else self._numbers(
                "float", 4 * self._count(words[2]))
        elif key == "COLOR_SCALARS":
            self._numbers("unsigned_char" if self._binary else "float", n * self._count(words[2]))
        elif key == "TEXTURE_COORDINATES":
            self._numbers(words[3], n * self._count(words[2]))
        elif key in _ARRAYS:
            self._keep(of, words[1], self._numbers(words[2], n * _ARRAYS[key]).reshape(n, _ARRAYS[key]))
        else:
            raise UnsupportedError("a keyword of this legacy file is not known", file=self._file,
                                   place=f"byte {self._at}", found=key[:40], remedy="save the file as .vtu")

    def _skip_strings(self, n: int) -> None:
        """Texts, one a line; in binary files behind their lengths, whose first two bits say how long they are."""
        if n > len(self._data):
            raise self._ends(n, "string")
        for _ in range(n):
            if not self._binary:
                if self._at >= len(self._data):
                    raise self._ends(n, "string")
                self._line()
                continue
            head = self._data[self._at:self._at + 1]
            width = _WIDTHS[head[0] >> 6] if head else 1
            length = int.from_bytes(self._data[self._at:self._at + width], "big") & (1 << (8 * width - 2)) - 1
            if self._at + width + length > len(self._data):
                raise self._ends(n, "string")
            self._at += width + length

    def _keep(self, of: str, name: str, values: np.ndarray) -> None:
        self._arrays[of][unquote(name)] = plain(values)

    def _numbers(self, kind: str, n: int) -> np.ndarray:
        dtype = _TYPES.get(kind.lower())
        if dtype is None:
            raise UnsupportedError("an array has an unknown type", file=self._file, found=kind,
                                   expected=", ".join(_TYPES))
        if self._binary:
            end = self._at + n * np.dtype(dtype).itemsize
            if end > len(self._data):
                raise self._ends(n, kind)
            values = np.frombuffer(self._data, f">{dtype}", n, self._at)
            self._at = end
            return values
        if n > len(self._data):
            raise self._ends(n, kind)
        *words, rest = self._data[self._at:].split(None, n) if n else [self._data[self._at:]]
        if len(words) < n:
            words, rest = [*words, rest], b""
        if len(words) < n:
            raise self._ends(n, kind)
        start, self._at = self._at, len(self._data) - len(rest)
        refuse_underscores(self._data[start:self._at], self._file, f"byte {start}")
        return np.array(words, dtype=f"S{max(map(len, words), default=1)}").astype(
            float if dtype[0] == "f" else np.int64).astype(dtype)

    def _ends(self, n: int, kind: str) -> FileFormatError:
        return FileFormatError("the file ends before its numbers do", file=self._file, place=f"byte {self._at}",
                               expected=f"{plural(n, 'number')} {kind}",
                               found=plural(len(self._data) - self._at, "byte"))

    def _line(self) -> str:
        end = self._data.find(b"\n", self._at)
        end = len(self._data) if end < 0 else end
        line, self._at = self._data[self._at:end], end + 1
        return line[:4096].decode("latin-1")

    def _next_line(self) -> str | None:
        """The next line with something on it; None at the end."""
        while self._at < len(self._data):
            line = self._line()
            if line.strip():
                return line
        return None

    def _count(self, word: str) -> int:
        if not (word.isascii() and word.isdigit() and len(word) < 19):
            raise FileFormatError("a count is no whole number", file=self._file, place=f"byte {self._at}",
                                  found=word[:40])
        return int(word)

    def _require(self, found: list[str], expected: list[str]) -> None:
        if [one.upper() for one in found] != expected:
            raise UnsupportedError("another kind of data set", file=self._file, expected=" ".join(expected),
                                   found=" ".join(found) or "nothing")
