"""Shape functions of pyramids: polynomials, and the rational functions that a pyramid needs to fit hexahedra.

Reference cell: base [-1, 1]^2 at zeta = 0, apex (0, 0, 1). With w = 1 - zeta, r = xi eta / w: the five functions of the
linear pyramid span 1, xi, eta, zeta, r; the thirteen of the quadratic one all polynomials of degree two and r, r xi,
r eta. They are those of G. Bedrosian, Shape functions and integration formulas for three-dimensional finite element
analysis, IJNME 35 (1992) 95-108; on faces they are those of triangles and quadrangles, and in (xi / w, eta / w, w) they
are those of the hexahedron whose upper nodes are one.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

ShapeFunction = Callable[[np.ndarray], np.ndarray]


def pyramid_basis(nodes: np.ndarray) -> tuple[ShapeFunction, ShapeFunction]:
    """Shape functions xi (n, 3) -> (n, n_node) and gradients -> (n, n_node, 3) of 5 or 13 nodes (n_node, 3).

    At the apex the gradient of r has no limit: what is given there is the one along the axis of the pyramid.
    """
    degree = 1 if len(nodes) == 5 else 2
    exponents = np.array([e for e in product(range(degree + 1), repeat=3) if sum(e) <= degree])
    spanned = _spanned(nodes, exponents, degree)
    coefficients = np.round(8.0 * np.linalg.inv(spanned)) / 8.0  # they are multiples of 1/8: no rounding error is left

    def shape(xi: np.ndarray) -> np.ndarray:
        return _spanned(np.asarray(xi, dtype=float), exponents, degree) @ coefficients

    def gradient(xi: np.ndarray) -> np.ndarray:
        slopes = _slopes(np.asarray(xi, dtype=float), exponents, degree)
        return np.einsum("nkj,ka->naj", slopes, coefficients)

    return shape, gradient


def _over_w(xi: np.ndarray) -> np.ndarray:
    """xi / w and eta / w, (n, 2); zero at the apex."""
    w = 1.0 - xi[:, 2:]
    return np.where(w == 0.0, 0.0, xi[:, :2] / np.where(w == 0.0, 1.0, w))


def _spanned(xi: np.ndarray, exponents: np.ndarray, degree: int) -> np.ndarray:
    """The functions that span the space, (n, n_node)."""
    polynomials = np.prod(xi[:, None, :] ** exponents[None, :, :], axis=2)
    s, _ = _over_w(xi).T
    r = s * xi[:, 1]
    rational = [r] if degree == 1 else [r, r * xi[:, 0], r * xi[:, 1]]
    return np.column_stack([polynomials, *rational])


def _slopes(xi: np.ndarray, exponents: np.ndarray, degree: int) -> np.ndarray:
    """Their derivatives, (n, n_node, 3)."""
    directions = []
    for direction in range(3):
        lowered = exponents.copy()
        lowered[:, direction] = np.maximum(lowered[:, direction] - 1, 0)
        directions.append(exponents[:, direction] * np.prod(xi[:, None, :] ** lowered[None, :, :], axis=2))
    polynomials = np.stack(directions, axis=-1)
    s, t = _over_w(xi).T
    slope = np.stack([t, s, s * t], axis=1)
    rational = [slope]
    if degree == 2:
        r = s * xi[:, 1]
        for k in range(2):
            of_product = slope * xi[:, k, None]
            of_product[:, k] += r
            rational.append(of_product)
    return np.concatenate([polynomials, np.stack(rational, axis=1)], axis=1)
