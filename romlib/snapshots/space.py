"""Room on disk: how much there is, and one message for every way in which it can run out."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from romlib.errors import InputError

_WORDS = {
    errno.ENOSPC: ("the disk is full", "free some room, or write to another disk"),
    errno.EDQUOT: ("the quota on the disk is used up", "remove files of your own, or write to another disk"),
    errno.EFBIG: ("a file may not become as large as this", "raise the limit (ulimit -f), or write to another disk"),
}


class DiskFullError(InputError):
    """There is, or will be, no room for a file."""


def is_full(error: BaseException | None) -> bool:
    """Whether the system refused to write for want of room."""
    return isinstance(error, OSError) and error.errno in _WORDS


def disk_full(error: OSError, file: Path, needed: float | None = None, folder: Path | None = None) -> DiskFullError:
    """The error to raise for one that `is_full`.

    needed : bytes that the whole file needs, where that is known. folder : the disk's, by default that of the file.
    """
    what, remedy = _WORDS[error.errno or errno.ENOSPC]
    return DiskFullError(what, file=file, expected=None if needed is None else f"about {in_words(needed)} in all",
                         found=f"{in_words(free_bytes(folder or file.parent))} free after what was written of it "
                               "has been removed", remedy=remedy)


@contextmanager
def room_for(file: Path, needed: float | None = None, folder: Path | None = None) -> Iterator[None]:
    """What is written inside; a full disk becomes a DiskFullError that names `file`."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise disk_full(error, file, needed, folder) from error


def free_bytes(folder: Path) -> int:
    """Room for files of this user on the disk of a folder; 0 where it cannot be told."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def in_words(n_bytes: float) -> str:
    """Bytes as disks are labelled: 3.2 GB are 3.2e9 bytes."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}" if unit in ("bytes", "kB") else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.2f} TB"
