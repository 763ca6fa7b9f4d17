"""Writing of NetCDF classic files with 64-bit offsets, record by record: what Exodus files are stored in.

Source: The NetCDF classic format specification (docs.unidata.ucar.edu): a header, the fixed variables, then the
records, of which each has its part of every variable with the unlimited dimension. All numbers are big endian. No
library is needed, and the memory is that of one variable.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from romlib.errors import InputError

_DIMENSION, _VARIABLE, _ATTRIBUTE = 10, 11, 12
_CODE = {"S1": 2, "i4": 4, "f4": 5, "f8": 6}
_MOST = 2**32 - 4  # bytes of a variable, or of its part of a record


@dataclass(frozen=True)
class Variable:
    """kind : "S1", "i4", "f4" or "f8". dimensions : names, the unlimited one first. attributes : by name."""

    name: str
    kind: str
    dimensions: tuple[str, ...]
    attributes: Mapping[str, object]

    @property
    def dtype(self) -> np.dtype:
        """As stored."""
        return np.dtype(f">{self.kind}" if self.kind != "S1" else "S1")


class NetcdfWriter:
    """A file that is written once, in the order: fixed variables, records. A context manager.

    Parameters
    ----------
    dimensions : by name; None: the unlimited one. n_record : how many records there will be.

    Raises
    ------
    InputError : a variable is too large for the format.
    """

    def __init__(
        self, path: Path, dimensions: Mapping[str, int | None], attributes: Mapping[str, object],
        variables: Sequence[Variable], n_record: int, target: Path,
    ) -> None:
        self._sizes, self._n_record = dict(dimensions), n_record
        self._variables = {variable.name: variable for variable in variables}
        header = self._header(attributes, dict.fromkeys(self._variables, 0))
        place, begins = len(header), dict[str, int]()
        fixed = [variable for variable in variables if not self._is_record(variable)]
        for variable in [*fixed, *(v for v in variables if self._is_record(v))]:
            if self._bytes(variable) > _MOST:
                raise InputError("an array is too large for an Exodus file", file=target, place=variable.name,
                                 expected="less than 4 GiB", found=f"{self._bytes(variable) / 2**30:.1f} GiB",
                                 remedy="export fewer fields, or another format")
            begins[variable.name] = place
            place += self._padded(variable)
        self._begins = begins
        self._record_size = sum(self._padded(v) for v in variables if self._is_record(v))
        self._file = path.open("wb")
        self._file.write(self._header(attributes, begins))

    def write(self, name: str, values: np.ndarray, record: int = 0) -> None:
        """Write a fixed variable, or its part of a record."""
        variable = self._variables[name]
        data = np.ascontiguousarray(values, dtype=variable.dtype).tobytes()
        if len(data) != self._bytes(variable):
            raise ValueError(f"{name}: {len(data)} bytes, expected {self._bytes(variable)}")
        self._file.seek(self._begins[name] + record * self._record_size)
        self._file.write(data + bytes(self._padded(variable) - len(data)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _is_record(self, variable: Variable) -> bool:
        return bool(variable.dimensions) and self._sizes[variable.dimensions[0]] is None

    def _bytes(self, variable: Variable) -> int:
        """Of a fixed variable, or of its part of a record."""
        size = variable.dtype.itemsize
        for name in variable.dimensions:
            size *= 1 if (n := self._sizes[name]) is None else n
        return size

    def _padded(self, variable: Variable) -> int:
        return -(-self._bytes(variable) // 4) * 4

    def _header(self, attributes: Mapping[str, object], begins: Mapping[str, int]) -> bytes:
        parts = [b"CDF\x02", struct.pack(">i", self._n_record), _list(_DIMENSION, [
            _name(name) + struct.pack(">i", size or 0) for name, size in self._sizes.items()]), _attributes(attributes)]
        numbers = {name: k for k, name in enumerate(self._sizes)}
        parts.append(_list(_VARIABLE, [
            _name(variable.name) + struct.pack(f">i{len(variable.dimensions)}i", len(variable.dimensions),
                                               *(numbers[name] for name in variable.dimensions))
            + _attributes(variable.attributes)
            + struct.pack(">iIq", _CODE[variable.kind], self._padded(variable), begins[variable.name])
            for variable in self._variables.values()]))
        return b"".join(parts)


def _list(tag: int, entries: Sequence[bytes]) -> bytes:
    return struct.pack(">ii", tag if entries else 0, len(entries)) + b"".join(entries)


def _name(name: str) -> bytes:
    data = name.encode()
    return struct.pack(">i", len(data)) + data + bytes(-len(data) % 4)


def _attributes(attributes: Mapping[str, object]) -> bytes:
    entries = []
    for name, value in attributes.items():
        if isinstance(value, str):
            code, n, data = _CODE["S1"], len(value.encode()), value.encode()
        else:
            array = np.atleast_1d(np.asarray(value))
            kind = "f4" if array.dtype.kind == "f" else "i4"
            code, n, data = _CODE[kind], len(array), array.astype(f">{kind}").tobytes()
        entries.append(_name(name) + struct.pack(">ii", code, n) + data + bytes(-len(data) % 4))
    return _list(_ATTRIBUTE, entries)
