"""The mass matrix of unit density: the inner product of nodal fields in L2."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from romlib.errors import InputError
from romlib.mesh.elements import element
from romlib.mesh.embedding import checked_points, embedded_gradient, extent, fill_jacobians
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.operator import checked_connectivity
from romlib.mesh.quadrature import rule

_TIMES_RADIUS = {"tri_3": "tri_6", "tri_6": "tri_7"}  # of mass rules; those of quadrangles are exact to it
_CHUNK = 4096  # cells at a time: bounds the list of local matrices (13 MB for hex20)


def mass_matrix(mesh: Mesh) -> sparse.csr_matrix:
    """M (n_node, n_node), M_ab = integral of N_a N_b: symmetric; the same for each component of a vector field.

    The rule is exact for the shape functions of each element whatever rule the solver used: an eight-point rule makes
    the mass of a 20-node hexahedron singular. In an axisymmetric body it is exact for their products times the radius.
    Where the Jacobian of a badly shaped cell is not positive at a point of
    that rule, although it is at the solver's points, the cell's mean Jacobian is taken, so that M stays positive.

    Raises
    ------
    InputError : a cell without positive volume.
    """
    points = checked_points(mesh)
    total = sparse.csr_matrix((mesh.n_node, mesh.n_node))
    for block in mesh.blocks:
        connectivity = checked_connectivity(block, element(block.cell_type), mesh.n_node)
        for start in range(0, block.n_cell, _CHUNK):
            total = total + _chunk_mass(mesh, points, block, connectivity[start:start + _CHUNK], start)
    return total.tocsr()


def _chunk_mass(
    mesh: Mesh, points: np.ndarray, block: CellBlock, connectivity: np.ndarray, start: int
) -> sparse.csr_matrix:
    kind = element(block.cell_type)
    quadrature = rule(_TIMES_RADIUS.get(kind.mass_rule, kind.mass_rule) if mesh.motion.axisymmetric else kind.mass_rule)
    n_a = kind.n_node
    jacobian = _determinants(mesh, points, connectivity, embedded_gradient(kind, quadrature.points))
    if mesh.dimension == 2:
        jacobian *= extent(mesh, points[connectivity, 0] @ kind.shape(quadrature.points).T)
    volume = jacobian @ quadrature.weights
    if not np.all(volume > 0.0):
        worst = int(np.argmin(np.where(np.isnan(volume), -np.inf, volume)))
        raise InputError("a cell has no positive volume", place=f"cell {block.cell_ids[start + worst]}",
                         expected="volume > 0", found=f"{volume[worst]:.3e}",
                         remedy="check the node order of the cell, or repair the mesh in the solver")
    folded = ~np.all(jacobian > 0.0, axis=1)
    jacobian[folded] = (volume[folded] / quadrature.weights.sum())[:, None]
    shape = kind.shape(quadrature.points)
    products = (shape[:, :, None] * shape[:, None, :]).reshape(-1, n_a * n_a)
    local = (jacobian * quadrature.weights) @ products
    rows, columns = np.repeat(connectivity, n_a, axis=1), np.tile(connectivity, (1, n_a))
    return sparse.csr_matrix((local.ravel(), (rows.ravel(), columns.ravel())), shape=(mesh.n_node, mesh.n_node))


def _determinants(mesh: Mesh, points: np.ndarray, connectivity: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """(n_cell, n_q)"""
    n_ip = len(connectivity) * len(gradient)
    determinant, inverse = np.empty(n_ip), np.empty((n_ip, 3, 3))
    fill_jacobians(mesh.motion, points, connectivity, gradient, determinant, inverse, 0)
    return determinant.reshape(len(connectivity), len(gradient))
