"""Atomic writing: a file appears under its name complete, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from romlib.errors import InputError


@contextmanager
def atomic_target(target: Path) -> Iterator[Path]:
    """Give a temporary path in the folder of `target`; at a clean exit it is synced to disk and renamed to `target`.

    An exception removes the temporary file and leaves an existing `target` as it was.

    Raises
    ------
    InputError : the folder does not exist or `target` is a folder.
    """
    target = Path(target)
    if not target.parent.is_dir():
        raise InputError("the folder of the output file does not exist", file=target, place=str(target.parent),
                         remedy="create the folder first")
    if target.is_dir():
        raise InputError("the output file is a folder", file=target, remedy="give the name of a file")
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield temporary
        _sync(temporary, os.O_RDWR)
        os.replace(temporary, target)
        _sync(target.parent, os.O_RDONLY)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
