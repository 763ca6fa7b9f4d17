"""Counts, lists and names as a message says them: "1 piece", "a, b, c", the name that was probably meant."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Sequence

_LONGEST_NAME = 80
_LONGEST_LIST = 1000  # characters of names that exist
_MOST_NAMES = 1000  # beyond them comparing takes long


def plural(n: float, thing: str, things: str | None = None) -> str:
    """A number with its noun: "1 piece", "2 pieces". things : the plural, where it is not the noun with an s."""
    return f"{format(n, '.0f') if isinstance(n, float) else n} {thing if n == 1 else things or thing + 's'}"


def listed(names: Iterable[object], none: str = "none") -> str:
    """Names separated by commas, as many as one can read; `none` where there are none."""
    return shortened(", ".join(str(name) for name, _ in zip(names, range(_MOST_NAMES), strict=False)),
                     _LONGEST_LIST) or none


def shortlist(thing: str, numbers: Iterable[object], most: int = 10) -> str:
    """A noun with its first numbers: "node 4", "nodes 4, 7, 9 ...". Such as ids, of which there may be millions."""
    first = [str(one) for one, _ in zip(numbers, range(most + 1), strict=False)]
    return f"{thing if len(first) == 1 else thing + 's'} {', '.join(first[:most])}{' ...' if len(first) > most else ''}"


def one_of(names: Iterable[object], none: str = "nothing: there are none") -> str:
    """What is expected where a name has to be one of several."""
    text = listed(names, "")
    return f"one of {text}" if text else none


def placed(point: Iterable[float]) -> str:
    """Coordinates as people read them: "(40.5, 0, 6.29)"; what is rounding beside the largest of them is 0."""
    values = [float(x) for x in point]
    rounding = 1e-12 * max((abs(x) for x in values), default=0.0)
    return f"({', '.join(f'{x if abs(x) > rounding else 0.0:.6g}' for x in values)})"


def closest_name(name: object, allowed: Iterable[object]) -> str | None:
    """The allowed name that is most like a wrong one; one that differs in case alone takes precedence."""
    names, wanted = [str(one) for one in allowed], str(name)
    for one in names:
        if one.casefold() == wanted.casefold():
            return one
    folded = {one.casefold(): one for one in reversed(names)}
    found = difflib.get_close_matches(wanted.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def closest(name: object, allowed: Sequence[object], otherwise: str | None = None) -> str | None:
    """A question with the closest allowed name; `otherwise` when nothing is close."""
    if len(str(name)) > _LONGEST_NAME or len(allowed) > _MOST_NAMES:
        return otherwise  # no slip of the pen, and comparing takes long
    match = closest_name(name, allowed)
    return otherwise if match is None else f"did you mean {match!r}?"


def unknown(name: object, allowed: Iterable[object], otherwise: str | None = None) -> dict[str, str | None]:
    """The parts of an error about a name that is not among those allowed: expected, found, remedy.

    otherwise : what to do where no allowed name is close.
    """
    names = list(allowed)
    found = shortened(repr(name) if isinstance(name, str) else reprlib.repr(name), _LONGEST_NAME)
    return {"expected": one_of(names), "found": found, "remedy": closest(name, names, otherwise)}


def shortened(text: str, length: int) -> str:
    """A text of at most this length, and dots where it goes on."""
    return text if len(text) <= length else text[:length] + " ..."


def readable(text: str) -> str:
    """A text of somebody's file in one line: what has no letter, such as a zero byte that HDF5 refuses, is a blank."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def names_of(one_or_several: str | Iterable[str]) -> list[str]:
    """Names as a list; a text is one name, not its letters."""
    return [one_or_several] if isinstance(one_or_several, str) else list(one_or_several)
