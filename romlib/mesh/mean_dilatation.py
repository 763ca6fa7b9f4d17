"""B-bar: strains whose volumetric part is the mean over the cell, so that nearly incompressible cells do not lock.

With P the projection that takes some components of the strain to their mean over the cell, weighed by the volume of the
points, the strain of a displacement is P B u. P is symmetric in that weight, so that the nodal forces of a stress are
those of P sigma, and the stiffness is the sum of w (P B)^T C (P B).

====================  ==========================================  =====================================================
formulation           components that are taken to their mean     whose
====================  ==========================================  =====================================================
B-bar                 the trace (T. J. R. Hughes, IJNME 15, 1980) Abaqus C3D8 (theory guide 3.2.4), Ansys SOLID185 with
                                                                  KEYOPT(2) = 0: each confirmed by a file of the solver
B-bar in plane        11 + 22, and the hoop strain                Abaqus CPE4, CAX4 (the same)
====================  ==========================================  =====================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numba import njit
from scipy import sparse

from romlib.errors import InputError, UnsupportedError
from romlib.mesh.elements import Element, element
from romlib.mesh.kernels import FAST
from romlib.mesh.mesh import Mesh
from romlib.words import unknown

STANDARD, B_BAR, B_BAR_IN_PLANE = "standard", "B-bar", "B-bar in plane"
FORMULATIONS = (STANDARD, B_BAR, B_BAR_IN_PLANE)


def averaged_directions(formulation: str, kind: Element, axisymmetric: bool = False) -> np.ndarray:
    """Unit vectors (n, 6), Kelvin-Mandel, along which a formulation takes the strain to its mean over the cell.

    None for the standard one.

    Raises
    ------
    UnsupportedError : an unknown formulation; one that is made for linear cells, or for plane ones, of another kind.
    """
    place = f"cells of type {kind.name}"
    if formulation not in FORMULATIONS:
        raise UnsupportedError("the element formulation cannot be reproduced", place=place, **unknown(
            formulation, FORMULATIONS, "run the solver with one of these (full or reduced integration)"))
    if formulation == STANDARD:
        return np.empty((0, 6))
    if kind.n_node > kind.n_corner:
        raise UnsupportedError(f"{formulation} is a formulation of linear cells", place=place, found=formulation,
                               expected="standard, for cells with mid-side nodes")
    if formulation == B_BAR:
        return np.array([[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]]) / np.sqrt(3.0)
    if kind.dimension != 2:
        raise UnsupportedError("a formulation of plane and axisymmetric cells", place=place, found=formulation,
                               expected=f"{STANDARD} or {B_BAR}")
    in_plane = np.array([[1.0, 1.0, 0.0, 0.0, 0.0, 0.0]]) / np.sqrt(2.0)
    return np.concatenate([in_plane, np.eye(6)[2:3]]) if axisymmetric else in_plane


def with_formulations(mesh: Mesh, formulations: Mapping[str, str], place: str) -> Mesh:
    """The mesh with the formulation of each cell type that is named. place : of the choice, for messages.

    Raises
    ------
    InputError : cells that the mesh lacks. UnsupportedError : see `averaged_directions`.
    """
    kinds = [block.cell_type for block in mesh.blocks]
    for cell_type, formulation in formulations.items():
        if cell_type not in kinds:
            raise InputError("a formulation for cells that the mesh lacks", place=f"{place}, {cell_type}",
                             expected=", ".join(dict.fromkeys(kinds)), found=cell_type)
        averaged_directions(formulation, element(cell_type))
    return replace(mesh, blocks=tuple(
        replace(block, formulation=formulations.get(block.cell_type, block.formulation)) for block in mesh.blocks))


def projected(values: np.ndarray, weights: np.ndarray, n_q: int, first: int, n_cell: int, directions: np.ndarray
              ) -> None:
    """Take values (n_step, n_ip, 6), C-contiguous, of the cells of one block to P values, in place.

    weights : (n_ip,), volume of each point. first : the block's first point. directions : of `averaged_directions`.
    """
    if len(directions):
        _project(values, weights, n_q, first, n_cell, directions)


@njit(cache=True, fastmath=FAST)
def _project(
    values: np.ndarray, weights: np.ndarray, n_q: int, first: int, n_cell: int, directions: np.ndarray
) -> None:
    along = np.empty(n_q)
    for s in range(values.shape[0]):
        for c in range(n_cell):
            start = first + c * n_q
            for d in range(directions.shape[0]):
                mean = volume = 0.0
                for q in range(n_q):
                    along[q] = 0.0
                    for k in range(6):
                        along[q] += directions[d, k] * values[s, start + q, k]
                    mean += weights[start + q] * along[q]
                    volume += weights[start + q]
                mean /= volume
                for q in range(n_q):
                    for k in range(6):
                        values[s, start + q, k] += directions[d, k] * (mean - along[q])


def projection_matrix(
    where: np.ndarray, cells: np.ndarray, q: np.ndarray, weights: np.ndarray, directions: np.ndarray, n: int
) -> sparse.csr_matrix:
    """P as a matrix (6 n, 6 n_cell n_q) that gives rows of some points from the strains at all points of their cells.

    where : (m,), the points' places among n rows. cells, q : (m,), cell and point of each. weights : (n_cell, n_q).
    """
    n_q = weights.shape[1]
    along = directions.T @ directions  # (6, 6)
    parts = weights / weights.sum(axis=1, keepdims=True)
    own = np.arange(n_q) == q[:, None]  # (m, n_q)
    block = (parts[cells] - own)[:, :, None, None] * along + own[:, :, None, None] * np.eye(6)
    points = cells[:, None] * n_q + np.arange(n_q)
    rows = np.broadcast_to((6 * where[:, None] + np.arange(6))[:, None, :, None], block.shape)
    columns = np.broadcast_to(6 * points[:, :, None, None] + np.arange(6), block.shape)
    found = sparse.csr_matrix((block.ravel(), (rows.ravel(), columns.ravel())), shape=(6 * n, 6 * weights.size))
    found.eliminate_zeros()
    return found


def entry_arrays(entries: Sequence[tuple[int, int, int, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Where a strain comes from, as `add_stiffness` takes it: row, component and column (n, 3), and factor (n,)."""
    return (np.array([entry[:3] for entry in entries], dtype=np.int64),
            np.array([entry[3] for entry in entries], dtype=np.float64))


@njit(cache=True, fastmath=FAST)
def add_stiffness(
    tangent: np.ndarray, weights: np.ndarray, connectivity: np.ndarray, gradient: np.ndarray, inverse: np.ndarray,
    first: int, rows: np.ndarray, slots: np.ndarray, starts: np.ndarray, out: np.ndarray, places: np.ndarray,
    factors: np.ndarray, n: int, directions: np.ndarray,
) -> None:
    """Add sum_q w_q (P B)_q^T C_q (P B)_q of one block to the values of a CSR matrix with n rows a node.

    The first ten are those of `romlib.mesh.kernels.add_stiffness`. places, factors : of `entry_arrays`.
    """
    n_cell, n_a = connectivity.shape
    n_q = gradient.shape[0]
    B = np.empty((n_q, n_a, n, 6))
    mean = np.empty((directions.shape[0], n_a, n))
    cb = np.empty((n_a, n, 6))
    local = np.empty((n_a, n_a, n, n))
    for c in range(n_cell):
        start = first + c * n_q
        _fill(B, mean, gradient, inverse, weights, start, places, factors, directions)
        local[:] = 0.0
        for q in range(n_q):
            for b in range(n_a):
                for j in range(n):
                    for k in range(6):
                        total = 0.0
                        for m in range(6):
                            total += tangent[start + q, k, m] * B[q, b, j, m]
                        cb[b, j, k] = weights[start + q] * total
            for a in range(n_a):
                for b in range(n_a):
                    for i in range(n):
                        for j in range(n):
                            total = 0.0
                            for k in range(6):
                                total += B[q, a, i, k] * cb[b, j, k]
                            local[a, b, i, j] += total
        for a in range(n_a):
            row = rows[connectivity[c, a]]
            begin, length = starts[row], starts[row + 1] - starts[row]
            for b in range(n_a):
                at = n * n * begin + n * (slots[c, a, b] - begin)
                for i in range(n):
                    for j in range(n):
                        out[at + n * i * length + j] += local[a, b, i, j]


@njit(cache=True, fastmath=FAST)
def _fill(
    B: np.ndarray, mean: np.ndarray, gradient: np.ndarray, inverse: np.ndarray, weights: np.ndarray, start: int,
    places: np.ndarray, factors: np.ndarray, directions: np.ndarray,
) -> None:
    """P B of one cell (n_q, n_a, n, 6): the strain of a unit displacement of each node along each axis."""
    n_q, n_a, n = B.shape[:3]
    volume = 0.0
    B[:] = 0.0
    mean[:] = 0.0
    for q in range(n_q):
        w = weights[start + q]
        volume += w
        for a in range(n_a):
            for e in range(len(factors)):
                column, slope = places[e, 2], 0.0
                for i in range(3):
                    slope += gradient[q, a, i] * inverse[start + q, i, column]
                B[q, a, places[e, 1], places[e, 0]] += factors[e] * slope
            for d in range(directions.shape[0]):
                for i in range(n):
                    for k in range(6):
                        mean[d, a, i] += w * directions[d, k] * B[q, a, i, k]
    mean /= volume
    for q in range(n_q):
        for a in range(n_a):
            for d in range(directions.shape[0]):
                for i in range(n):
                    along = 0.0
                    for k in range(6):
                        along += directions[d, k] * B[q, a, i, k]
                    for k in range(6):
                        B[q, a, i, k] += directions[d, k] * (mean[d, a, i] - along)
