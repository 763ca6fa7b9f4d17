"""Zero and prescribed displacements: which dofs they hold, and the pattern of each amplitude."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from romlib.errors import InputError, UnsupportedError
from romlib.fullorder.numbering import Numbering
from romlib.loads.amplitudes import amplitude_of, evaluate
from romlib.loads.constraints import constrained_dofs, prescribed_displacement
from romlib.mesh.mesh import Mesh
from romlib.model import Model


class Constraints:
    """The constrained dofs of this rank's nodes. Collective.

    mask : (n_local, d) bool, d the dimension of the mesh, the same on every rank that has the node. names : prescribed
    constraints. patterns : (n_prescribed, n_local, d), the displacement at amplitude one.

    Raises
    ------
    UnsupportedError : a constraint of kind "linear". Those of kinds "plane" and "cyclic" are left to
        `romlib.fullorder.relations`, which changes `mask` and `patterns`.
    InputError : an unknown node tag, a tag without nodes, a missing amplitude, or two constraints that want different
        displacements of one dof.
    """

    def __init__(self, pieces: Mapping[int, Mesh], model: Model, numbering: Numbering) -> None:
        self._model, self._numbering = model, numbering
        self.names = [name for name, c in model.constraints.items() if c.kind == "prescribed"]
        n, d = len(numbering.ids), numbering.dimension
        holder = np.full((n, d), -1)
        found = dict.fromkeys(model.constraints, 0)
        self.patterns = np.zeros((len(self.names), n, d))
        with numbering.comm.agreement():
            for k, (name, constraint) in enumerate(model.constraints.items()):
                if constraint.kind == "linear":
                    raise UnsupportedError(
                        "the full-order solver has no linear relations between dofs", place=f"constraint {name!r}",
                        expected='kind "fixed", "prescribed", "plane" or "cyclic"', found=constraint.kind,
                        remedy="state an inclined plane by its normal, a cyclic symmetry by master, axis and angle, in "
                               "the study; other relations are the solver's that wrote the file")
                for p, mesh in pieces.items():
                    nodes, axes = constrained_dofs(name, constraint, mesh)
                    local = numbering.positions[p][nodes]
                    found[name] += len(local)
                    if constraint.is_relation:
                        continue
                    self._hold(holder, k, local, axes)
                    if constraint.kind == "prescribed":
                        self.patterns[self.names.index(name), local[:, None], axes] = prescribed_displacement(
                            name, constraint, mesh)
        self._refuse_empty(found)
        held = numbering.add((holder >= 0).astype(float))
        count = numbering.spread(held)
        self.mask = count > 0.5
        for k in range(len(self.names)):  # a piece may lack in its tag a node that another one has in it
            pattern = numbering.spread(numbering.add(self.patterns[k]))
            self.patterns[k] = np.divide(pattern, count, out=np.zeros_like(pattern), where=self.mask)

    def _hold(self, holder: np.ndarray, k: int, nodes: np.ndarray, axes: np.ndarray) -> None:
        """Note constraint k in `holder` (n_local, d); two fixed ones may hold a dof, others may not."""
        constraints = list(self._model.constraints.values())
        before = holder[nodes[:, None], axes]
        for other in np.unique(before):
            if other in (-1, k) or (constraints[other].kind == constraints[k].kind == "fixed"):
                continue
            row, column = np.argwhere(before == other)[0]
            names = list(self._model.constraints)
            raise InputError(
                "two constraints hold the same dof", found=f"{names[other]!r} and {names[k]!r}",
                place=f"node {self._numbering.ids[nodes[row]]}, {'xyz'[axes[column]]}",
                expected="one prescribed displacement a dof", remedy="take the node out of one of the two tags")
        holder[nodes[:, None], axes] = k

    def _refuse_empty(self, found: dict[str, int]) -> None:
        totals = self._numbering.comm.allgather(found)
        for name in found:
            if not any(of_rank[name] for of_rank in totals):
                raise InputError("a constraint holds no node", place=f"constraint {name!r}",
                                 found=f"node tag {self._model.constraints[name].nodes!r} is empty")

    def values(self, time: float) -> np.ndarray:
        """Prescribed displacement (n_local, d) at a time, zero at dofs that are fixed or free."""
        return np.tensordot(self.amplitudes(time), self.patterns, 1)

    def amplitudes(self, time: float) -> np.ndarray:
        """(n_prescribed,) at a time."""
        return np.array([evaluate(amplitude_of(self._model, name), np.array([time]))[0] for name in self.names])
