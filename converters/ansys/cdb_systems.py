"""Local coordinate systems in a .cdb: LOCAL, as CDWRITE and as people write it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from romlib_converters.ansys.blocks import Command
from romlib_converters.ansys.database import AXES, LocalSystem
from romlib_converters.common.frames import frames_by_angles

_WRITTEN = ("R5", "UNBL")  # how CDWRITE begins the fields
_PARTS = {"LOC": 0, "ANG": 3, "PRM": 6}  # which three values a line of CDWRITE has
_KINDS = {"CART": 0, "CYLI": 1, "SPHE": 2, "TORO": 3}
_OTHERS = ("CS", "CLOCAL", "CSKP", "CSWPLA")  # by nodes, keypoints, or where the working plane is


def deck_systems(commands: Sequence[Command]) -> dict[int, LocalSystem]:
    """Local coordinate systems by number. Not among them: what other commands than LOCAL define, and what cannot be
    read, such as names of parameters."""
    values: dict[int, np.ndarray] = {}
    kinds: dict[int, int] = {}
    for command in commands:
        if command.name not in ("LOCAL", *_OTHERS):
            continue
        fields = [*command.fields, *[""] * 11]
        written = fields[0].upper().startswith(_WRITTEN)
        first, at, n = (2, _PARTS.get(fields[1].upper(), -1), 3) if written else (0, 0, 8)
        own = np.array([_number(word) for word in fields[first + 2:first + 2 + n]])
        number, kind = _number(fields[first]), _kind(fields[first + 1])
        if not number.is_integer():
            continue
        if command.name != "LOCAL" or at < 0 or np.isnan([kind, *own]).any() or (at and int(number) not in values):
            values.pop(int(number), None)
            continue
        if at == 0:
            kinds[int(number)] = int(kind)
            values[int(number)] = np.array([0.0] * 6 + [1.0, 1.0, 0.0])
        values[int(number)][at:at + n] = own
    return {number: LocalSystem(number, kinds[number], own[:3], frames_by_angles(own[None, 3:6], AXES)[0],
                                (float(own[6]), float(own[7]))) for number, own in values.items()}


def _kind(word: str) -> float:
    named = _KINDS.get(word.upper()[:4])
    value = _number(word) if named is None else float(named)
    return value if value.is_integer() else float("nan")


def _number(word: str) -> float:
    """NaN where it is none."""
    try:
        value = float(word.upper().replace("D", "E") or 0.0)
    except ValueError:
        return float("nan")
    return value if abs(value) < float("inf") else float("nan")
