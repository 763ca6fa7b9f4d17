"""Quadrature on cells that are a square or a cube with a face, or an edge, drawn together to a point, or an edge.

Such cells have the coordinates of the cube (s, t, z): in a pyramid xi = s w, eta = t w, zeta = 1 - w, and the volume
has the factor w^2.
"""

from __future__ import annotations

import numpy as np
from scipy.special import roots_jacobi

_Points = tuple[np.ndarray, np.ndarray]
# P. C. Hammer and A. W. Wymore 1957: degree seven on the cube; distances of the points, and weights, of the centre,
# the axes, the corners and the edges. Those of the edges are outside.
_HAMMER = ((0.0, 0.788073482744210572), (0.848418011472252460, 0.499369002307720322),
           (0.652816472101691205, 0.478508449425127344), (1.106412898626717527, 0.0323037423340373953))


def conical(n: int) -> _Points:
    """Points (n^3, 3) and weights of a pyramid: n Gauss points along s, t and, with the weight w^2, zeta.

    s runs fastest, then t, then zeta. Exact for products of the shape functions of degree n - 1 (linear: n = 2).
    """
    line, weight = np.polynomial.legendre.leggauss(n)
    x, of_x = roots_jacobi(n, 2, 0)  # on [-1, 1] with the weight (1 - x)^2
    z, of_z = 0.5 * (1.0 + x), of_x / 8.0
    height, t, s = (axis.ravel() for axis in np.meshgrid(z, line, line, indexing="ij"))
    weights = np.einsum("i,j,k->ijk", of_z, weight, weight).ravel()
    return np.column_stack([s * (1.0 - height), t * (1.0 - height), height]), weights


def hammer_27() -> _Points:
    """FPG27 of Code_Aster for pyramids: a rule of the cube, in the order of its source (elraga); twelve points are
    outside."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=float)
    sides = np.array([(0, -1), (1, 0), (0, 1), (-1, 0)], dtype=float)

    def at(plane: np.ndarray, height: float) -> np.ndarray:
        return np.column_stack([plane, np.full(len(plane), height)])

    (_, of_centre), (b, of_axes), (c, of_corners), (d, of_edges) = _HAMMER
    cube = np.concatenate([
        [[0.0, 0.0, 0.0]], at(b * sides, 0.0), [[0.0, 0.0, -b], [0.0, 0.0, b]], at(c * corners, -c), at(c * corners, c),
        at(d * sides, -d), at(d * corners, 0.0), at(d * sides, d)])
    weights = np.repeat([of_centre, of_axes, of_corners, of_edges], [1, 6, 8, 12])
    return _in_pyramid(cube, weights)


def of_collapsed_hexahedron(cell: str, points: np.ndarray, weights: np.ndarray) -> _Points:
    """A rule of the cube [-1, 1]^3 on the cell that a hexahedron becomes whose nodes are equal in part.

    cell : "wedge" (of nodes 2 = 3 and 6 = 7 its nodes 2 and 5), "pyramid" (4 = 5 = 6 = 7) or "tet" (2 = 3 and
    4 = 5 = 6 = 7: its nodes 2 and 3). The shape functions of the cell are those of the hexahedron, those of equal nodes
    added up, so that the integral is the one that a solver has which knows nothing of the cell.
    """
    if cell == "pyramid":
        return _in_pyramid(points, weights)
    x, y, z = points.T
    v = 0.5 * (1.0 - y)  # of the edge (0, 1)
    plane, area = np.column_stack([0.5 * (1.0 + x) * v, 1.0 - v]), 0.25 * v
    if cell == "wedge":
        return np.column_stack([plane, z]), weights * area
    w = 0.5 * (1.0 - z)
    return np.column_stack([plane * w[:, None], 1.0 - w]), 0.5 * weights * area * w**2


def _in_pyramid(points: np.ndarray, weights: np.ndarray) -> _Points:
    w = 0.5 * (1.0 - points[:, 2])
    return np.column_stack([points[:, :2] * w[:, None], 1.0 - w]), 0.5 * weights * w**2
