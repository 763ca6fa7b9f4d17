"""Fields of cards that are read as they are."""

from __future__ import annotations

import re
from typing import Any

from romlib.errors import FileFormatError

_POWER = re.compile(r"^([+-]?[\d.]+)([+-]\d+)$")


def given(row: list[Any], place: int) -> bool:
    """Whether a field is there, and not blank."""
    return place < len(row) and row[place] not in (None, "")


def whole(text: Any, file: object) -> int:
    """A whole number; FileFormatError where it is none."""
    value = real(text, file)
    if value != int(value):
        raise FileFormatError("a whole number is needed", file=str(file), found=text)
    return int(value)


def real(text: Any, file: object) -> float:
    """A number as Nastran writes it: 7.8-9 is 7.8e-9."""
    word = str(text).strip().upper().replace("D", "E")
    match = _POWER.match(word)
    try:
        return float(f"{match[1]}E{match[2]}" if match else word)
    except ValueError:
        raise FileFormatError("a number cannot be read", file=str(file), found=text,
                              place="MATS1, MATT1, MAT9, MAT11") from None
