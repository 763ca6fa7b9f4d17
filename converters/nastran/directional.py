"""MAT9 (a stiffness of 21 constants) and MAT11 (nine engineering constants) as the laws `cubic` and `orthotropic`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from romlib_converters.common.stiffness import engineering_parameters, stiffness_parameters
from romlib_converters.nastran.numbers import given, real

_TEMPERATURE = {"MAT9": "MATT9", "MAT11": "MATT11"}
_SHAPES = {"MAT9": (1, 22), "MAT11": (1, 10)}  # where the constants stand, between the number and the density
_EXPANSIONS = {"MAT9": 6, "MAT11": 3}


@dataclass(frozen=True)
class DirectionalMaterial:
    """A material with directions. law : name and parameters, or why there is none. expansion : A1, A2, A3 and of MAT9
    those of shear. reference : TREF."""

    law: tuple[str, dict[str, Any]] | str
    density: float
    expansion: tuple[float, ...]
    reference: float


def directional_materials(raw: Mapping[str, Sequence[list[Any]]], file: object) -> dict[int, DirectionalMaterial]:
    """The materials MAT9 and MAT11 by number.

    raw : fields of cards by name, without the name, as the deck has them.

    Raises
    ------
    FileFormatError : a number that cannot be read.
    """
    found: dict[int, DirectionalMaterial] = {}
    for card, (first, last) in _SHAPES.items():
        varying = {int(real(row[0], file)) for row in raw.get(_TEMPERATURE[card], []) if row and row[0]}
        plastic = {int(real(row[0], file)) for row in raw.get("MATS1", []) if row and row[0]}
        for row in raw.get(card, []):
            number = int(real(row[0], file))
            values = [real(row[k], file) if given(row, k) else 0.0 for k in range(last + _EXPANSIONS[card] + 2)]
            law: tuple[str, dict[str, Any]] | str
            if number in varying:
                law = f"{_TEMPERATURE[card]} lets its {card} depend on the temperature"
            elif number in plastic:
                law = f"{card} with plasticity (MATS1)"
            elif card == "MAT9":
                law = _of_stiffness(values[first:last])
            else:
                law = _of_constants(row, values[first:last])
            expansion = values[last + 1:last + 1 + _EXPANSIONS[card]]
            found[number] = DirectionalMaterial(law, values[last], tuple(expansion), values[-1])
    return found


def _of_stiffness(values: Sequence[float]) -> tuple[str, dict[str, Any]] | str:
    """The upper triangle by rows of a matrix for x, y, z, xy, yz, zx."""
    matrix = np.zeros((6, 6))
    row, column = np.triu_indices(6)
    matrix[row, column] = matrix[column, row] = values
    found = stiffness_parameters(matrix)
    return f"MAT9: {found}" if isinstance(found, str) else found


def _of_constants(row: Sequence[Any], values: Sequence[float]) -> tuple[str, dict[str, Any]] | str:
    if not all(given(row, k) for k in range(1, 10)):
        return "MAT11 lacks some of its nine constants"
    found = engineering_parameters(values)
    return f"MAT11: {found}" if isinstance(found, str) else found
