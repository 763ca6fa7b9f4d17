"""What a user names to have it converted: one computation, or one deck."""

from __future__ import annotations

from pathlib import Path

from romlib.errors import InputError
from romlib.files import instead_of, kind_of, shown
from romlib.words import plural


def one_path(source: Path | list[Path], solver: str, results: str) -> Path:
    """The file or folder of a computation. results : suffix of the results, for messages.

    Raises
    ------
    InputError : several, or neither a file nor a folder.
    """
    paths = [Path(path) for path in (source if isinstance(source, list) else [source])]
    if len(paths) != 1:
        raise InputError(f"one {solver} computation is converted at a time", found=plural(len(paths), "path"),
                         expected=f"one deck, {results} or folder")
    found = kind_of(paths[0])
    if found not in ("file", "a folder"):
        raise InputError("no such file or folder", file=shown(paths[0]), found=found,
                         expected=f"a deck .inp, results {results}, or a folder", remedy=instead_of(paths[0]))
    return paths[0]


def case_path(source: Path) -> Path:
    """The deck of a case; InputError where it is not a .inp."""
    path = Path(source)
    if path.is_dir() or path.suffix.lower() != ".inp":
        raise InputError("a case is read from a deck", file=path, expected="NAME.inp", found=path.name)
    return path
