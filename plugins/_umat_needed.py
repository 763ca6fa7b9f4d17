"""Where the loader looks for the other libraries that a UMAT's library names: never in the working folder, for a file.

The working folder may have come with the file. A library that is linked as `cc -shared x.c ./libtable.so` names
`./libtable.so`, and `-rpath .` makes the loader look wherever romlib happens to be started.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from romlib_plugins._umat_elf import Elf, read_elf
from romlib_plugins._umat_own import system_folder

from romlib.errors import LawError

_ORIGINS = ("$ORIGIN", "${ORIGIN}")
_LOADERS_PATH = "LD_LIBRARY_PATH"


def refuse_working_folder(path: Path, elf: Elf) -> None:
    """Make sure that neither a library nor those that it needs take others from the working folder.

    Those that are found only where the system keeps its own are not looked into.

    Raises
    ------
    LawError : one of them names a library, or a folder with libraries, by a path that is not absolute.
    """
    open_, seen = [(path, elf)], {path}
    while open_:
        here, found = open_.pop()
        relative = next(_relative(found), None)
        if relative is not None:
            raise LawError(
                "a file names a library that takes others from the folder in which romlib is started, which may have "
                "come with the file", file=here, place="its dynamic section (readelf -d)",
                expected="absolute paths, or such that begin with $ORIGIN", found=relative,
                remedy="link it again, with -L FOLDER -lNAME instead of a relative path to the other library and with "
                       "-Wl,-rpath,'$ORIGIN' where that lies beside it; or give the material in a study of your own")
        for other in _found_by(here, found):
            if other not in seen and (inside := read_elf(other)) is not None:
                seen.add(other)
                open_.append((other, inside))


def _relative(elf: Elf) -> Iterator[str]:
    for name in elf.needed:
        if "/" in name and not _is_absolute(name):
            yield name
    for folder in _folders(elf):
        if not _is_absolute(folder):
            yield f"a run path with the entry {folder!r}"


def _folders(elf: Elf) -> list[str]:
    return [folder for text in elf.run_paths if text for folder in text.split(":")]


def _is_absolute(path: str) -> bool:
    return path.startswith(("/", *_ORIGINS))


def _found_by(path: Path, elf: Elf) -> Iterator[Path]:
    """The files, links followed, that the loader may take for what a library needs."""
    folders = [_expanded(folder, path) for folder in _folders(elf)]
    folders += [folder for folder in os.environ.get(_LOADERS_PATH, "").split(":") if folder]
    for name in elf.needed:
        for place in [_expanded(name, path)] if "/" in name else [f"{folder}/{name}" for folder in folders]:
            real = Path(os.path.realpath(place))
            if real.is_file() and system_folder(real) is None:
                yield real


def _expanded(text: str, path: Path) -> str:
    for origin in _ORIGINS:
        text = text.replace(origin, str(path.parent))
    return text
