"""From STATEV, a plain list of numbers, to named state variables, and from its conventions to Kelvin-Mandel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from romlib.errors import LawError

STATEV = "statev"  # the name of what no variable takes
_RESERVED = (STATEV, "stress", "strain", "displacement", "von_mises", "temperature", "internal_force")
_SHEAR = np.sqrt(2.0)


class StateLayout:
    """Where each state variable is in STATEV.

    Parameters
    ----------
    depvar : number of STATEV. variables : name to position, or positions, counted from 1.
    tensors : of a variable with six positions (11, 22, 33, 12, 13, 23): "strain" (engineering shear), "stress" (the
        tensor component), "none" (six numbers). By default strain where the name has "strain" in it, else stress.

    Attributes
    ----------
    columns : of the state array, by name; variables in the order given, then `statev` with what is left.
    position : (depvar,), of each column in STATEV, from 0. scale : (depvar,), STATEV = scale x column.

    Raises
    ------
    LawError : positions outside STATEV or taken twice, a reserved name, a kind for what is no tensor.
    """

    def __init__(self, depvar: int, variables: Mapping[str, int | Sequence[int]], tensors: Mapping[str, str]) -> None:
        self.columns: dict[str, slice] = {}
        positions: list[int] = []
        taken: set[int] = set()
        scale: list[float] = []
        tensor_variables = []
        for name, given in variables.items():
            places = [given] if isinstance(given, int) else list(given)
            _check(name, places, taken, depvar)
            self.columns[name] = slice(len(positions), len(positions) + len(places))
            positions += [place - 1 for place in places]
            kind = tensors.get(name, "strain" if "strain" in name else "stress") if len(places) == 6 else "none"
            scale += [1.0] * len(places) if kind == "none" else [1.0] * 3 + [
                _SHEAR if kind == "strain" else 1.0 / _SHEAR] * 3
            if kind != "none":
                tensor_variables.append(name)
        for name in tensors:
            if name not in variables or self.columns[name].stop - self.columns[name].start != 6:
                raise _wrong(f"tensors.{name}", "a variable with six positions", name)
        rest = [place for place in range(depvar) if place not in taken]
        if rest:
            self.columns[STATEV] = slice(len(positions), depvar)
        self.position = np.array([*positions, *rest], dtype=np.int64)
        self.scale = np.array([*scale, *([1.0] * len(rest))])
        self.tensor_variables = tuple(tensor_variables)

    def from_statev(self, statev: np.ndarray) -> np.ndarray:
        """State array of STATEV, (..., depvar) both."""
        return np.asarray(statev, dtype=float)[..., self.position] / self.scale


def _check(name: str, places: Sequence[int], taken: set[int], depvar: int) -> None:
    """Refuse what is wrong with the positions of a variable; they are `taken` afterwards."""
    place = f"variables.{name}"
    if name in _RESERVED:
        raise _wrong(place, "another name: these mean something else", ", ".join(_RESERVED))
    if not places:
        raise _wrong(place, "at least one position", "none")
    for position in places:
        if not 1 <= position <= depvar:
            raise _wrong(place, f"positions from 1 to depvar = {depvar}", position)
        if position - 1 in taken:
            raise _wrong(place, "each position in one variable", f"{position} twice")
        taken.add(position - 1)


def _wrong(place: str, expected: object, found: object) -> LawError:
    return LawError(f"wrong parameter of the law 'umat': {place}", place=f"parameters, {place}", expected=expected,
                    found=found)
