"""HDF5 files that romlib writes whole or not at all, and opens only when it knows their schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from romlib.errors import FileFormatError, SchemaError
from romlib.files import regular_file
from romlib.snapshots.atomic import atomic_target
from romlib.snapshots.hdf5_output import Hdf5Output

OLDEST_SCHEMA = 1
SCHEMA = 1


class PartialFile:
    """An HDF5 file under a temporary name that takes its final name when it is complete.

    kind : "rom" or "fields", written to the file with the schema version and the fingerprint.
    """

    def __init__(self, path: str | Path, kind: str, fingerprint: str) -> None:
        self.path = Path(path)
        self._stack = ExitStack()
        temporary = self._stack.enter_context(atomic_target(self.path))
        with self._stack:  # an error below removes the temporary file
            self._output = self._stack.enter_context(Hdf5Output(temporary))
            self._describe(kind, fingerprint)
            self._stack = self._stack.pop_all()

    def _describe(self, kind: str, fingerprint: str) -> None:
        self.file = self._output.file
        self.file.attrs["romlib_kind"] = kind
        self.file.attrs["schema"] = SCHEMA
        self.file.attrs["fingerprint"] = fingerprint

    def check(self) -> None:
        """Raise the OSError of a full disk, if what was written so far met one."""
        self._output.check()

    def __enter__(self) -> h5py.File:
        return self.file

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the complete file its final name; after an error, remove what was written."""
        self._stack.__exit__(kind, error, trace)


def open_file(path: str | Path, kind: str) -> h5py.File:
    """Open a file of one kind for reading.

    Raises
    ------
    InputError : there is no such file.
    FileFormatError : it is truncated, not HDF5, or not of this kind.
    SchemaError : another schema version.
    """
    path = regular_file(path, "the file does not exist")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise FileFormatError(f"the file is truncated or not an HDF5 file ({error})", file=path,
                              remedy="write it again by romlib offline, or copy it again") from None
    try:
        _check_kind(file, kind, path)
    except BaseException:
        file.close()
        raise
    return file


def _check_kind(file: h5py.File, kind: str, path: Path) -> None:
    found = file.attrs.get("romlib_kind")
    if found != kind:
        other = " (a snapshots file?)" if "VTKHDF" in file else ""
        raise FileFormatError(f"the file is not a ROM archive of this kind{other}", file=path,
                              expected=f"romlib_kind = {kind!r}", found=found,
                              remedy="name the .rom file; its .fields.rom is found beside it")
    schema = int(file.attrs["schema"])
    if not OLDEST_SCHEMA <= schema <= SCHEMA:
        newer = schema > SCHEMA
        raise SchemaError(
            f"the file was written by {'a newer' if newer else 'an older'} version of romlib", file=path,
            place="attribute schema", expected=f"schema {OLDEST_SCHEMA} to {SCHEMA}", found=f"schema {schema}",
            remedy="update romlib" if newer else "write the file again with romlib offline")


@contextmanager
def contents_of(path: str | Path) -> Iterator[None]:
    """Turn what h5py, json and pydantic raise on a damaged file into a FileFormatError that names the file."""
    try:
        yield
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise FileFormatError(f"the contents of the file cannot be read ({type(error).__name__}: {error})", file=path,
                              remedy="write it again by romlib offline, or copy it again") from error


def write_json(group: h5py.Group, name: str, value: Any) -> None:
    """Keep a plain value as JSON text (a dataset: attributes are limited to 64 KiB)."""
    group.create_dataset(name, data=json.dumps(value, allow_nan=True), dtype=h5py.string_dtype())


def read_json(group: h5py.Group, name: str) -> Any:
    """The value that `write_json` kept."""
    return json.loads(group[name].asstr()[()])


def read_array(group: h5py.Group, name: str, dtype: type | str = float) -> np.ndarray:
    """A dataset as a contiguous array."""
    return np.ascontiguousarray(group[name][()], dtype=dtype)
