"""Room on disk: how much there is, and one message for every way in which it can run out, or a write can fail."""

from __future__ import annotations

import contextlib
import errno
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from romlib.errors import InputError

_log = logging.getLogger("romlib.space")
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


def disk_full(error: OSError, file: Path, needed: float | None = None, written: Path | None = None) -> DiskFullError:
    """The error to raise for one that `is_full`.

    file : what was written; a folder stands for the files in it. needed : bytes that it needs, where that is known.
    written : what there is of it.
    """
    what, remedy = _WORDS[error.errno or errno.ENOSPC]
    folder = file if file.is_dir() else file.parent
    if error.errno == errno.EFBIG:
        limit = _limit_of_files()
        found = "the file system's own limit" if limit is None else f"a limit of {in_words(limit)}"
    elif error.errno == errno.EDQUOT:  # what the disk has free is not for this user
        found = f"room for {in_words(_occupied(written))} within the quota on the disk of {folder}"
    else:
        found = f"room for {in_words((free_bytes(folder) or 0) + _occupied(written))} on the disk of {folder}"
    return DiskFullError(what, file=file, expected=None if needed is None else f"room for about {in_words(needed)}",
                         found=found, remedy=remedy)


def cannot_write(error: OSError, file: Path, needed: float | None = None, written: Path | None = None) -> InputError:
    """The error to raise for one of the system in writing; arguments as in `disk_full`."""
    if is_full(error):
        return disk_full(error, file, needed, written)
    return InputError("the file cannot be written", file=file, found=error.strerror or str(error),
                      remedy="look whether the disk is in order and may be written to, or write to another disk")


def _limit_of_files() -> int | None:
    """The largest file that this process may write, in bytes; None where it has no limit of its own."""
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _occupied(path: Path | None) -> int:
    """Bytes on disk of a file, or of the files in a folder."""
    total = 0
    for each in () if path is None else path.iterdir() if path.is_dir() else (path,):
        with contextlib.suppress(OSError):
            found = each.stat()
            total += 512 * found.st_blocks if hasattr(found, "st_blocks") else found.st_size
    return total


@contextmanager
def writing(file: Path, needed: float | None = None, written: Path | None = None) -> Iterator[None]:
    """What is written inside, and nothing else: an error of the system becomes one that names `file`.

    Arguments: see `disk_full`.

    Raises
    ------
    DiskFullError : the disk is full. InputError : it is out of order, went away, or has become read-only.
    """
    try:
        yield
    except OSError as error:
        raise cannot_write(error, file, needed, written) from error


def require(file: Path, needed: float, what: str = "output", folder: Path | None = None) -> None:
    """Say (logger "romlib.space") what a file or folder will need, and refuse to begin where that is not there.

    needed : bytes. what : in words, such as "scratch". folder : whose disk; that of the file by default.

    Raises
    ------
    DiskFullError : less is free, or a file may not become as large (ulimit -f).
    """
    folder = file.parent if folder is None else folder
    free, limit = free_bytes(folder), _limit_of_files()
    _log.info("disk: about %s of %s%s", in_words(needed), what, free_in_words(free))
    if free is not None and needed > free:
        raise DiskFullError(f"there is not enough room on the disk for the {what}", file=file,
                            expected=f"room for about {in_words(needed)}", found=f"{in_words(free)} free in {folder}",
                            remedy=_WORDS[errno.ENOSPC][1])
    if what == "output" and limit is not None and needed > limit:
        raise DiskFullError(_WORDS[errno.EFBIG][0], file=file, expected=f"about {in_words(needed)}",
                            found=f"a limit of {in_words(limit)}", remedy=_WORDS[errno.EFBIG][1])


def free_bytes(folder: Path) -> int | None:
    """Room for files of this user on the disk of a folder; None where it cannot be told."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return usage.free if usage.total else None


def free_in_words(free: int | None) -> str:
    """The end of a line on the room on a disk; nothing where it cannot be told."""
    return "" if free is None else f"; {in_words(free)} free"


def in_words(n_bytes: float) -> str:
    """Bytes as disks are labelled: 3.2 GB are 3.2e9 bytes."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}" if unit == "bytes" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.2f} TB"
