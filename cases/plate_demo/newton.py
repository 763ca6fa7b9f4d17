"""A serial Newton on a whole mesh: the full-order solver of the demo, on romlib's own operators, laws and loads.

It stands in for the user's solver. It is written for a mesh of one cell type and a few thousand degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from romlib.errors import ConvergenceError
from romlib.fem.piece import Piece
from romlib.loads.amplitudes import evaluate
from romlib.loads.forces import force_factor, force_names
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model


@dataclass(frozen=True)
class Step:
    """The equilibrium at one time: displacement (n_node, 3), stress (n_ip, 6), cumulated plastic strain (n_ip, 1)."""

    time: float
    displacement: np.ndarray
    stress: np.ndarray
    p: np.ndarray
    iterations: int


class Assembly:
    """K = sum over cells of B_e^T (w C) B_e: dense products per cell, then one sum into a fixed sparse pattern."""

    def __init__(self, mesh: Mesh, operator: StrainOperator, free: np.ndarray) -> None:
        (block,) = mesh.blocks
        n_dof = 3 * mesh.n_node
        dofs = (3 * block.connectivity[:, :, None] + np.arange(3)).reshape(block.n_cell, -1)
        n_local = dofs.shape[1]
        entries = operator.strain_matrix().tocoo()
        rows_per_cell = 6 * operator.n_ip // block.n_cell
        cell = entries.row // rows_per_cell
        keys = (np.arange(block.n_cell)[:, None] * n_dof + dofs).ravel()
        order = np.argsort(keys)
        local = order[np.searchsorted(keys[order], cell * n_dof + entries.col)] % n_local
        self._b = np.zeros((block.n_cell, rows_per_cell, n_local))
        self._b[cell, entries.row % rows_per_cell, local] = entries.data
        self._weights = operator.weights[:, None, None]
        number = np.full(n_dof, -1)
        number[free] = np.arange(len(free))
        row = np.repeat(number[dofs], n_local, axis=1).ravel()
        column = np.tile(number[dofs], (1, n_local)).ravel()
        self._kept = (row >= 0) & (column >= 0)
        flat, self._position = np.unique(row[self._kept] * len(free) + column[self._kept], return_inverse=True)
        start = np.searchsorted(flat // len(free), np.arange(len(free) + 1))
        # Rows and columns of a symmetric matrix can be exchanged: the sorted rows serve as the columns of a CSC matrix.
        self._matrix = sparse.csc_matrix((np.zeros(len(flat)), flat % len(free), start), shape=(len(free),) * 2)

    def stiffness(self, tangent: np.ndarray) -> sparse.csc_matrix:
        """Stiffness of the free degrees of freedom for the tangents (n_ip, 6, 6)."""
        n_cell, n_row, n_local = self._b.shape
        weighted = (self._weights * tangent).reshape(n_cell, n_row // 6, 6, 6)
        product = (weighted @ self._b.reshape(n_cell, n_row // 6, 6, n_local)).reshape(self._b.shape)
        cells = np.swapaxes(self._b, 1, 2) @ product
        self._matrix.data = np.bincount(self._position, weights=cells.ravel()[self._kept])
        return self._matrix


def solve(mesh: Mesh, model: Model, times: np.ndarray, tolerance: float = 1e-10) -> Iterator[Step]:
    """Equilibrium at each of `times`, the unloaded initial state first.

    Raises
    ------
    ConvergenceError : no equilibrium within 25 iterations; residuals are relative to the largest force of the history.
    """
    piece = Piece(mesh, model)
    operator, points = piece.operator, piece.points
    names, patterns = force_names(model), piece.unit_forces(None)
    factors = np.stack([force_factor(model.loads[name], evaluate(model.amplitudes[name], times)) for name in names])
    scale = np.abs(np.einsum("lt,lni->tni", factors, patterns)).max()
    free = free_dofs(mesh, model)
    assembly = Assembly(mesh, operator, free)
    u = np.zeros((mesh.n_node, 3))
    state = points.virgin(float(times[0]))
    yield Step(state.time, u.copy(), state.stress, points.variable(state.states, "p"), 0)
    for n in range(1, len(times)):
        force = np.tensordot(factors[:, n], patterns, 1)
        residuals: list[float] = []
        while True:
            result = points.integrate(state, float(times[n]), operator.strain(u[None])[0], None)
            residual = (force - operator.internal_force(result.state.stress[None])[0]).ravel()[free]
            residuals.append(float(np.abs(residual).max() / scale))
            if result.ok and residuals[-1] <= tolerance:
                break
            if not result.ok or len(residuals) > 25:
                raise ConvergenceError(
                    "the demo's full-order solver found no equilibrium", time=times[n], residuals=residuals)
            factor = splu(assembly.stiffness(result.tangent), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0,
                          options={"SymmetricMode": True})
            u.reshape(-1)[free] += factor.solve(residual)
        state = result.state
        yield Step(state.time, u.copy(), state.stress, points.variable(state.states, "p"), len(residuals) - 1)


def free_dofs(mesh: Mesh, model: Model) -> np.ndarray:
    """Positions, in the displacement flattened node by node, that no constraint fixes."""
    fixed = np.zeros((mesh.n_node, 3), dtype=bool)
    for constraint in model.constraints.values():
        for component in constraint.components:
            fixed[mesh.node_tags[constraint.nodes], "xyz".index(component)] = True
    return np.flatnonzero(~fixed.ravel())
