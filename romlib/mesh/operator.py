"""The strain operator of a piece: strain of displacements, internal forces of stresses, interpolation to points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from romlib.errors import InputError, UnsupportedError
from romlib.mesh import kernels, mean_dilatation, plane_kernels
from romlib.mesh.elements import Element, element
from romlib.mesh.embedding import checked_points, embedded_gradient, extent, fill_jacobians
from romlib.mesh.mean_dilatation import averaged_directions, entry_arrays, projected, projection_matrix
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.quadrature import Rule, rule


@dataclass(frozen=True, eq=False)
class _Part:
    """What the operator keeps of a cell block: int64 connectivity, and the element at the points of the rule."""

    connectivity: np.ndarray
    shape: np.ndarray  # (n_q, n_a)
    gradient: np.ndarray  # (n_q, n_a, 3), reference, embedded (`romlib.mesh.embedding`)
    interpolation: np.ndarray  # (n_q, n_a), shape functions, or 1 / n_a where the solver takes the mean of the nodes
    averaged: np.ndarray  # (n, 6), directions in which the strain is the mean of the cell: none but for B-bar
    first_cell: int
    first_ip: int

    @property
    def n_ip(self) -> int:
        return len(self.connectivity) * len(self.shape)

    @property
    def n_q(self) -> int:
        return len(self.shape)

    def project(self, values: np.ndarray, weights: np.ndarray) -> None:
        """Take the strains or stresses (n_step, n_ip, 6) of the block to what B-bar makes of them, in place."""
        projected(values, weights, self.n_q, self.first_ip, len(self.connectivity), self.averaged)

    def points_of(self, cells: np.ndarray) -> np.ndarray:
        """All integration points of cells of the block, (n_cell, n_q)."""
        return self.first_ip + cells[:, None] * self.n_q + np.arange(self.n_q)


class StrainOperator:
    """B of a piece: built once; holds 80 bytes an integration point, and nothing that grows with the number of steps.

    Integration points count cell by cell through the blocks of the mesh, in the order of each block's rule.

    Attributes
    ----------
    n_ip, n_node, n_cell : int. motion : the kinematics. dimension : of displacements and forces.
    weights : (n_ip,), weight of the solver's rule x det J (x thickness, or x circumference): may be negative, sums to
        the volume.
    cell : (n_ip,), position of the point's cell. cell_ids : (n_ip,), the solver's id of that cell.
    point_numbers : (n_ip,), number of the point in its cell, counted from 1 as solvers do.
    cell_volumes : (n_cell,). coordinates : (n_ip, dimension). positive_weights : (n_ip,).

    Raises
    ------
    UnsupportedError : unknown element, rule, formulation or kinematics, or cells of another dimension.
    InputError : connectivity out of range, rule of another cell shape, Jacobian not positive (names the cell), a node
        beyond the axis of an axisymmetric body.
    """

    def __init__(self, mesh: Mesh) -> None:
        self.mesh, self.motion, self.dimension = mesh, mesh.motion, mesh.dimension
        self.n_node, self.n_cell = mesh.n_node, mesh.n_cell
        self._points = checked_points(mesh)
        self._kernels = kernels if self.dimension == 3 else plane_kernels
        self._parts: list[_Part] = []
        first_cell = first_ip = 0
        rule_weights: list[np.ndarray] = []
        for block in mesh.blocks:
            part, quadrature = _part(block, mesh, first_cell, first_ip)
            self._parts.append(part)
            rule_weights.append(np.tile(quadrature.weights, block.n_cell))
            first_cell, first_ip = first_cell + block.n_cell, first_ip + part.n_ip
        self.n_ip = first_ip
        determinant, self._inverse = np.empty(self.n_ip), np.empty((self.n_ip, 3, 3))
        for part in self._parts:
            fill_jacobians(self.motion, self._points, part.connectivity, part.gradient, determinant, self._inverse,
                           part.first_ip)
        self._refuse_bad_jacobians(determinant)
        self.weights = np.concatenate([np.empty(0), *rule_weights]) * determinant
        if self.dimension == 2:
            self.weights *= self.extent

    def _refuse_bad_jacobians(self, determinant: np.ndarray) -> None:
        bad = np.unique(self.cell[~(determinant > 0.0)])  # NaN is bad too
        if not len(bad):
            return
        ids = self.mesh.cell_ids[bad]
        more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
        raise InputError(
            "the Jacobian of a cell is not positive at an integration point",
            place=f"cell {', '.join(str(i) for i in ids[:5])}{more}", expected="det J > 0",
            found=f"det J = {determinant[self.cell == bad[0]].min():.3e} in cell {ids[0]}",
            remedy="check the node order of these cells, or repair the mesh in the solver")

    @property
    def extent(self) -> np.ndarray:
        """(n_ip,), what makes a volume of the area at a point: thickness or circumference; one in a solid."""
        return extent(self.mesh, self.coordinates[:, 0])

    @cached_property
    def cell(self) -> np.ndarray:
        """(n_ip,), position of the point's cell."""
        return np.concatenate([np.empty(0, dtype=np.int64), *(
            part.first_cell + np.repeat(np.arange(len(part.connectivity)), len(part.shape)) for part in self._parts)])

    @property
    def cell_ids(self) -> np.ndarray:
        """(n_ip,), the solver's id of the point's cell."""
        return self.mesh.cell_ids[self.cell]

    @property
    def point_numbers(self) -> np.ndarray:
        """(n_ip,), number of the point in its cell, from 1."""
        return np.concatenate([np.empty(0, dtype=np.int64), *(
            np.tile(np.arange(1, len(part.shape) + 1), len(part.connectivity)) for part in self._parts)])

    @cached_property
    def cell_volumes(self) -> np.ndarray:
        """(n_cell,), by the solver's rule."""
        return np.bincount(self.cell, weights=self.weights, minlength=self.n_cell)

    @property
    def positive_weights(self) -> np.ndarray:
        """(n_ip,), volume of the cell over its number of points: for inner products (the rule's may be negative)."""
        return (self.cell_volumes / np.bincount(self.cell, minlength=self.n_cell))[self.cell]

    @cached_property
    def coordinates(self) -> np.ndarray:
        """(n_ip, dimension), undeformed."""
        n = self.dimension
        return np.concatenate([np.empty((0, n)), *(
            (part.shape @ self._points[part.connectivity]).reshape(-1, n) for part in self._parts)])

    def strain(self, u: np.ndarray) -> np.ndarray:
        """Strain (n_step, n_ip, 6), Kelvin-Mandel, of displacements u (n_step, n_node, dimension)."""
        u = self._checked(u, self.n_node, self.dimension, "displacement")
        out = np.empty((len(u), self.n_ip, 6))
        for part in self._parts:
            self._kernels.strain(u, part.connectivity, part.gradient, self._inverse, part.first_ip, out)
            part.project(out, self.weights)
        return out

    def internal_force(self, stress: np.ndarray) -> np.ndarray:
        """Nodal forces (n_step, n_node, k), sum_q w_q B_q^T sigma_q, this piece's part; stress (n_step, n_ip, 6)."""
        stress = self._checked(stress, self.n_ip, 6, "stress")
        if any(len(part.averaged) for part in self._parts):
            stress = stress.copy()
            for part in self._parts:
                part.project(stress, self.weights)
        out = np.zeros((len(stress), self.n_node, self.dimension))
        for part in self._parts:
            self._kernels.add_internal_force(
                stress, self.weights, part.connectivity, part.gradient, self._inverse, part.first_ip, out)
        return out

    def add_stiffness(
        self, tangent: np.ndarray, rows: np.ndarray, slots: Sequence[np.ndarray], starts: np.ndarray, out: np.ndarray,
    ) -> None:
        """Add sum_q w_q B_q^T C_q B_q to the values `out` of a CSR matrix with `dimension` rows and columns a node.

        tangent : (n_ip, 6, 6). rows : (n_node,), row of each node in the pattern of nodes. slots : for each cell block
        (n_cell, n_a, n_a), place of each pair of its nodes among the columns of the pattern. starts : (n_row + 1,),
        where the columns of each row begin. `romlib.mesh.kernels.add_stiffness` says how `out` is laid out.
        """
        tangent = np.ascontiguousarray(tangent, dtype=np.float64)
        if tangent.shape != (self.n_ip, 6, 6):
            raise InputError("tangents of another shape than the mesh", expected=(self.n_ip, 6, 6), found=tangent.shape)
        for part, of_block in zip(self._parts, slots):
            arguments = (tangent, self.weights, part.connectivity, part.gradient, self._inverse, part.first_ip, rows,
                         of_block, starts, out)
            if len(part.averaged):
                mean_dilatation.add_stiffness(
                    *arguments, *entry_arrays(self.motion.entries), self.dimension, part.averaged)
            else:
                self._kernels.add_stiffness(*arguments)

    def force_size(self, stress_size: np.ndarray) -> np.ndarray:
        """Bound (n_node,) of the nodal forces of stresses of these norms (n_ip,) that nothing can cancel."""
        size = np.ascontiguousarray(stress_size, dtype=np.float64)
        if size.shape != (self.n_ip,):
            raise InputError("sizes of another shape than the mesh", expected=(self.n_ip,), found=size.shape)
        out = np.zeros(self.n_node)
        for part in self._parts:
            if len(part.averaged):  # at each point the mean of the cell acts, too
                every = part.points_of(np.arange(len(part.connectivity)))
                means = (size[every] * self.weights[every]).sum(axis=1) / self.weights[every].sum(axis=1)
                size = size.copy()
                size[every] += means[:, None]
            kernels.add_force_size(
                size, self.weights, part.connectivity, part.gradient, self._inverse, part.first_ip, out)
        return out

    @staticmethod
    def _checked(array: np.ndarray, n: int, n_component: int, name: str) -> np.ndarray:
        array = np.ascontiguousarray(array, dtype=np.float64)
        if array.ndim != 3 or array.shape[1:] != (n, n_component):  # the kernels do not check bounds
            raise InputError(f"{name} of another shape than the mesh", expected=f"(n_step, {n}, {n_component})",
                             found=array.shape)
        return array

    def interpolate(self, values: np.ndarray) -> np.ndarray:
        """Nodal values (..., n_node) at the integration points (..., n_ip), the way each block's solver does it."""
        values = np.asarray(values, dtype=np.float64)
        out = np.empty((*values.shape[:-1], self.n_ip))
        for part in self._parts:
            local = values[..., part.connectivity] @ part.interpolation.T
            out[..., part.first_ip:part.first_ip + part.n_ip] = local.reshape(*values.shape[:-1], part.n_ip)
        return out

    def interpolation_matrix(self, ips: np.ndarray) -> sparse.csr_matrix:
        """Matrix (n, n_node) of `interpolate` for the integration points ips (n,)."""
        ips = np.asarray(ips, dtype=np.int64)
        rows, columns, values = [], [], []
        for part, where, local_cell, q in self._located(ips):
            nodes = part.connectivity[local_cell]
            rows.append(np.repeat(where, nodes.shape[1]))
            columns.append(nodes.ravel())
            values.append(part.interpolation[q].ravel())
        return _csr(rows, columns, values, (len(ips), self.n_node))

    def strain_at(self, u: np.ndarray, ips: np.ndarray) -> np.ndarray:
        """Strain (n_step, n, 6) at the integration points ips (n,) only; u (n_step, n_node, dimension)."""
        ips, u = np.asarray(ips, dtype=np.int64), np.asarray(u, dtype=np.float64)
        out = self._own_strain_at(u, ips)
        for part, where, local_cell, q in self._located(ips):
            if len(part.averaged):
                cells, which = np.unique(local_cell, return_inverse=True)
                every = part.points_of(cells).ravel()
                whole = self._own_strain_at(u, every)
                projected(whole, self.weights[every], part.n_q, 0, len(cells), part.averaged)
                out[:, where] = whole[:, which * part.n_q + q]
        return out

    def _own_strain_at(self, u: np.ndarray, ips: np.ndarray) -> np.ndarray:
        """The symmetric gradient at points, whatever the formulation."""
        gradient = np.zeros((len(u), len(ips), self.dimension, 3))
        for part, where, local_cell, q in self._located(ips):
            physical = part.gradient[q] @ self._inverse[ips[where]]  # (n, n_a, 3)
            local = u[:, part.connectivity[local_cell]]  # (n_step, n, n_a, dimension)
            gradient[:, where] = np.swapaxes(local, -1, -2) @ physical
        out = np.zeros((len(u), len(ips), 6))
        for row, component, column, factor in self.motion.entries:
            out[..., row] += factor * gradient[..., component, column]
        return out

    def strain_matrix(self, ips: np.ndarray | None = None) -> sparse.csr_matrix:
        """B as a sparse matrix (6 n, dimension n_node) at ips (n,), all points by default: for assembling a tangent.

        Rows: point, then Kelvin-Mandel component. Columns: node, then x, y (, z).
        """
        ips = np.arange(self.n_ip) if ips is None else np.asarray(ips, dtype=np.int64)
        matrix = self._own_strain_matrix(ips)
        for part, where, local_cell, q in self._located(ips):
            if len(part.averaged):
                cells, which = np.unique(local_cell, return_inverse=True)
                every = part.points_of(cells)
                others = np.ones(len(ips))
                others[where] = 0.0
                mean = projection_matrix(where, which, q, self.weights[every], part.averaged, len(ips))
                matrix = (sparse.diags(np.repeat(others, 6)) @ matrix
                          + mean @ self._own_strain_matrix(every.ravel())).tocsr()
        return matrix

    def _own_strain_matrix(self, ips: np.ndarray) -> sparse.csr_matrix:
        """The same of the symmetric gradient, whatever the formulation."""
        rows, columns, values = [], [], []
        for part, where, local_cell, q in self._located(ips):
            physical = part.gradient[q] @ self._inverse[ips[where]]
            nodes = part.connectivity[local_cell]
            for row, component, column, factor in self.motion.entries:
                rows.append(np.repeat(6 * where + row, nodes.shape[1]))
                columns.append((self.dimension * nodes + component).ravel())
                values.append((factor * physical[..., column]).ravel())
        return _csr(rows, columns, values, (6 * len(ips), self.dimension * self.n_node))

    def _located(self, ips: np.ndarray) -> list[tuple[_Part, np.ndarray, np.ndarray, np.ndarray]]:
        """For each block concerned: the block, which of ips are in it, and their cell in the block and point number."""
        if len(ips) and not (ips.min() >= 0 and ips.max() < self.n_ip):
            raise InputError("integration point outside the piece", expected=f"0 ... {self.n_ip - 1}",
                             found=f"{ips.min()} ... {ips.max()}")
        located = []
        for part in self._parts:
            where = np.flatnonzero((ips >= part.first_ip) & (ips < part.first_ip + part.n_ip))
            if len(where):
                located.append((part, where, *np.divmod(ips[where] - part.first_ip, len(part.shape))))
        return located


def _csr(rows: list, columns: list, values: list, shape: tuple[int, int]) -> sparse.csr_matrix:
    if not rows:
        return sparse.csr_matrix(shape)
    return sparse.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def _part(block: CellBlock, mesh: Mesh, first_cell: int, first_ip: int) -> tuple[_Part, Rule]:
    kind, quadrature = element(block.cell_type), rule(block.quadrature)
    if kind.dimension != mesh.dimension:
        raise UnsupportedError("cells of another dimension than the mesh", place=f"cells of type {block.cell_type}",
                               expected=f"cells of dimension {mesh.dimension} (kinematics {mesh.kinematics!r})",
                               found=f"dimension {kind.dimension}",
                               remedy="say by [mesh] kinematics what the mesh is, or take these cells out of it")
    averaged = averaged_directions(block.formulation, kind, mesh.motion.axisymmetric)
    if quadrature.cell != kind.cell:
        raise InputError("quadrature rule of another cell shape", place=f"cells of type {block.cell_type}",
                         expected=f"a rule for {kind.cell}", found=block.quadrature)
    connectivity = checked_connectivity(block, kind, mesh.n_node)
    shape = kind.shape(quadrature.points)
    if block.temperature_interpolation == "shape":
        interpolation = shape
    elif block.temperature_interpolation == "mean":
        interpolation = np.full_like(shape, 1.0 / kind.n_node)
    else:
        raise UnsupportedError("unknown interpolation of the temperature", expected="shape, mean",
                               place=f"cells of type {block.cell_type}", found=block.temperature_interpolation)
    gradient = embedded_gradient(kind, quadrature.points)
    return _Part(connectivity, shape, gradient, interpolation, averaged, first_cell, first_ip), quadrature


def checked_connectivity(block: CellBlock, kind: Element, n_node: int) -> np.ndarray:
    """Connectivity as contiguous int64; InputError unless it has the element's nodes, all of them in the mesh."""
    connectivity = np.ascontiguousarray(block.connectivity, dtype=np.int64)
    if connectivity.ndim != 2 or connectivity.shape[1] != kind.n_node:
        raise InputError("connectivity of another shape than the element", place=f"cells of type {block.cell_type}",
                         expected=f"(n_cell, {kind.n_node})", found=connectivity.shape)
    if connectivity.size and not (connectivity.min() >= 0 and connectivity.max() < n_node):
        raise InputError("a cell has a node outside the mesh", place=f"cells of type {block.cell_type}",
                         expected=f"0 ... {n_node - 1}", found=f"{connectivity.min()} ... {connectivity.max()}")
    return connectivity
