"""What may be read as a file at all: a regular file that is there. A pipe would hang, a device would never end."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from romlib.errors import InputError
from romlib.words import closest

_MOST_ENTRIES = 1000  # of a folder, among which a similar name is looked for
_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket"}


def regular_file(
    path: str | Path, missing: str = "there is no such file", *, error: type[InputError] = InputError, **parts: Any,
) -> Path:
    """The path, if a regular file that can be opened is there.

    Parameters
    ----------
    missing : what to say where there is none. error : class to raise.
    parts : place, expected, remedy, as in `InputError`, for where there is none. A file of a similar name, or a folder
        that is missing too, takes precedence over the remedy.

    Raises
    ------
    error : no such file; a folder, a pipe, a device; no right to read it; a path that no file can have.
    """
    path = Path(path)
    found = kind_of(path, error)
    if found is None:
        raise error(missing, file=shown(path), **{**parts, "remedy": instead_of(path, parts.get("remedy"))})
    if found != "file":
        raise error(f"this is {found}, not a file", file=path, expected="a file", place=parts.get("place"),
                    remedy=parts.get("remedy"))
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError as reason:
        raise error("the file cannot be read", file=path, found=reason.strerror, place=parts.get("place")) from None
    return path


def file_or_folder(path: str | Path) -> Path:
    """The path, if it names a file that can be read, a folder, or nothing, such as a pattern of names.

    Raises
    ------
    InputError : a pipe, a device, no right to read it; a path that no file can have.
    """
    path = Path(path)
    return path if kind_of(path) in (None, "a folder") else regular_file(path)


def kind_of(path: Path, error: type[InputError] = InputError) -> str | None:
    """What is there, links followed: "file", "a folder", "a pipe", "a device", "a socket"; None for nothing.

    Raises
    ------
    error : a path that no file can have, or folders on the way that cannot be searched.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        raise error("a path has a character that no path can have", file=shown(path), found="a zero byte") from None
    except OSError as reason:  # a name too long, a link to itself, no right to look
        raise error("the file cannot be read", file=shown(path), found=reason.strerror) from None
    if stat.S_ISREG(mode):
        return "file"
    return "a folder" if stat.S_ISDIR(mode) else _KINDS.get(stat.S_IFMT(mode), "something else")


def instead_of(path: Path, otherwise: str | None = None) -> str:
    """What to do about a path where nothing is: a similar name in its folder, a folder that is missing, `otherwise`."""
    folder = path.parent
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_MOST_ENTRIES), strict=False)]
    except (FileNotFoundError, NotADirectoryError):
        return f"check the path: there is no folder {shown(folder)}"
    except OSError:
        names = []
    return closest(path.name, sorted(names)) or otherwise or "check the path"


def is_file(path: Path) -> bool:
    """Whether a regular file is there; False for whatever else the path may be."""
    try:
        return kind_of(path) == "file"
    except InputError:
        return False


def shown(path: Path | str) -> str:
    """A path or a key for a message: not endless, without zero bytes."""
    text = str(path).replace("\0", "\\0")
    return text if len(text) <= 300 else f"{text[:140]} ... {text[-140:]}"
