"""Atomic writing: a file appears under its name complete, or not at all; several files, one right after the other."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from romlib.errors import InputError
from romlib.snapshots.leftovers import discard, forget, remember, remove_leftovers, temporary_path
from romlib.snapshots.space import disk_full, is_full, writing

_KINDS = ((stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"), (stat.S_ISFIFO, "a pipe (FIFO)"),
          (stat.S_ISSOCK, "a socket"))


@contextmanager
def atomic_targets(*targets: str | Path) -> Iterator[tuple[Path, ...]]:
    """Give temporary paths in the folders of the targets; at a clean exit all are synced, then renamed in this order.

    The last one is the commit point: name the file last that says which others belong to it. An exception removes the
    temporary files and leaves existing targets as they were. A target that is a symbolic link stays one: the file that
    it points to is written. An existing file keeps its permissions, and other hard links to it keep its old content.
    What a killed run left of the temporary files of these targets is removed first: see `romlib.snapshots.leftovers`.

    Raises
    ------
    InputError : a folder does not exist or cannot be written to; a target is a folder, a device, a pipe or a socket,
        a link to itself, write-protected, or given twice. DiskFullError : there is no room.
    """
    places = [_Place(Path(target)) for target in targets]
    _refuse_twice(places)
    for place in places:
        remove_leftovers(place.file.parent, place.file.name)
    try:
        for place in places:
            place.create()
        yield tuple(place.temporary for place in places)
        for place in places:
            with writing(place.target, written=place.temporary):
                place.complete()
        _rename(places)
    finally:  # what was renamed is not there any more
        for place in places:
            discard(place.temporary)


@contextmanager
def atomic_target(target: str | Path) -> Iterator[Path]:
    """`atomic_targets` for one file."""
    with atomic_targets(target) as (temporary,):
        yield temporary


def write_atomically(target: str | Path, data: bytes) -> None:
    """A file whose content is known as a whole; raises as `atomic_targets` does."""
    with atomic_target(target) as temporary, writing(Path(target), len(data), temporary):
        temporary.write_bytes(data)


def refuse_as_output(target: str | Path) -> None:
    """Raise the InputError of `atomic_targets` for a path that it would refuse, before any work."""
    place = _Place(Path(target))
    try:
        place.create()
    finally:
        discard(place.temporary)


class _Place:
    """Where an output goes: the path that was asked for, the file behind it, and a temporary file beside that."""

    def __init__(self, target: Path) -> None:
        self.target = target
        try:
            self.before = self._status()
            self.file = Path(os.path.realpath(target))
            if self.file.is_symlink():
                raise InputError("the output file is a symbolic link that leads to itself", file=target,
                                 remedy="remove the link, or give the name of a file")
        except ValueError as error:  # a zero byte in the path
            raise InputError("this cannot be the name of a file", file=repr(str(target)), found=str(error)) from None
        self._check_folder()
        if self.before is not None and not os.access(self.file, os.W_OK):
            self._refuse_protected()
        self.temporary = temporary_path(self.file.parent, self.file.name)

    def _refuse_protected(self) -> None:
        try:
            os.close(os.open(self.file, os.O_WRONLY))
        except OSError as error:
            raise InputError(
                "the output file is write-protected", file=self.target, found=error.strerror,
                remedy="allow writing (chmod u+w), or give another name" if error.errno == errno.EACCES
                else "give the name of a file that can be written to") from error

    def create(self) -> None:
        """Make the temporary file; the system's mask decides on its permissions."""
        remember(self.temporary)
        try:
            os.close(os.open(self.temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666))
        except OSError as error:
            if is_full(error):
                raise disk_full(error, self.target, written=self.temporary) from error
            raise InputError("the output file cannot be created", file=self.target, found=error.strerror,
                             place=str(self.file.parent),
                             remedy="give a folder that can be written to, and a name that it allows") from error

    def complete(self) -> None:
        """Owner and permissions of the file that is replaced; then on disk."""
        if self.before is not None:
            with contextlib.suppress(OSError, AttributeError):  # only the superuser can; Windows has no such owner
                os.chown(self.temporary, self.before.st_uid, self.before.st_gid)
        descriptor = os.open(self.temporary, os.O_RDWR)
        try:
            if self.before is not None and hasattr(os, "fchmod"):
                os.fchmod(descriptor, stat.S_IMODE(self.before.st_mode))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _status(self) -> os.stat_result | None:
        try:
            found = os.stat(self.target)
        except OSError as error:
            if isinstance(error, (FileNotFoundError, NotADirectoryError)) or self.target.is_symlink():
                return None
            raise InputError("the output file cannot be looked at", file=self.target, found=error.strerror) from error
        if stat.S_ISDIR(found.st_mode):
            raise InputError("the output file is a folder", file=self.target, remedy="give the name of a file")
        for is_kind, name in _KINDS:
            if is_kind(found.st_mode):
                raise InputError(f"the output file is {name}", file=self.target, expected="a regular file, or none",
                                 remedy="give the name of a file; romlib would put a file in its place")
        return found

    def _check_folder(self) -> None:
        folder = self.file.parent
        if not folder.is_dir():
            raise InputError("the folder of the output file does not exist", file=self.target, place=str(folder),
                             remedy="create the folder first")
        if self.before is not None and not os.path.samestat(self.before, os.stat(self.file)):
            raise InputError("the output file cannot be replaced by its name", file=self.target, place=str(self.file),
                             remedy="give the name of a file")


def _refuse_twice(places: list[_Place]) -> None:
    for k, place in enumerate(places):
        for other in places[:k]:
            same = place.file == other.file or (place.before is not None and other.before is not None
                                                and os.path.samestat(place.before, other.before))
            if same:
                raise InputError("two output files are the same file", file=place.target, place=str(other.target),
                                 remedy="give each a name of its own")


def _rename(places: list[_Place]) -> None:
    """Rename back to back. Where one cannot be, those before it are taken back, as far as their old files were kept."""
    old: dict[int, Path | None] = {}
    try:
        for k, place in enumerate(places[:-1]):
            old[k] = _kept(place)
        for place in places:
            with writing(place.target, written=place.temporary):
                os.replace(place.temporary, place.file)
            forget(place.temporary)
    except BaseException:
        if places[-1].temporary.exists():  # the last one decides: without it the others are not valid
            _take_back(places[:-1], old)
        raise
    finally:
        for kept in old.values():
            if kept is not None:
                discard(kept)
    for folder in dict.fromkeys(place.file.parent for place in places):
        with contextlib.suppress(OSError):  # not every file system can; the files themselves are on disk
            _sync_folder(folder)


def _take_back(places: list[_Place], old: dict[int, Path | None]) -> None:
    for k, place in enumerate(places):
        kept = old.get(k)
        if place.temporary.exists():
            continue
        if kept is not None:
            os.replace(kept, place.file)
        elif place.before is None:
            place.file.unlink(missing_ok=True)


def _kept(place: _Place) -> Path | None:
    """A second name of the file that is about to be replaced; None where there is none, or no hard links."""
    if place.before is None:
        return None
    old = temporary_path(place.file.parent, place.file.name, "old")
    remember(old)
    try:
        os.link(place.file, old)
    except OSError:
        forget(old)
        return None
    return old


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders, and renames without it
        if os.name != "nt":
            raise
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
