"""Whether an output would replace what it is made from: the one place where outputs and inputs are compared."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from romlib.errors import InputError
from romlib.snapshots.atomic import refuse_as_output
from romlib.storage.opening import kind_of

_readers: list[set[Path]] = []
_hooked: list[bool] = []


def check_output(output: str | Path, inputs: Iterable[str | Path]) -> None:
    """Refuse an output before any work: what cannot be written, and what is one of the inputs.

    Raises
    ------
    InputError : names both, or what is wrong with the folder or the kind of file; see `romlib.snapshots.atomic`.
    """
    refuse_as_output(output)
    refuse_inputs(output, inputs)


def refuse_inputs(output: str | Path, inputs: Iterable[str | Path]) -> None:
    """Refuse an output that is one of the inputs, by whatever name, link or hard link.

    inputs : files; those that do not exist cannot be lost, unless they have the very path of the output.

    Raises
    ------
    InputError : names both.
    """
    for path in inputs:
        if same_file(output, path):
            raise InputError("the output would replace an input", file=output, place=f"the input {path}",
                             remedy="give the output a name of its own")


def refuse_files_of(source: Path, output: str | Path, ours: Callable[[Path], bool]) -> None:
    """Refuse an output that belongs to a computation: in the folder `source`, or beside the file with the same stem.

    ours : whether an existing file is one of romlib's, which may be replaced.

    Raises
    ------
    InputError : names both.
    """
    place, target = Path(os.path.realpath(source)), Path(os.path.realpath(output))
    inside = place in target.parents if place.is_dir() else target.parent == place.parent and target.stem == place.stem
    if inside and target.is_file() and target.stat().st_size and not ours(target):
        raise InputError("the output would replace a file of the computation that is read", file=output,
                         place=f"the source {source}", remedy="give the output a name of its own")


def is_snapshots(path: Path) -> bool:
    """Whether a file says that it is a snapshots file; one that cannot be opened may be anybody's."""
    try:
        return kind_of(path) == "snapshots"
    except InputError:
        return False


def same_file(one: str | Path, other: str | Path) -> bool:
    """Whether two paths lead to one file, which need not exist."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)
    except ValueError:  # a zero byte
        return False


@contextmanager
def files_read() -> Iterator[set[Path]]:
    """The files that Python opens for reading inside, whoever does: for decks that include others."""
    if not _hooked:
        sys.addaudithook(_note)
        _hooked.append(True)
    read: set[Path] = set()
    _readers.append(read)
    try:
        yield read
    finally:
        _readers.remove(read)


def _note(event: str, arguments: tuple) -> None:
    if not _readers or event != "open" or not isinstance(arguments[0], (str, bytes, os.PathLike)):
        return
    if arguments[2] & os.O_ACCMODE == os.O_RDONLY:
        for read in _readers:
            read.add(Path(os.fsdecode(arguments[0])))
