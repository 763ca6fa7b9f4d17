"""A field at one step as other programs read it: a name, plain components with names, a unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from romlib.mesh.kinematics import padded
from romlib.results.scalar import components_of, plain
from romlib.snapshots.schema import FieldSpec


@dataclass(frozen=True, eq=False)
class Array:
    """values : (n, n_comp). components : names, none for a scalar. unit : "" where there is none, or not known."""

    name: str
    values: np.ndarray
    components: tuple[str, ...] = ()
    unit: str = ""

    @classmethod
    def of_field(cls, name: str, values: np.ndarray, spec: FieldSpec, unit: str) -> Array:
        """values : (n, n_comp) as in memory, symmetric tensors Kelvin-Mandel; they become xx yy zz xy yz xz."""
        return cls(name, plain(values, spec), components_of(name, spec), unit)

    @property
    def flat(self) -> np.ndarray:
        """(n, n_comp), or (n,) of a scalar."""
        return self.values if self.components else self.values[:, 0]

    @property
    def spatial(self) -> Array:
        """A vector of two dimensions with a third component, zero: in space, where ParaView draws; others as they are.
        """
        if self.components != ("x", "y"):
            return self
        return Array(self.name, padded(self.values), ("x", "y", "z"), self.unit)

    def scalars(self, between: str) -> Iterator[tuple[str, np.ndarray]]:
        """Name and values (n,) of each component; `between` stands between the names of field and component."""
        if not self.components:
            yield self.name, self.values[:, 0]
        for component, values in zip(self.components, self.values.T):
            yield f"{self.name}{between}{component}", values
