"""NetCDF files, of which Exodus files are made: the classic formats (CDF-1, CDF-2, CDF-5) and NetCDF-4 (HDF5).

Source: The NetCDF classic format specification (docs.unidata.ucar.edu). The classic formats are read here and not by
the netCDF library, which gives zeros for what a file that was cut short no longer has; NetCDF-4 by h5py.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import NamedTuple, Self

import h5py
import numpy as np
from romlib_converters.common.hdf5 import checked_array, dataset_of
from romlib_converters.common.records import Cursor

from romlib.errors import FileFormatError, UnsupportedError
from romlib.files import regular_file
from romlib.words import plural

HDF5 = b"\x89HDF\r\n\x1a\n"
_DIMENSION, _VARIABLE, _ATTRIBUTE = 10, 11, 12
_TYPES = {1: "i1", 2: "S1", 3: ">i2", 4: ">i4", 5: ">f4", 6: ">f8", 7: "u1", 8: ">u2", 9: ">u4", 10: ">i8", 11: ">u8"}
_STREAMING = {4: 0xFFFFFFFF, 8: 0xFFFFFFFFFFFFFFFF}
_LONGEST_NAME, _MOST_ENTRIES = 1 << 12, 1 << 22
_AT_ONCE = 1 << 14  # values of a variable
_HEADER = 1 << 20  # bytes that are read first; a longer header is read on


class Netcdf(ABC):
    """An open NetCDF file; a context manager. dimensions : sizes by name."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.dimensions: dict[str, int] = {}

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether there is a variable of this name."""

    @abstractmethod
    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a variable; FileFormatError where there is none of this name."""

    @abstractmethod
    def dtype(self, name: str) -> np.dtype:
        """Type of a variable in the machine's byte order."""

    @abstractmethod
    def read(self, name: str, row: int | None = None) -> np.ndarray:
        """A variable, or one row of its first axis, in the machine's byte order."""

    def columns(self, names: Sequence[str], row: int | None, unwritten: float) -> np.ndarray:
        """Variables of one shape (n,), or one row of their first axis, as columns (n, k) of floating-point numbers.

        unwritten : values from this one on are NaN.
        """
        found = np.column_stack([self.read(name, row) for name in names]).astype(float, copy=False)
        _without(found, unwritten)
        return found

    @abstractmethod
    def attribute(self, variable: str, name: str) -> str:
        """A text beside a variable, empty where there is none."""

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_row(self, name: str, row: int | None) -> None:
        shape = self.shape(name)
        if row is not None and not (shape and row < shape[0]):
            raise FileFormatError("a variable has not the records that the times say", file=self.file, place=name,
                                  expected=f"record {row + 1}", found=plural(shape[0], "record") if shape else "none")

    def _missing(self, name: str) -> FileFormatError:
        return FileFormatError("the Exodus file lacks a variable", file=self.file, place=name, expected=name)


def open_netcdf(path: Path) -> Netcdf:
    """The NetCDF file of that name.

    Raises
    ------
    InputError : no such file. FileFormatError : another format, or a file that ends before what it says it has.
    """
    path = regular_file(path, "there is no such Exodus file")
    with open(path, "rb") as stream:
        start = stream.read(len(HDF5))
    if start == HDF5:
        return _Netcdf4(path)
    if start[:3] == b"CDF" and start[3:4] in (b"\1", b"\2", b"\5"):
        return _Classic(path)
    raise FileFormatError("this is no NetCDF file, and no Exodus file therefore", file=path,
                          expected="the beginning CDF or \\x89HDF", found=start or "an empty file")


class _Variable(NamedTuple):
    """Where a variable of a classic file is. record : whether its first axis is the unlimited dimension."""

    dtype: np.dtype
    shape: tuple[int, ...]
    begin: int
    record: bool
    attributes: dict[str, str]

    @property
    def n_value(self) -> int:
        """Values of the whole, or of a record."""
        return self.row if self.record else prod(self.shape)

    @property
    def row(self) -> int:
        """Values of a row of the first axis."""
        return prod(self.shape[1:])


class _Classic(Netcdf):
    """A file of the classic formats: a header, the fixed variables, then the records."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._size = path.stat().st_size
        header = _Header(path)
        self.dimensions, self._variables = header.dimensions, header.variables
        records = [v for v in self._variables.values() if v.record]
        self._record_size = sum(_padded(v) for v in records) if len(records) != 1 else (
            records[0].n_value * records[0].dtype.itemsize)
        n_record = header.n_record if header.n_record is not None else self._counted(records)
        for name in header.unlimited:
            self.dimensions[name] = n_record
        self._variables = {name: v._replace(shape=(n_record, *v.shape[1:])) if v.record else v
                           for name, v in self._variables.items()}
        self._check_size(n_record)
        self._check_places(header.length, n_record)
        self._stream = path.open("rb", buffering=0)

    def close(self) -> None:
        self._stream.close()

    def has(self, name: str) -> bool:
        return name in self._variables

    def shape(self, name: str) -> tuple[int, ...]:
        return self._variable(name).shape

    def dtype(self, name: str) -> np.dtype:
        return self._variable(name).dtype.newbyteorder("=")

    def read(self, name: str, row: int | None = None) -> np.ndarray:
        variable = self._variable(name)
        self._check_row(name, row)
        if row is not None:
            shape = variable.shape[1:]
            step = self._record_size if variable.record else prod(shape) * variable.dtype.itemsize
            return self._values(variable, variable.begin + row * step, shape)
        if not variable.record:
            return self._values(variable, variable.begin, variable.shape)
        rows = [self._values(variable, variable.begin + k * self._record_size, variable.shape[1:])
                for k in range(variable.shape[0])]
        return np.stack(rows) if rows else np.empty(variable.shape, variable.dtype.newbyteorder("="))

    def columns(self, names: Sequence[str], row: int | None, unwritten: float) -> np.ndarray:
        """Some thousand values of each variable at a time, which go into their column while the cache has them."""
        variables, begins = [self._variable(name) for name in names], []
        for name, one in zip(names, variables):
            self._check_row(name, row)
            begins.append(one.begin + (row or 0) * (self._record_size if one.record else one.row * one.dtype.itemsize))
        n = variables[0].shape[-1]
        found = np.empty((n, len(names)))
        buffers = [np.empty(min(n, _AT_ONCE), one.dtype) for one in variables]
        for first in range(0, n, _AT_ONCE):
            rows = found[first:first + _AT_ONCE]
            for column, (begin, buffer) in enumerate(zip(begins, buffers)):
                part = buffer[:len(rows)]
                self._stream.seek(begin + first * part.itemsize)
                if self._stream.readinto(part.view(np.uint8).data) != part.nbytes:
                    raise FileFormatError("the Exodus file was cut short while it was read", file=self.file,
                                          place=f"variable {names[column]}")
                rows[:, column] = part
            _without(rows, unwritten)
        return found

    def attribute(self, variable: str, name: str) -> str:
        return self._variable(variable).attributes.get(name, "")

    def _variable(self, name: str) -> _Variable:
        if name not in self._variables:
            raise self._missing(name)
        return self._variables[name]

    def _values(self, variable: _Variable, offset: int, shape: tuple[int, ...]) -> np.ndarray:
        self._stream.seek(offset)
        count = prod(shape)
        values = np.fromfile(self._stream, variable.dtype, count).reshape(shape)
        if variable.dtype.byteorder == ">" and sys.byteorder == "little":
            values.byteswap(inplace=True)
        return values.view(variable.dtype.newbyteorder("="))

    def _counted(self, records: list[_Variable]) -> int:
        """Records of a file that was written as a stream: those that are whole."""
        begin = min((v.begin for v in records), default=self._size)
        return max(0, (self._size - begin) // self._record_size) if self._record_size else 0

    def _check_size(self, n_record: int) -> None:
        for name, v in self._variables.items():
            if v.record and not n_record:
                continue
            rows = (n_record - 1) * self._record_size if v.record else 0
            end = v.begin + rows + v.n_value * v.dtype.itemsize
            if end > self._size:
                raise FileFormatError("the Exodus file ends before what it says it has: it was cut short, or is still "
                                      "being written", file=self.file, place=f"variable {name}",
                                      expected=f"at least {plural(end, 'byte')}", found=plural(self._size, "byte"))


    def _check_places(self, header: int, n_record: int) -> None:
        """A begin that is damaged names values of other variables: all have bytes of their own, those of a record
        one behind the other."""
        spans = sorted((v.record, v.begin, v.begin + (_padded(v) if v.record else v.n_value * v.dtype.itemsize), name)
                       for name, v in self._variables.items() if n_record or not v.record)
        records = [span for span in spans if span[0]]
        before, end = "the header", header
        for record, begin, stop, name in spans:
            if begin < end or (record and begin > end and name != records[0][3]):
                raise FileFormatError("the place of a variable is not free, or not behind that of the one before",
                                      file=self.file, place=f"variable {name}", found=f"byte {begin}",
                                      expected=f"byte {end}, where {before} ends")
            before, end = f"variable {name}", stop


def _without(values: np.ndarray, unwritten: float) -> None:
    """NaN for values from a number on."""
    if not values.max(initial=-np.inf) < unwritten:  # or NaN
        with np.errstate(invalid="ignore"):
            values[values >= unwritten] = np.nan


def _padded(variable: _Variable) -> int:
    return -(-variable.n_value * variable.dtype.itemsize // 4) * 4


class _Header:
    """The header of a classic file, of `length` bytes. n_record : None of a stream. unlimited : dimensions."""

    def __init__(self, path: Path) -> None:
        self._path, self._length = path, min(_HEADER, path.stat().st_size)
        while True:
            with open(path, "rb") as stream:
                data = stream.read(self._length)
            self._cursor = Cursor(data, path, "the header of the NetCDF file is not whole", "header")
            try:
                self._parse()
                return
            except FileFormatError:
                if self._length >= path.stat().st_size:
                    raise
                self._length *= 16

    def _parse(self) -> None:
        version = int(self._cursor.take("u1", 4)[3])
        self._wide = 8 if version == 5 else 4
        self._offset = 4 if version == 1 else 8
        n_record = self._number(self._wide)
        self.n_record = None if n_record == _STREAMING[self._wide] else n_record
        self.dimensions: dict[str, int] = {}
        sizes: list[int] = []
        self.unlimited: list[str] = []
        for _ in range(self._entries(_DIMENSION)):
            name, size = self._name(), self._number(self._wide)
            self.dimensions[name] = size
            sizes.append(size)
            self.unlimited += [name] if size == 0 else []
        for _ in range(self._entries(_ATTRIBUTE)):
            self._attribute()
        self.variables: dict[str, _Variable] = {}
        for _ in range(self._entries(_VARIABLE)):
            name, variable = self._variable(sizes)
            self.variables[name] = variable
        self.length = self._cursor.position

    def _variable(self, sizes: list[int]) -> tuple[str, _Variable]:
        name = self._name()
        n_axis = self._count(8, name)
        axes = [self._number(self._wide) for _ in range(n_axis)]
        if any(axis >= len(sizes) for axis in axes):
            raise self._wrong(f"variable {name}", f"dimensions below {len(sizes)}", axes)
        attributes = dict(self._attribute() for _ in range(self._entries(_ATTRIBUTE)))
        dtype = self._dtype(name)
        self._number(self._wide)  # its size in bytes, which follows from the dimensions and may be none in large files
        begin = self._number(self._offset)
        shape = tuple(sizes[axis] for axis in axes)
        record = bool(shape) and shape[0] == 0
        if any(size == 0 for size in shape[1:]):
            raise self._wrong(f"variable {name}", "the unlimited dimension first", shape)
        return name, _Variable(dtype, shape, begin, record, attributes)

    def _attribute(self) -> tuple[str, str]:
        name = self._name()
        dtype = self._dtype(name)
        count = self._count(_MOST_ENTRIES * 64, name)
        values = self._cursor.take(dtype, count)
        self._pad(count * dtype.itemsize)
        text = values.tobytes().split(b"\0")[0].decode("latin-1").strip() if dtype.kind == "S" else ""
        return name, text

    def _dtype(self, name: str) -> np.dtype:
        code = self._number(4)
        if code not in _TYPES:
            raise self._wrong(name, "a type from 1 to 11", code)
        return np.dtype(_TYPES[code])

    def _entries(self, tag: int) -> int:
        found, count = self._number(4), self._count(_MOST_ENTRIES, "a list")
        if found != tag and (found or count):
            raise self._wrong("a list of the header", f"the tag {tag}", found)
        return count

    def _count(self, most: int, place: str) -> int:
        count = self._number(self._wide)
        if count > most:
            raise self._wrong(place, f"at most {most}", count)
        return count

    def _name(self) -> str:
        length = self._count(_LONGEST_NAME, "a name")
        name = self._cursor.take("u1", length).tobytes().decode("latin-1")
        self._pad(length)
        return name

    def _number(self, width: int) -> int:
        return int(self._cursor.take(f">u{width}", 1)[0])

    def _pad(self, length: int) -> None:
        self._cursor.take("u1", -length % 4)

    def _wrong(self, place: str, expected: str, found: object) -> FileFormatError:
        return FileFormatError("the header of the NetCDF file is damaged", file=self._path, place=place,
                               expected=expected, found=found)


class _Netcdf4(Netcdf):
    """A NetCDF-4 file, which is HDF5: what lies in other files is not followed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self._content = h5py.File(path, "r")
            names = list(self._content)
            self._names = {name for name in names if self._content.get(name, getclass=True) is h5py.Dataset}
            self.dimensions = {name: int(self._content[name].shape[0]) for name in self._names
                               if self._content[name].shape and b"DIMENSION_SCALE" in bytes(
                                   np.bytes_(self._content[name].attrs.get("CLASS", b"")))}
        except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise FileFormatError("the NetCDF file cannot be read: it is damaged or incomplete", file=path,
                                  found=f"{type(error).__name__}: {error}") from error
        if not self._names:
            raise UnsupportedError("this HDF5 file is no Exodus file", file=path, expected="NetCDF variables",
                                   found=", ".join(names[:5]) or "nothing")

    def close(self) -> None:
        self._content.close()

    def has(self, name: str) -> bool:
        return name in self._names

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._dataset(name).shape)

    def dtype(self, name: str) -> np.dtype:
        return self._dataset(name).dtype.newbyteorder("=")

    def read(self, name: str, row: int | None = None) -> np.ndarray:
        self._check_row(name, row)
        return checked_array(self._dataset(name), self.file, row)

    def attribute(self, variable: str, name: str) -> str:
        found = self._dataset(variable).attrs.get(name, b"")
        text = found.decode("latin-1") if isinstance(found, bytes) else str(found)
        return text.split("\0")[0].strip()

    def _dataset(self, name: str) -> h5py.Dataset:
        if name not in self._names:
            raise self._missing(name)
        found = dataset_of(self._content, name, self.file)
        if found.shape is None:  # HDF5's array without values
            raise self._missing(name)
        return found
