"""Groups and arrays of HDF5 files of other people: nothing outside is followed, nothing unpacks without end."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from romlib.errors import FileFormatError
from romlib.words import plural

_LARGEST = 1 << 33  # bytes of one array
_PACKED = 1100  # gzip packs zeros to no less than a part of 1032


def group_of(parent: h5py.Group, name: str, file: Path) -> h5py.Group:
    """The group of that name; FileFormatError where there is none, or it is a link that leads elsewhere."""
    found = _linked(parent, name)
    if not isinstance(found, h5py.Group):
        raise _missing(parent, name, file)
    return found


def dataset_of(parent: h5py.Group, name: str, file: Path) -> h5py.Dataset:
    """The array of that name, unread; FileFormatError where there is none, or its values are in another file."""
    found = _linked(parent, name)
    if not isinstance(found, h5py.Dataset):
        raise _missing(parent, name, file)
    if found.is_virtual or found.external:
        raise FileFormatError("the values of an array are in another file", file=file, place=found.name)
    return found


def checked_array(
    found: h5py.Dataset, file: Path, row: int | None = None, kept: np.ndarray | None = None
) -> np.ndarray:
    """The values of an array, or a row of its first axis, in the machine's byte order.

    kept : an array that is filled, where the one in the file is like it: memory that was in use before is faster.

    Raises
    ------
    FileFormatError : an array that unpacks to more than anything could have been packed from, or that is damaged.
    """
    stored = found.id.get_storage_size()
    if found.nbytes > min(_LARGEST * max(1, len(found) if found.shape else 1), _PACKED * stored + (1 << 20)):
        raise FileFormatError("an array is not in the file, or only a part of it", file=file, place=found.name,
                              expected=plural(found.nbytes, "byte"), found=f"{stored} stored")
    if found.dtype.base.kind not in "iufSb":
        raise FileFormatError("an array has an unknown type", file=file, place=found.name, found=found.dtype)
    try:
        if row is None and kept is not None and (kept.shape, kept.dtype) == (found.shape, found.dtype):
            found.read_direct(kept)
            return kept
        values = found[()] if row is None else found[row]
    except (OSError, RuntimeError, ValueError, MemoryError) as error:
        raise FileFormatError("an array cannot be read: the file is damaged", file=file, place=found.name,
                              found=f"{type(error).__name__}: {error}") from error
    return np.asarray(values, dtype=values.dtype.newbyteorder("=")) if values.dtype.kind in "iuf" else values


def _linked(parent: h5py.Group, name: str) -> object:
    """What a path of hard links leads to; None where there is nothing, or a link of another kind."""
    found: object = parent
    for part in name.split("/"):
        if not isinstance(found, h5py.Group) or not isinstance(found.get(part, getlink=True, default=None),
                                                               h5py.HardLink):
            return None
        found = found.get(part)
    return found


def _missing(parent: h5py.Group, name: str, file: Path) -> FileFormatError:
    return FileFormatError("a part of the file is missing", file=file, place=f"{parent.name.rstrip('/')}/{name}")
