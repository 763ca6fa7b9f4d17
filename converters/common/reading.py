"""What a library raises on a damaged file, as an error that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from romlib.errors import FileFormatError, RomlibError


@contextmanager
def reading(file: Path, place: str | None = None) -> Iterator[None]:
    """Turn whatever is raised in reading a damaged file into a FileFormatError that names the file.

    For the reading alone: what is written, and what a progress bar raises, does not belong inside.
    """
    try:
        yield
    except RomlibError:
        raise
    except (Exception, SystemExit) as error:  # libraries raise almost anything, and sometimes exit
        raise FileFormatError("the file cannot be read: it is damaged, incomplete, or of another format", file=file,
                              place=place, found=f"{type(error).__name__}: {error}".rstrip(": ")) from error
