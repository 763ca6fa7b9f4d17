"""A first walk through an HDF5 file of other people, in a process of its own.

A damaged byte of an attribute can make the HDF5 library loop without end, where no signal from the keyboard reaches it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import h5py
from romlib_converters.common.child import in_child

_SECONDS, _BYTES_PER_SECOND = 20.0, 1e7  # what the walk may take, and more for a large file: it reads no array


def refuse_endless(file: Path) -> None:
    """Look at all groups and attributes of a file once, with a limit of time.

    Raises
    ------
    FileFormatError : the library does not come to an end, or crashes.
    """
    seconds = _SECONDS + file.stat().st_size / _BYTES_PER_SECOND
    with in_child(f"{__name__}:walk", file, reader="the HDF5 library", seconds=seconds):
        pass


def walk(file: Path) -> Iterator[tuple[str, int]]:
    """How many groups, arrays and attributes there are. What cannot be read is left to the reader of the format."""
    found = {"groups": 0, "arrays": 0, "attributes": 0}

    def look(one: h5py.Group | h5py.Dataset) -> None:
        found["groups" if isinstance(one, h5py.Group) else "arrays"] += 1
        for name in one.attrs:
            with contextlib.suppress(Exception):
                one.attrs[name]
            found["attributes"] += 1

    with contextlib.suppress(Exception), h5py.File(file, "r") as content:
        look(content)
        content.visititems(lambda _, one: look(one))
    yield from found.items()
