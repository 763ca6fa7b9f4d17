"""An HDF5 file for writing that survives a full disk.

HDF5 cannot: after a failed write it keeps what it could not store, tries again when the interpreter exits, and ends it
with a segmentation fault. So it writes here into a stream that never fails in HDF5's eyes: what the system refuses is
kept in memory, read back from there, and raised by `check`, which whoever writes calls after every portion.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py

from romlib.snapshots.space import cannot_write, writing
from romlib.storage.headers import LIBVER


class Hdf5Output:
    """A new HDF5 file over an existing path; a context manager.

    file : to write into. At an exit with an error, what HDF5 has not written yet is dropped.

    Parameters
    ----------
    target : the name that the file will have, for messages. needed : bytes of the whole file, where that is known.

    Raises
    ------
    DiskFullError, InputError : from `check`, and at a clean exit, for the first error that the system had in writing.
    """

    def __init__(self, path: str | Path, target: str | Path | None = None, needed: float | None = None) -> None:
        self._path, self._target, self.needed = Path(path), Path(path if target is None else target), needed
        with writing(self._target, needed, self._path):
            self._stream = _Stream(path)
        try:
            self.file = h5py.File(self._stream, "w", libver=LIBVER)
        except BaseException:
            self._stream.close()
            raise

    def check(self) -> None:
        """Raise the first error of writing, if there was one."""
        error = self._stream.error
        if isinstance(error, OSError):
            raise cannot_write(error, self._target, self.needed, self._path) from error
        if error is not None:
            raise error

    def flush(self) -> None:
        """Write what HDF5 has in its memory; raise as `check` does."""
        self.file.flush()
        self.check()

    def close(self, keep: bool = True) -> None:
        """Close the file. keep : write what is still in HDF5's memory."""
        try:
            if not keep:
                self._stream.drop = True
            if self.file:
                self.file.close()
        finally:
            self._stream.close()
        if keep:
            self.check()

    def __enter__(self) -> Hdf5Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(keep=error is None)


class _Stream(io.RawIOBase):
    """What HDF5 takes for its file. Nothing here may raise: HDF5 has no way to undo a write that failed."""

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self._descriptor = os.open(path, os.O_RDWR | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0))
        self._position = 0
        self._kept: list[tuple[int, bytes]] = []  # in the order of writing
        self.error: BaseException | None = None  # the first
        self.drop = False

    def write(self, data: Any, /) -> int:
        view, done = memoryview(data).cast("B"), 0
        start, n = self._position, len(view)
        try:
            while done < n and self.error is None and not self.drop:
                done += os.pwrite(self._descriptor, view[done:], start + done)
        except BaseException as error:  # an interrupt, too, has to wait until HDF5 is done
            self.error = error
        if done < n:
            self._kept.append((start, bytes(view)))
        self._position = start + n
        return n

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        start, n, found = self._position, len(view), 0
        try:
            while found < n:
                got = os.preadv(self._descriptor, [view[found:]], start + found)
                if not got:
                    break
                found += got
        except BaseException as error:
            self.error = self.error or error
        view[found:] = bytes(n - found)
        for begin, data in self._kept:
            first, last = max(begin, start), min(begin + len(data), start + n)
            if first < last:
                view[first - start:last - start] = data[first - begin:last - begin]
        self._position = start + n
        return n

    def truncate(self, size: int | None = None, /) -> int:
        size = self._position if size is None else size
        try:
            if self.error is None and not self.drop:
                os.ftruncate(self._descriptor, size)
        except BaseException as error:
            self.error = error
        return size

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = (0, self._position, self._size())[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._descriptor)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def _size(self) -> int:
        return max([os.fstat(self._descriptor).st_size, *(begin + len(data) for begin, data in self._kept)])
