"""Reading a TOML file into a dictionary, with errors that name file and line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from romlib.errors import StudyError


def read_toml(path: Path, what: str) -> tuple[str, dict[str, Any]]:
    """Text and content of a TOML file; `what` it should be ("study", "case file"), for messages.

    Raises
    ------
    StudyError : no such file, not text, or not TOML (with line and column).
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StudyError(f"there is no such {what}", file=path, remedy="check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise StudyError(f"the {what} cannot be read", file=path, found=reason, expected="a TOML text file") from None
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"the {what} is not valid TOML", file=path, found=str(error),
                         remedy="see https://toml.io for the syntax; strings need quotes") from None
