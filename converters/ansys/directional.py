"""Ansys' properties that differ by direction: orthotropic elasticity (EX, EY, EZ, ..., or TB,ANEL) and expansion.

Ansys' major Poisson's number PRXY is the contraction along y under a stress along x, romlib's nu12; the minor one
NUXY is the contraction along x under a stress along y, so that PRXY = NUXY EX / EY (theory reference, 2.1.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from romlib_converters.common.stiffness import stiffness_parameters

from romlib.model.material import ParameterTable
from romlib.words import listed

MODULI = ("EX", "EY", "EZ")
SHEAR = ("GXY", "GXZ", "GYZ")
PAIRS = ("XY", "XZ", "YZ")
EXPANSION = ("ALPX", "ALPY", "ALPZ")
ELASTIC = (*MODULI, *SHEAR, *(f"{form}{pair}" for form in ("PR", "NU") for pair in PAIRS))
_NAMES = ("E1", "E2", "E3", "nu12", "nu13", "nu23", "G12", "G13", "G23")
_SAME = 1e-6  # of a constant: digits lost in files
_ISOTROPIC = 1e-4  # of a shear modulus that belongs to EX and NUXY, as people round it
_BETWEEN = 4  # temperatures between two rows at which a converted Poisson's number is looked at


@dataclass(frozen=True)
class Property:
    """A property against temperature. temperatures, values : (n,); one value holds at all temperatures."""

    temperatures: tuple[float, ...]
    values: tuple[float, ...]

    def parameter(self) -> float | ParameterTable:
        """A number, or a table."""
        if len(self.values) == 1 or np.ptp(self.values) == 0.0:
            return self.values[0]
        return ParameterTable(temperature=self.temperatures, value=self.values)

    def at(self, temperatures: np.ndarray) -> np.ndarray:
        """Values (n,) at temperatures (n,)."""
        if len(self.values) == 1:
            return np.full(len(temperatures), self.values[0])
        return np.interp(temperatures, self.temperatures, self.values)


class UnreadError(Exception):
    """Why no law is made of properties: within this package, which makes an omission of it."""


def is_directional(given: Mapping[str, Property]) -> bool:
    """Whether elasticity is other than isotropic, as EX with NUXY or PRXY says it."""
    return bool(_strange(given))


def _strange(given: Mapping[str, Property]) -> list[str]:
    return [label for label in ELASTIC if label in given and not _repeats(given, label)]


def _repeats(given: Mapping[str, Property], label: str) -> bool:
    """Whether a property says what the first one of its kind does, or the isotropic one makes of it."""
    if label in ("EX", "NUXY", "PRXY"):
        return label != "PRXY" or "NUXY" not in given or _alike(given["PRXY"], given["NUXY"])
    if label not in SHEAR:
        first = "EX" if label in MODULI else f"{label[:2]}XY"
        return first in given and _alike(given[first], given[label])
    poisson = given.get("NUXY", given.get("PRXY"))
    if poisson is None or "EX" not in given:
        return False
    at = _knots([given[label], given["EX"], poisson])
    return bool(np.allclose(given[label].at(at), given["EX"].at(at) / (2.0 * (1.0 + poisson.at(at))), rtol=_ISOTROPIC))


def _alike(a: Property, b: Property) -> bool:
    at = _knots([a, b])
    return bool(np.allclose(a.at(at), b.at(at), rtol=_SAME))


def _knots(properties: Sequence[Property]) -> np.ndarray:
    """The temperatures of tables, each once; one where there are no tables."""
    knots = [one.temperatures for one in properties if len(one.values) > 1]
    return np.unique(np.concatenate(knots)) if knots else np.zeros(1)


def elastic_law(given: Mapping[str, Property]) -> tuple[str, dict[str, Any]]:
    """Law and parameters of orthotropic elasticity: cubic where the three directions are alike.

    Raises
    ------
    UnreadError : a constant is missing (Ansys has no defaults of them), or the two forms of Poisson's number differ.
    """
    missing = [label for label in (*MODULI, *SHEAR) if label not in given]
    missing += [f"PR{pair} or NU{pair}" for pair in PAIRS if not {f"PR{pair}", f"NU{pair}"} & set(given)]
    if missing:
        raise UnreadError(f"it differs by direction ({listed(_strange(given))}), and {listed(missing)} is missing")
    major = [_major(given, pair) for pair in PAIRS]
    every = [*(given[label] for label in MODULI), *major, *(given[label] for label in SHEAR)]
    if any((np.diff(one.temperatures) <= 0).any() for one in every if len(one.values) > 1):
        raise UnreadError("its temperatures do not increase")
    if min(min(given[label].values) for label in (*MODULI, *SHEAR)) <= 0.0:
        raise UnreadError("a modulus of it is not positive")
    parameters = [one.parameter() for one in every]
    if all(_alike(every[k], one) for k in (0, 3, 6) for one in every[k:k + 3]):
        return "cubic", dict(zip(("E", "nu", "G"), map(plain, parameters[::3]), strict=True))
    return "orthotropic", dict(zip(_NAMES, map(plain, parameters), strict=True))


def _major(given: Mapping[str, Property], pair: str) -> Property:
    """romlib's Poisson's number of a pair of directions."""
    stated, minor = given.get(f"PR{pair}"), given.get(f"NU{pair}")
    if minor is None:
        assert stated is not None
        return stated
    first, second = given[f"E{pair[0]}"], given[f"E{pair[1]}"]
    knots = _knots([minor, first, second])
    found = Property(tuple(knots.tolist()), tuple((minor.at(knots) * first.at(knots) / second.at(knots)).tolist()))
    if stated is not None:
        if not _alike(stated, found):
            raise UnreadError(f"PR{pair} and NU{pair} are both given, and differ")
        return stated
    between = np.unique(np.concatenate([np.linspace(a, b, _BETWEEN) for a, b in pairwise(knots)] or [knots]))
    exact = minor.at(between) * first.at(between) / second.at(between)
    if not np.allclose(found.at(between), exact, rtol=_SAME):
        raise UnreadError(f"NU{pair}, E{pair[0]} and E{pair[1]} depend on temperature, so that the Poisson's number "
                          f"PR{pair}, which romlib needs, is no straight line between the temperatures of the tables")
    return found


def stiffness_law(constants: Mapping[int, float], *, flexibility: bool) -> tuple[str, dict[str, Any]]:
    """Law and parameters of TB,ANEL: 21 constants of a symmetric matrix for x, y, z, xy, yz, xz, its lower triangle by
    columns. flexibility : it is the inverse of the stiffness.

    Raises
    ------
    UnreadError : it is not orthotropic along the element's axes, or has no inverse.
    """
    matrix = np.zeros((6, 6))
    column, row = np.triu_indices(6)
    matrix[row, column] = matrix[column, row] = [constants.get(k, 0.0) for k in range(1, 22)]
    found = stiffness_parameters(np.linalg.inv(matrix) if flexibility and np.linalg.det(matrix) else matrix)
    if isinstance(found, str):
        raise UnreadError(found)
    return found


def expansion_coefficients(
    given: Mapping[str, Property]
) -> float | ParameterTable | tuple[float | ParameterTable, ...] | None:
    """ALPX, or the three of them where they differ; None where nothing expands.

    Raises
    ------
    UnreadError : two of three.
    """
    there = [given[label] for label in EXPANSION if label in given]
    if not any(any(one.values) for one in there):
        return None
    if "ALPX" not in given or len(there) == 2:
        raise UnreadError(f"{listed(label for label in EXPANSION if label in given)} of its three expansions")
    if all(_alike(there[0], one) for one in there):
        return there[0].parameter()
    return tuple(one.parameter() for one in there)


def plain(parameter: float | ParameterTable) -> object:
    """A parameter as a law takes it."""
    return parameter if isinstance(parameter, float) else parameter.model_dump()
