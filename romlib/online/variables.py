"""Where the variables of the laws are in the states of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from romlib.errors import InputError
from romlib.laws.points import MaterialPoints
from romlib.words import unknown

Columns = tuple[slice | np.ndarray, Mapping[str, slice]]


@dataclass(frozen=True, eq=False)
class Variables:
    """What the laws of some points have. n_point. sizes : numbers of components, by name. tensors : those that are
    symmetric tensors. columns : by material, which points have it, and where each variable is in its state.
    """

    n_point: int
    sizes: Mapping[str, int]
    tensors: frozenset[str]
    columns: tuple[Columns, ...]

    @classmethod
    def of(cls, points: MaterialPoints) -> Variables:
        """Of points with their laws."""
        return cls(points.n_ip, points.variables(), frozenset(points.tensor_variables()),
                   tuple((group.selection, dict(group.law.state_variables)) for group in points.groups))

    def values(self, states: list[np.ndarray], field: str) -> np.ndarray:
        """A variable at the points, (n_step, n_point, n_comp), of the states of the materials, (n_step, n, n_state)
        each; NaN where the material lacks it.

        Raises
        ------
        InputError : no law has a variable of this name.
        """
        if field not in self.sizes:
            raise InputError(f"no law has a state variable {field!r}", **unknown(field, ["stress", *self.sizes]))
        values = np.full((len(states[0]), self.n_point, self.sizes[field]), np.nan)
        for (selection, columns), of_material in zip(self.columns, states):
            if field in columns:
                values[:, selection] = of_material[:, :, columns[field]]
        return values
