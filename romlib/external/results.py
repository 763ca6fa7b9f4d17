"""Whether a program has written its files: there, not empty, and not those of an earlier run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

# Of a file, all of which a new version of it would have to keep: modification time, number on the disk, size. A file
# of an earlier run is told from a new one without trusting two clocks (the machine's and the file server's) to agree.
Mark = tuple[int, int, int]


def mark(path: Path) -> Mark | None:
    """The mark of a file; None where there is none."""
    if not path.is_file():
        return None
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, found.st_size


def marks(paths: Sequence[Path]) -> dict[Path, Mark | None]:
    """The marks of files, to be taken before a run."""
    return {path: mark(path) for path in paths}


def faults(before: Mapping[Path, Mark | None]) -> dict[Path, str]:
    """What is wrong after a run with the files that it should have written, by file; empty when all is well."""
    found = {path: _fault(path, old) for path, old in before.items()}
    return {path: fault for path, fault in found.items() if fault is not None}


def _fault(path: Path, before: Mark | None) -> str | None:
    now = mark(path)
    if now is None:
        return "not there"
    if now == before:
        return "as it was before the run: of an earlier one"
    return None if now[2] else "empty"
