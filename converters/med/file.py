"""A MED file as HDF5: opened, and its texts. Source: the data model of MED-file 3 and 4 (docs of the MED library)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from romlib_converters.common.hdf5 import checked_array, dataset_of, group_of
from romlib_converters.common.hdf5_walk import refuse_endless

from romlib.errors import FileFormatError, RomlibError
from romlib.files import regular_file

MESHES, FIELDS, PROFILES, GAUSS = "ENS_MAA", "CHA", "PROFILS", "GAUSS"
NO_PROFILE = "MED_NO_PROFILE_INTERNAL"


@contextmanager
def open_med(path: Path) -> Iterator[h5py.File]:
    """A MED file, open for reading.

    Raises
    ------
    InputError : no such file. FileFormatError : no HDF5, damaged, or without a mesh.
    """
    path = regular_file(path, "there is no such MED file")
    if h5py.is_hdf5(path):
        refuse_endless(path)
    try:
        with h5py.File(path, "r") as content:
            if MESHES not in content:
                raise FileFormatError("this HDF5 file is no MED file with a mesh", file=path,
                                      expected=f"the group {MESHES}", found=", ".join(list(content)[:8]) or "nothing")
            yield content
    except RomlibError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:  # what h5py raises
        raise FileFormatError("the MED file cannot be read: it is damaged, incomplete, or of another format", file=path,
                              found=f"{type(error).__name__}: {error}".rstrip(": ")) from error


def is_med(path: Path) -> bool:
    """Whether a file is HDF5 with the mesh group of a MED file; never raises."""
    try:
        if not h5py.is_hdf5(path):
            return False
        with h5py.File(path, "r") as content:
            return MESHES in content
    except (OSError, RuntimeError, ValueError):
        return False


def array(parent: h5py.Group, name: str, file: Path, kept: np.ndarray | None = None) -> np.ndarray:
    """The values of an array; FileFormatError where it is missing, or not in the file. kept : see `checked_array`."""
    return checked_array(dataset_of(parent, name, file), file, kept=kept)


def integer(group: h5py.Group | h5py.Dataset, name: str, file: Path) -> int:
    """An attribute that is a whole number."""
    value = group.attrs.get(name)
    if not np.issubdtype(np.asarray(value).dtype, np.integer) or np.size(value) != 1:
        raise FileFormatError("an attribute of the MED file is no whole number", file=file,
                              place=f"{group.name}, {name}", found=value)
    return int(np.ravel(np.asarray(value))[0])


def number(group: h5py.Group, name: str, file: Path) -> float:
    """An attribute that is a number."""
    value = np.asarray(group.attrs.get(name))
    if value.dtype.kind not in "iuf" or value.size != 1:
        raise FileFormatError("an attribute of the MED file is no number", file=file, place=f"{group.name}, {name}",
                              found=group.attrs.get(name))
    return float(value.ravel()[0])


def text(value: object) -> str:
    """A text of the file: bytes, or an array of small integers; up to the first zero, without spaces at the end."""
    if isinstance(value, np.ndarray):
        value = value.astype(np.uint8).tobytes() if value.dtype.kind in "iu" else value.tobytes()
    data = bytes(value) if isinstance(value, (bytes, np.bytes_)) else str("" if value is None else value).encode()
    return data.split(b"\0")[0].decode("utf-8", "replace").strip()


def words(value: object, width: int) -> list[str]:
    """Texts that stand one after another, each in so many characters."""
    whole = value if isinstance(value, (bytes, np.bytes_)) else str("" if value is None else value).encode()
    data = bytes(whole).rstrip(b"\0")
    return [text(data[k:k + width]) for k in range(0, len(data), width)]


def groups(parent: h5py.Group, file: Path) -> Iterator[tuple[str, h5py.Group]]:
    """The groups in a group, by name."""
    for name in parent:
        if parent.get(name, getclass=True) is h5py.Group:
            yield name, group_of(parent, name, file)


def positions(content: h5py.File, profile: str, count: int, file: Path) -> np.ndarray | slice:
    """(n,) which of `count` nodes or cells a profile has, from 0; a slice of all of them without one."""
    if not profile or profile == NO_PROFILE:
        return slice(0, count)
    found = array(group_of(group_of(content, PROFILES, file), profile, file), "PFL", file)
    if found.dtype.kind not in "iu" or found.ndim != 1:
        raise FileFormatError("a profile is no list of numbers", file=file, place=f"profile {profile}",
                              found=f"{found.dtype}, shape {found.shape}")
    found = found.astype(np.int64)
    if len(found) and (found.min() < 1 or found.max() > count or len(np.unique(found)) != len(found)):
        raise FileFormatError("a profile has a number that does not exist, or twice", file=file,
                              place=f"profile {profile}", expected=f"different numbers from 1 to {count}",
                              found=f"{found.min()} to {found.max()}")
    return found - 1
