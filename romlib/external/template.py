"""Texts with placeholders such as {stem}: commands, names of results, values of environment variables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from romlib.errors import InputError

MEANING = {
    "deck": "the deck's path, absolute",
    "stem": "the deck's file name without its last suffix",
    "folder": "the folder that the solver runs in, absolute",
}
# A doubled brace stands for itself, as in Python's format strings.
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


def values_for(deck: Path, folder: Path) -> dict[str, str]:
    """What the placeholders stand for. deck, folder : absolute."""
    return {"deck": str(deck), "stem": deck.stem, "folder": str(folder)}


def fill(text: str, values: Mapping[str, str], place: str) -> str:
    """The text with its placeholders filled in; what stands for them is taken as it is.

    Raises
    ------
    InputError : an unknown placeholder, by name; place says where the text stands.
    """
    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        if match[1] not in values:
            raise InputError("this placeholder is not known", place=f"{place}: {text}", found=match[0],
                             expected=", ".join(f"{{{name}}} ({meaning})" for name, meaning in MEANING.items()),
                             remedy="write a brace that is meant as such twice: {{ or }}")
        return values[match[1]]

    return _PLACEHOLDER.sub(value, text)


def arguments(command: str | Sequence[str]) -> list[str]:
    """Program and arguments of a command, placeholders as they stand.

    command : a list, or a text that is split at its blanks as a shell does, with quotes; no shell ever sees it.
        Placeholders are filled in after that, so that a path with blanks stays one argument.

    Raises
    ------
    InputError : nothing is there, or a quote is not closed.
    """
    try:
        parts = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError as error:
        raise InputError("the command of the solver cannot be read", place=f"command: {command}", found=str(error),
                         remedy="close the quote") from error
    if not parts:
        raise InputError("the command of the solver is empty", place="command", expected='such as "ccx {stem}"')
    return parts
