"""Where the variables of the laws are in the states of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from romlib.errors import InputError
from romlib.laws.points import MaterialPoints
from romlib.laws.rotation import from_axes
from romlib.words import unknown


@dataclass(frozen=True, eq=False)
class _OfMaterial:
    """Which points have a material, and where each variable is in its state. axes : (n, 3, 3) along which the state has
    the variables `turned`; None where these are of the global frame, as results have them.
    """

    selection: slice | np.ndarray
    columns: Mapping[str, slice]
    turned: frozenset[str]
    axes: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Variables:
    """What the laws of some points have. n_point. sizes : numbers of components, by name. tensors : those that are
    symmetric tensors. materials : one a material.
    """

    n_point: int
    sizes: Mapping[str, int]
    tensors: frozenset[str]
    materials: tuple[_OfMaterial, ...]

    @classmethod
    def of(cls, points: MaterialPoints) -> Variables:
        """Of points with their laws."""
        return cls(points.n_ip, points.variables(), frozenset(points.tensor_variables()),
                   tuple(_OfMaterial(group.selection, dict(group.law.state_variables),
                                     frozenset(group.law.tensor_variables), group.orientation)
                         for group in points.groups))

    def values(self, states: list[np.ndarray], field: str) -> np.ndarray:
        """A variable at the points, (n_step, n_point, n_comp), of the states of the materials, (n_step, n, n_state)
        each; tensors in the global frame, NaN where the material lacks it.

        Raises
        ------
        InputError : no law has a variable of this name.
        """
        if field not in self.sizes:
            raise InputError(f"no law has a state variable {field!r}", **unknown(field, ["stress", *self.sizes]))
        values = np.full((len(states[0]), self.n_point, self.sizes[field]), np.nan)
        for material, state in zip(self.materials, states):
            if field in material.columns:
                found = state[:, :, material.columns[field]]
                if material.axes is not None and field in material.turned:
                    found = from_axes(found, material.axes)
                values[:, material.selection] = found
        return values
