"""Arrays of a rank that do not fit into memory: a folder of plain files that goes when the training ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import numpy as np

from romlib.errors import InputError
from romlib.snapshots.leftovers import discard, remember, remove_leftovers, temporary_path
from romlib.snapshots.space import disk_full, is_full, writing

_NAME = "romlib-scratch"


class Scratch:
    """Arrays of this rank on disk, growing along their first axis; gone when it closes.

    Plain binary files: reading a block of rows is one read, twice as fast as from HDF5, whose rows are chunks.

    Parameters
    ----------
    place : folder in which the scratch folder is made. What a training that was killed has left there is removed.

    needed : bytes that it will take, once that is known; for the message when the disk is full.

    Raises
    ------
    InputError : no folder can be made there. DiskFullError : there is no room any more.
    """

    def __init__(self, place: Path) -> None:
        self._arrays: dict[str, tuple[Path, tuple[int, ...], int]] = {}  # file, shape of a row, number of rows
        self.needed: float | None = None
        self._n_made = 0  # files, those that were removed included
        remove_leftovers(place, _NAME)
        self.folder = temporary_path(place, _NAME)
        remember(self.folder)
        try:
            self.folder.mkdir(mode=0o700)
        except OSError as error:
            if is_full(error):
                raise disk_full(error, place) from error
            raise InputError("the folder for scratch files cannot be written to", file=place, found=error.strerror,
                             remedy="give another folder (romlib offline --scratch FOLDER)") from error

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        discard(self.folder)

    def append(self, name: str, block: np.ndarray) -> None:
        """Add (n, ...) at the end of the array `name`."""
        if name not in self._arrays:
            self._arrays[name] = self.folder / str(self._n_made), block.shape[1:], 0
            self._n_made += 1
        path, row, n = self._arrays[name]
        if row != block.shape[1:]:
            raise ValueError(f"rows of {name} have shape {row}, not {block.shape[1:]}")
        with writing(self.folder.parent, self.needed, self.folder), open(path, "ab") as file:
            file.write(np.ascontiguousarray(block, dtype=float).reshape(-1).data)
        self._arrays[name] = path, row, n + len(block)

    def read(self, name: str, rows: slice) -> np.ndarray:
        """A contiguous range of rows."""
        path, row, n = self._arrays[name]
        start, stop, _ = rows.indices(n)
        size = int(np.prod(row))
        values = np.fromfile(path, dtype=float, count=max(stop - start, 0) * size, offset=8 * start * size)
        return values.reshape(-1, *row) if size else np.zeros((max(stop - start, 0), *row))

    def length(self, name: str) -> int:
        """Number of rows; zero for an array that was never written."""
        return self._arrays[name][2] if name in self._arrays else 0

    def forget(self, chosen: Callable[[str], bool]) -> None:
        """Remove the arrays of these names."""
        for name in [name for name in self._arrays if chosen(name)]:
            self._arrays.pop(name)[0].unlink(missing_ok=True)

    def size(self) -> int:
        """Bytes that were written."""
        return sum(8 * n * int(np.prod(row)) for _, row, n in self._arrays.values())
