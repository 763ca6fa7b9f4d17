"""Nodal fields of one mesh at points of another: the cell that contains a point, and its shape functions there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from romlib.errors import InputError
from romlib.mesh.elements import Element, element
from romlib.mesh.mesh import CellBlock, Mesh

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

_INSIDE = 1e-6  # in reference coordinates: a point on a face belongs to the cell
_MAX_ITERATIONS = 20
_CANDIDATES = (4, 16, 64)  # cells that are tried for a point, nearest centres first
_PAIRS = 50_000  # points and cells that are tried at a time


@dataclass(frozen=True, eq=False)
class Interpolation:
    """matrix : (n_point, n_node), times nodal values. outside : (n_point,), distance from the mesh, zero in a cell."""

    matrix: csr_matrix
    outside: np.ndarray


def interpolation(mesh: Mesh, points: np.ndarray) -> Interpolation:
    """How nodal fields of a mesh are taken at points (n, dimension); outside, the value of the nearest cell's border.

    The nearest cell is the nearest of those whose centres are nearest: right where cells next to each other are of
    similar size.
    """
    if points.shape[1:] != (mesh.dimension,):
        raise InputError("fields of a mesh of another dimension are not taken", place="interpolation between meshes",
                         expected=f"a mesh of dimension {points.shape[-1]}", found=f"dimension {mesh.dimension}")
    from scipy.spatial import cKDTree  # an eighth of the start of a command, and few interpolate

    best = np.full(len(points), np.inf)
    rows: list[tuple[np.ndarray, np.ndarray] | None] = [None] * len(points)
    for block in mesh.blocks:
        if not block.n_cell:
            continue
        corners = mesh.points[block.connectivity]
        tree = cKDTree(corners.mean(axis=1))
        for k in _CANDIDATES:
            open_ = np.flatnonzero(best > 0.0)
            n_near = min(k, block.n_cell)
            for part in np.array_split(open_, max(1, -(-len(open_) * n_near // _PAIRS))):
                if len(part):
                    _try_cells(block, corners, tree, points, part, n_near, best, rows)
            if n_near == block.n_cell:
                break
    n_each = [0 if row is None else len(row[0]) for row in rows]
    found = [row for row in rows if row is not None]
    return Interpolation(csr_matrix(
        (np.concatenate([np.empty(0), *(row[1] for row in found)]),
         np.concatenate([np.empty(0, int), *(row[0] for row in found)]), np.concatenate([[0], np.cumsum(n_each)])),
        shape=(len(points), mesh.n_node)), best)


def _try_cells(
    block: CellBlock, corners: np.ndarray, tree: cKDTree, points: np.ndarray, part: np.ndarray, n_near: int,
    best: np.ndarray, rows: list[tuple[np.ndarray, np.ndarray] | None],
) -> None:
    """Put the best of the nearest cells of each point into `best` and `rows`, where it is better than what is there."""
    kind = element(block.cell_type)
    cells = np.reshape(tree.query(points[part], n_near)[1], (len(part), n_near))
    pairs, targets = cells.ravel(), np.repeat(points[part], n_near, axis=0)
    xi = reference_coordinates(kind, corners[pairs], targets)
    inside = is_inside(kind.cell, xi)
    xi = np.where(inside[:, None], xi, _into(kind.cell, np.where(np.isfinite(xi), xi, kind.nodes.mean(axis=0))))
    shape = kind.shape(xi)
    distance = np.linalg.norm(np.einsum("na,nai->ni", shape, corners[pairs]) - targets, axis=1)
    distance = np.where(inside, 0.0, distance).reshape(len(part), n_near)
    choice = np.argmin(distance, axis=1)
    for i, (point, column) in enumerate(zip(part, choice)):
        if distance[i, column] < best[point]:
            best[point] = distance[i, column]
            rows[point] = block.connectivity[cells[i, column]], shape[i * n_near + column]


def reference_coordinates(kind: Element, corners: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Solve x(xi) = point in each cell (n, n_node, k) by Newton's method: (n, k), NaN where it does not converge.

    points : (n, k), one a cell, or (k,).
    """
    xi = np.tile(kind.nodes.mean(axis=0), (len(corners), 1))
    if not len(corners):
        return xi
    size = np.linalg.norm(np.ptp(corners, axis=1), axis=1)
    for _ in range(_MAX_ITERATIONS):
        gap = points - np.einsum("na,nai->ni", kind.shape(xi), corners)
        jacobian = np.einsum("nai,naj->nij", corners, kind.gradient(xi))
        xi = np.clip(xi + np.einsum("nij,nj->ni", np.linalg.pinv(jacobian), gap), -3.0, 3.0)
        if np.all(np.linalg.norm(gap, axis=1) <= 1e-12 * size):
            break
    gap = np.linalg.norm(points - np.einsum("na,nai->ni", kind.shape(xi), corners), axis=1)
    return np.where((gap <= 1e-8 * size)[:, None], xi, np.nan)


def is_inside(cell: str, xi: np.ndarray) -> np.ndarray:
    """(n,), False for NaN."""
    if cell in ("hex", "quad"):
        return (np.abs(xi) <= 1.0 + _INSIDE).all(axis=1)
    if cell in ("tet", "tri"):
        return (xi >= -_INSIDE).all(axis=1) & (xi.sum(axis=1) <= 1.0 + _INSIDE)
    if cell == "pyramid":
        return (xi[:, 2] >= -_INSIDE) & (np.abs(xi[:, :2]).max(axis=1) <= 1.0 - xi[:, 2] + _INSIDE)
    return ((xi[:, :2] >= -_INSIDE).all(axis=1) & (xi[:, :2].sum(axis=1) <= 1.0 + _INSIDE)
            & (np.abs(xi[:, 2]) <= 1.0 + _INSIDE))


def _into(cell: str, xi: np.ndarray) -> np.ndarray:
    """A point (n, k) of the reference cell near each of these."""
    if cell in ("hex", "quad"):
        return np.clip(xi, -1.0, 1.0)
    if cell in ("tet", "tri"):
        return _into_simplex(xi)
    if cell == "pyramid":
        height = np.clip(xi[:, 2:], 0.0, 1.0)
        return np.column_stack([np.clip(xi[:, :2], height - 1.0, 1.0 - height), height])
    return np.column_stack([_into_simplex(xi[:, :2]), np.clip(xi[:, 2], -1.0, 1.0)])


def _into_simplex(xi: np.ndarray) -> np.ndarray:
    inside = np.maximum(xi, 0.0)
    return inside / np.maximum(inside.sum(axis=1, keepdims=True), 1.0)
