"""Reading a TOML file into a dictionary, with errors that name file and line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from romlib.errors import StudyError
from romlib.files import regular_file, shown
from romlib.words import plural

LARGEST_TEXT = 64 * 2**20  # bytes: a table of a million times and values is smaller
LARGEST_INTEGER = 2**63 - 1  # that of TOML
DEEPEST = 20  # levels of tables and lists; a study needs five
_LONGEST_REASON = 300
# A key of a hundred parts, as no study has; reading it takes memory that grows with the square of their number.
_CHAIN = re.compile(r"""(?:\.[ \t]{0,9}(?:[\w-]+|"[^"\n]{0,99}"|'[^'\n]{0,99}')[ \t]{0,9}){100}""")


def read_toml(path: Path, what: str) -> tuple[str, dict[str, Any]]:
    """Text and content of a TOML file; `what` it should be ("study", "case file"), for messages.

    Raises
    ------
    StudyError : no such file, not text, or not TOML (with line and column).
    """
    text = read_text(path, f"there is no such {what}", f"the {what} cannot be read", expected="a TOML text file")
    remedy = "see https://toml.io for the syntax; strings need quotes"
    chain = _CHAIN.search(text)
    if chain is not None:  # each part of a key is a table in a table
        raise StudyError(f"the {what} is nested too deeply", file=path, found=f"{chain[0][:40]} ...",
                         place=f"line {text.count(chr(10), 0, chain.start()) + 1}",
                         expected=f"at most {DEEPEST} levels of tables and lists")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"the {what} is not valid TOML", file=path, found=str(error)[:_LONGEST_REASON],
                         remedy=remedy) from None
    except (RecursionError, ValueError) as error:  # ValueError: an integer of thousands of digits
        raise StudyError(f"the {what} is not valid TOML", file=path, found=(
            "tables or lists that are nested too deeply" if isinstance(error, RecursionError) else
            "a number with too many digits"), remedy=remedy) from None
    _refuse_beyond(content, path, what)
    return text, content


def read_text(path: Path, missing: str, unreadable: str, *, expected: str | None = None) -> str:
    """The text of a file in UTF-8, with or without a byte order mark, and no larger than any study.

    Raises
    ------
    StudyError : no such file (`missing`), or no text of that kind (`unreadable`).
    """
    path = regular_file(path, missing, error=StudyError, remedy="check the path", expected=expected)
    size = path.stat().st_size
    if size > LARGEST_TEXT:
        raise StudyError(unreadable, file=path, found=plural(size, "byte"), expected=f"at most {LARGEST_TEXT} bytes")
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        hdf5 = isinstance(error, UnicodeDecodeError) and _is_hdf5(path)
        raise StudyError(unreadable, file=path, found=reason, expected=expected, remedy=(
            "this is HDF5, as snapshots files and ROMs are: name the .toml file; `romlib init study` writes one for a "
            "snapshots file" if hdf5 else None)) from None


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8) == b"\x89HDF\r\n\x1a\n"


def _refuse_beyond(content: dict[str, Any], path: Path, what: str) -> None:
    """Refuse what no description can hold: nesting beyond sense, integers beyond TOML's, zero bytes."""
    level: list[tuple[str, Any]] = [(key, value) for key, value in content.items()]
    for _ in range(DEEPEST):
        below: list[tuple[str, Any]] = []
        for key, value in level:
            if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
                raise StudyError(f"the {what} has an integer that is too large", file=path, place=shown(key),
                                 found=f"a number of {value.bit_length()} bits", expected="at most 2**63 - 1")
            if "\0" in key or (isinstance(value, str) and "\0" in value):
                raise StudyError(f"the {what} has a text with a zero byte, which no name and no path can have",
                                 file=path, place=shown(key), found=repr(shown(str(value))))
            if isinstance(value, dict):
                below += [(f"{key}.{name}", entry) for name, entry in value.items()]
            elif isinstance(value, list):
                below += [(key, entry) for entry in value]
        level = below
        if not level:
            return
    raise StudyError(f"the {what} is nested too deeply", file=path, place=shown(level[0][0]),
                     expected=f"at most {DEEPEST} levels of tables and lists")
