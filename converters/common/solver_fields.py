"""A field as a solver's files have it: where its values are, in which components, in which precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from romlib_converters.common.solver_mesh import IdValues

from romlib.errors import InputError
from romlib.snapshots.schema import FieldSpec
from romlib.tensors import VTK_NAMES, mandel_from_vtk

NODE, IP, ELEMENT, ELEMENT_NODE = "node", "ip", "element", "element_node"
PLACES = (NODE, IP, ELEMENT, ELEMENT_NODE)
FieldValues = IdValues  # of one record; see `SolverField` for the shape of `values`


@dataclass(frozen=True)
class SolverField:
    """What a field is.

    spec : number of components, whether it is a symmetric tensor (then six), dtype ("float32" where the solver stored
        it so), the solver's name, and the place:

        "node" : values (n, n_comp) by ids of nodes. In vectors, components are global.
        "ip" : values (n, n_point, n_comp) by ids of cells, points in the solver's order.
        "element" : values (n, n_comp) by ids of cells, one an element: a mean, which is no value at a point. A
            snapshots file has no place for it: it is listed among the omissions. (An element with one point has its
            values at "ip".)
        "element_node" : values (n, k, n_comp) by ids of cells, at their first k nodes in the solver's order (corners,
            or all): extrapolated by the solver, each element on its own. Their means at nodes are kept for looking at,
            as nodal_NAME, and said so; they are never taken for values at integration points.
    components : of a tensor, the columns of the values, by names such as "xz". Fewer than six where the others are
        zero, in plane and axisymmetric models. engineering : whether shear components are twice the tensor's.
    """

    spec: FieldSpec
    components: tuple[str, ...] = VTK_NAMES
    engineering: bool = False

    @property
    def width(self) -> int:
        """Number of columns of the values."""
        return len(self.components) if self.spec.tensor else self.spec.n_comp

    def validate(self, name: str) -> None:
        """Raise InputError, naming the field, where the description contradicts itself: a fault of the converter."""
        where = f"field {name!r}"
        if self.spec.place not in PLACES:
            raise InputError("unknown place of a solver's field", place=where, expected=", ".join(PLACES),
                             found=self.spec.place)
        given = ["".join(sorted(component)) for component in self.components]
        if self.spec.tensor and (len(set(given)) != len(given) or not set(given) <= set(VTK_NAMES)):
            raise InputError("the components of a tensor are not what they must be", place=where,
                             expected=", ".join(VTK_NAMES), found=", ".join(self.components))

    def in_memory(self, values: np.ndarray) -> np.ndarray:
        """Values (..., width) in romlib's form (..., n_comp): tensors as Kelvin-Mandel vectors."""
        if not self.spec.tensor:
            return values
        plain = np.zeros((*values.shape[:-1], 6))
        for column, component in enumerate(self.components):
            row = VTK_NAMES.index("".join(sorted(component)))
            plain[..., row] = values[..., column] * (0.5 if self.engineering and row > 2 else 1.0)
        return mandel_from_vtk(plain)
