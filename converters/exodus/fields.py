"""Which variables of an Exodus file are romlib's fields: names vary from program to program."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from romlib.errors import InputError
from romlib.tensors import VTK_NAMES
from romlib.words import unknown

DISPLACEMENT = ("displ", "disp", "displacement", "displacements", "u", "d")
_TEMPERATURE = ("temperature", "temp", "t", "nt")
_ENDINGS = (("x", "y", "z"), ("1", "2", "3"), ("0", "1", "2"))
# What tensors and scalars at integration points are called, and romlib's name.
_TENSORS = {"stress": "stress", "cauchystress": "stress", "sigma": "stress", "sig": "stress",
            "strain": "strain", "totalstrain": "strain", "mechanicalstrain": "", "plasticstrain": "plastic_strain"}
_SCALARS = {"eqps": "p", "effectiveplasticstrain": "p", "equivalentplasticstrain": "p", "peeq": "p", "p": "p"}
_PAIRS = {"xx": "xx", "yy": "yy", "zz": "zz", "xy": "xy", "yx": "xy", "yz": "yz", "zy": "yz", "xz": "xz", "zx": "xz",
          "11": "xx", "22": "yy", "33": "zz", "12": "xy", "21": "xy", "23": "yz", "32": "yz", "13": "xz", "31": "xz"}
_NAME = re.compile(r"(?P<stem>.+?)(?:[_.\s]+(?P<point>\d+))?$")


@dataclass(frozen=True)
class PointVariable:
    """Variables of a field at integration points. names : [point][component]; one point: of the element."""

    field: str
    names: tuple[tuple[str, ...], ...]

    @property
    def n_point(self) -> int:
        """Number of points."""
        return len(self.names)


def vector(names: Sequence[str], given: object, dimension: int, file: Path, option: str) -> tuple[str, ...]:
    """The variables at nodes that are the components of a vector.

    Parameters
    ----------
    names : of all variables at nodes. given : what the user says: their names, or what they begin with; None: nothing.
    option : what the user calls it, "displacement".

    Raises
    ------
    InputError : there are none, several, or the wrong number of them.
    """
    if isinstance(given, str) and given.startswith("[") and given.endswith("]"):
        given = [word.strip() for word in given[1:-1].split(",")]
    if isinstance(given, (list, tuple)):
        return _named([str(one) for one in given], names, dimension, file, option)
    triples = _vectors(names, dimension)
    wanted = [str(given)] if given is not None else list(DISPLACEMENT)
    stems = [stem for stem in triples if _plain(stem) in [_plain(one) for one in wanted]]
    found = [one for stem in stems for one in triples[stem]]
    if len(found) == 1:
        return found[0]
    listed = "; ".join(", ".join(one) for one in found) if found else ", ".join(names) or "no variable at nodes"
    example = ",".join((found or [one for every in triples.values() for one in every] or [tuple(names)])[0][:dimension])
    raise InputError(
        f"the {option} cannot be told from the other variables" if found or given is None else
        f"no {dimension} variables have the components of this {option}", file=file, place=f"option {option}",
        expected=f"{dimension} variables at nodes such as DISPL_X, DISPL_Y" + (", DISPL_Z" if dimension == 3 else ""),
        found=("several: " if found else "variables ") + listed,
        remedy=f"name its components: --option {option}=[{example or 'ux,uy,uz'}]")


def scalar(names: Sequence[str], given: object, file: Path) -> str | None:
    """The temperature at nodes: the variable that the user names, else the only one that is called so, if there is one.

    Raises
    ------
    InputError : the variable named does not exist.
    """
    if given is not None:
        if given not in names:
            raise InputError("the file has no such variable at nodes", file=file, place="option temperature",
                             **unknown(str(given), names))
        return str(given)
    alike = [name for name in names if name.lower() in _TEMPERATURE]
    return alike[0] if len(alike) == 1 else None


def point_variables(names: Sequence[str]) -> tuple[list[PointVariable], list[str]]:
    """Fields at integration points, by the names of the variables of elements, and the names that belong to none.

    stress_xx_1 ... stress_xx_8 are the components of eight points, stress_xx that of one, or of the mean.
    """
    found: dict[str, dict[tuple[int, str], str]] = {}
    used: dict[str, list[str]] = {}
    for name in names:
        parsed = _parsed(name)
        if parsed is not None:
            field, point, component = parsed
            found.setdefault(field, {}).setdefault((point, component), name)
            used.setdefault(field, []).append(name)
    fields, taken = [], set()
    for field, places in found.items():
        components = ("",) if field == "p" else VTK_NAMES
        numbered = sorted({point for point, _ in places if point})
        points = numbered if numbered else [0]
        whole = numbered in ([], list(range(1, len(numbered) + 1)))
        if whole and all((point, one) in places for point in points for one in components):
            fields.append(PointVariable(field, tuple(tuple(places[point, one] for one in components)
                                                     for point in points)))
            taken |= {name for key, name in places.items() if key[0] in points}
    return fields, [name for name in names if name not in taken]


def _parsed(name: str) -> tuple[str, int, str] | None:
    """Field, number of the point (0: none), component; None for a variable that is none of these."""
    match = _NAME.fullmatch(name.strip().lower())
    if match is None:
        return None
    stem, point = _plain(match["stem"]), int(match["point"] or 0)
    if stem in _SCALARS:
        return _SCALARS[stem], point, ""
    if stem[:-2] in _TENSORS and stem[-2:] in _PAIRS and _TENSORS[stem[:-2]]:
        return _TENSORS[stem[:-2]], point, _PAIRS[stem[-2:]]
    if match["point"] and match["point"] in _PAIRS and _TENSORS.get(stem):  # stress_11 is a component, not a point
        return _TENSORS[stem], 0, _PAIRS[match["point"]]
    return None


def _vectors(names: Sequence[str], dimension: int) -> dict[str, list[tuple[str, ...]]]:
    """By what they begin with, the sets of variables that differ in an ending x, y, z or 1, 2, 3 or 0, 1, 2."""
    of: dict[str, list[tuple[str, ...]]] = {}
    stems: Mapping[str, None] = dict.fromkeys(name.strip()[:-1] for name in names if len(name.strip()) > 1)
    for stem in stems:
        mine = [name for name in names if name.strip()[:-1] == stem]
        for ending in _ENDINGS:
            parts = [[name for name in mine if name.strip()[-1].lower() == one] for one in ending[:dimension]]
            more = dimension == 2 and any(name.strip()[-1].lower() == ending[2] for name in mine)
            if all(len(part) == 1 for part in parts) and not more:
                of.setdefault(stem, []).append(tuple(part[0] for part in parts))
    return of


def _named(given: Sequence[str], names: Sequence[str], dimension: int, file: Path, option: str) -> tuple[str, ...]:
    if len(given) != dimension:
        raise InputError(f"a vector has {dimension} components", file=file, place=f"option {option}",
                         expected=f"{dimension} names", found=", ".join(given))
    for name in given:
        if name not in names:
            raise InputError("the file has no such variable at nodes", file=file, place=f"option {option}",
                             **unknown(name, names))
    twice = [name for name, count in Counter(given).items() if count > 1]
    if twice:
        raise InputError("two components are one variable", file=file, place=f"option {option}", found=twice[0])
    return tuple(given)


def _plain(name: str) -> str:
    return re.sub(r"[_.\s]", "", name).lower()
