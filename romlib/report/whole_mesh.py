"""The pieces of a snapshots file put together for a picture, and its fields on the nodes or cells of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from romlib.mesh.elements import element
from romlib.mesh.operator import StrainOperator
from romlib.report.scalar import Scalar
from romlib.snapshots.reader import Snapshots


class WholeMesh:
    """All pieces, interface nodes merged by their ids. Holds the points and cells of the whole model.

    points : (n_node, 3). numbers : by piece, (n_node of the piece,) positions in `points`.
    """

    def __init__(self, snapshots: Snapshots) -> None:
        self.snapshots = snapshots
        self.meshes = [snapshots.mesh(piece) for piece in range(snapshots.n_piece)]
        ids, inverse = np.unique(np.concatenate([mesh.node_ids for mesh in self.meshes]), return_inverse=True)
        self.n_node = len(ids)
        self.numbers = np.split(inverse, np.cumsum([mesh.n_node for mesh in self.meshes])[:-1])
        self.points = np.empty((self.n_node, 3))
        for mesh, numbers in zip(self.meshes, self.numbers):
            self.points[numbers] = mesh.points

    def grid(self) -> Any:
        """The undeformed pyvista.UnstructuredGrid; cells piece by piece, block by block."""
        import pyvista

        cells, types = [], []
        for mesh, numbers in zip(self.meshes, self.numbers):
            for block in mesh.blocks:
                nodes = numbers[block.connectivity]
                cells.append(np.column_stack([np.full(len(nodes), nodes.shape[1]), nodes]).ravel())
                types.append(np.full(len(nodes), element(block.cell_type).vtk_type, dtype=np.uint8))
        return pyvista.UnstructuredGrid(np.concatenate(cells), np.concatenate(types), self.points.copy())

    def displacement(self, step: int) -> np.ndarray:
        """(n_node, 3); zero where the file has no displacement."""
        out = np.zeros((self.n_node, 3))
        if "displacement" in self.snapshots.fields:
            for piece, numbers in enumerate(self.numbers):
                out[numbers] = self.snapshots.read("displacement", piece, step)
        return out

    def at_nodes(self, scalar: Scalar, step: int) -> np.ndarray:
        """(n_node,) of a scalar; NaN where no integration point around the node has the field.

        From integration points: v_a = sum_q w_q |N_a(q)| v_q / sum_q w_q |N_a(q)|, w_q the positive weights: an
        average in which the nearest points count most, so that it stays within the range of the values.
        """
        if scalar.spec.place == "node":
            out = np.full(self.n_node, np.nan)
            for piece, numbers in enumerate(self.numbers):
                out[numbers] = scalar.values(self.snapshots.read(scalar.field, piece, step))
            return out
        return self.from_points([scalar.values(self.snapshots.read(scalar.field, piece, step))
                                 for piece in range(len(self.meshes))])

    def from_points(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """(n_node,) of values at integration points, by piece (n_ip of the piece,), averaged as `at_nodes` says."""
        total, weight = np.zeros(self.n_node), np.zeros(self.n_node)
        for numbers, mesh, of_piece in zip(self.numbers, self.meshes, values):
            operator = StrainOperator(mesh)
            shape = abs(operator.interpolation_matrix(np.arange(operator.n_ip)))
            there, weights = _where_there(of_piece, operator)
            total += np.bincount(numbers, weights=shape.T @ (weights * there), minlength=self.n_node)
            weight += np.bincount(numbers, weights=shape.T @ weights, minlength=self.n_node)
        return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)

    def at_cells(self, scalar: Scalar, step: int) -> np.ndarray:
        """(n_cell,) mean over the integration points of each cell; NaN where none of them has the field."""
        parts = []
        for piece, mesh in enumerate(self.meshes):
            operator = StrainOperator(mesh)
            values, weights = _where_there(scalar.values(self.snapshots.read(scalar.field, piece, step)), operator)
            total = np.bincount(operator.cell, weights=weights * values, minlength=mesh.n_cell)
            weight = np.bincount(operator.cell, weights=weights, minlength=mesh.n_cell)
            parts.append(np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan))
        return np.concatenate(parts)


def _where_there(values: np.ndarray, operator: StrainOperator) -> tuple[np.ndarray, np.ndarray]:
    """Values, and positive weights that are zero where there is no value, (n_ip,) each."""
    there = np.isfinite(values)
    return np.where(there, values, 0.0), np.where(there, operator.positive_weights, 0.0)
