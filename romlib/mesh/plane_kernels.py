"""The loops of `romlib.mesh.kernels` in two dimensions: plane strain and axisymmetric bodies.

The arguments are those of the loops for solids, with an embedded gradient in place of the plain one: reference
gradients (n_q, n_a, 3) have dN/dxi, dN/deta and N itself, inverses (n_ip, 3, 3) are the inverse Jacobian in their first
two rows and columns and 1 / r (zero in plane strain) in their last entry, so that the physical gradient has dN/dx,
dN/dy and N / r. Displacements and forces have two components; strains and stresses six, Kelvin-Mandel, of which 33 is
along z or round the axis, and 13 and 23 are zero.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from romlib.mesh.kernels import FAST, physical_gradients


@njit(cache=True, fastmath=FAST)
def inverse_jacobians(
    points: np.ndarray, connectivity: np.ndarray, gradient: np.ndarray, determinant: np.ndarray, inverse: np.ndarray,
    first: int, axisymmetric: bool,
) -> None:
    """Fill det J (n_ip,) and the embedded inverse (n_ip, 3, 3) of one block; points (n_node, 2)."""
    n_cell, n_a = connectivity.shape
    for c in range(n_cell):
        for q in range(gradient.shape[0]):
            a00 = a01 = a10 = a11 = r = 0.0
            for a in range(n_a):
                x, y = points[connectivity[c, a], 0], points[connectivity[c, a], 1]
                a00 += x * gradient[q, a, 0]
                a01 += x * gradient[q, a, 1]
                a10 += y * gradient[q, a, 0]
                a11 += y * gradient[q, a, 1]
                r += x * gradient[q, a, 2]
            det = a00 * a11 - a01 * a10
            k = first + c * gradient.shape[0] + q
            determinant[k] = det
            scale = 1.0 / det if det != 0.0 else np.inf
            inverse[k, :, :] = 0.0
            inverse[k, 0, 0] = a11 * scale
            inverse[k, 0, 1] = -a01 * scale
            inverse[k, 1, 0] = -a10 * scale
            inverse[k, 1, 1] = a00 * scale
            if axisymmetric:
                inverse[k, 2, 2] = 1.0 / r if r != 0.0 else np.inf


@njit(cache=True, fastmath=FAST)
def strain(
    displacement: np.ndarray, connectivity: np.ndarray, gradient: np.ndarray, inverse: np.ndarray, first: int,
    out: np.ndarray,
) -> None:
    """Fill out (n_step, n_ip, 6) for one block; displacement (n_step, n_node, 2)."""
    n_cell, n_a = connectivity.shape
    n_q = gradient.shape[0]
    half_root = np.sqrt(0.5)
    physical = np.empty((n_q, n_a, 3))
    local = np.empty((n_a, 2))
    for c in range(n_cell):
        start = first + c * n_q
        physical_gradients(gradient, inverse, start, physical)
        for s in range(displacement.shape[0]):
            for a in range(n_a):
                node = connectivity[c, a]
                local[a, 0] = displacement[s, node, 0]
                local[a, 1] = displacement[s, node, 1]
            for q in range(n_q):
                xx = yy = hoop = xy = yx = 0.0
                for a in range(n_a):
                    u, v = local[a, 0], local[a, 1]
                    xx += physical[q, a, 0] * u
                    yy += physical[q, a, 1] * v
                    hoop += physical[q, a, 2] * u
                    xy += physical[q, a, 0] * v
                    yx += physical[q, a, 1] * u
                row = out[s, start + q]
                row[0] = xx
                row[1] = yy
                row[2] = hoop
                row[3] = half_root * (xy + yx)
                row[4] = 0.0
                row[5] = 0.0


@njit(cache=True, fastmath=FAST)
def add_internal_force(
    stress: np.ndarray, weights: np.ndarray, connectivity: np.ndarray, gradient: np.ndarray, inverse: np.ndarray,
    first: int, out: np.ndarray,
) -> None:
    """Add sum_q w_q B_q^T sigma_q of one block to out (n_step, n_node, 2); stress (n_step, n_ip, 6)."""
    n_cell, n_a = connectivity.shape
    n_q = gradient.shape[0]
    half_root = np.sqrt(0.5)
    physical = np.empty((n_q, n_a, 3))
    local = np.empty((n_a, 2))
    for c in range(n_cell):
        start = first + c * n_q
        physical_gradients(gradient, inverse, start, physical)
        for s in range(stress.shape[0]):
            local[:] = 0.0
            for q in range(n_q):
                row = stress[s, start + q]
                w = weights[start + q]
                xx, yy, hoop, xy = w * row[0], w * row[1], w * row[2], half_root * w * row[3]
                for a in range(n_a):
                    gx, gy = physical[q, a, 0], physical[q, a, 1]
                    local[a, 0] += xx * gx + xy * gy + hoop * physical[q, a, 2]
                    local[a, 1] += xy * gx + yy * gy
            for a in range(n_a):
                node = connectivity[c, a]
                out[s, node, 0] += local[a, 0]
                out[s, node, 1] += local[a, 1]


@njit(cache=True, fastmath=FAST)
def add_stiffness(
    tangent: np.ndarray, weights: np.ndarray, connectivity: np.ndarray, gradient: np.ndarray, inverse: np.ndarray,
    first: int, rows: np.ndarray, slots: np.ndarray, starts: np.ndarray, out: np.ndarray,
) -> None:
    """Add the element matrices of one block to the values of a CSR matrix with two rows and columns a node."""
    n_cell, n_a = connectivity.shape
    n_q = gradient.shape[0]
    h = np.sqrt(0.5)
    physical = np.empty((n_q, n_a, 3))
    cb = np.empty((n_a, 2, 4))  # (w C B)^T: rows 11, 22, 33, 12 of column j of node b
    local = np.empty((n_a, n_a, 2, 2))
    for c in range(n_cell):
        start = first + c * n_q
        physical_gradients(gradient, inverse, start, physical)
        local[:] = 0.0
        for q in range(n_q):
            C, w = tangent[start + q], weights[start + q]
            for b in range(n_a):
                gx, gy, gh = w * physical[q, b, 0], w * physical[q, b, 1], w * physical[q, b, 2]
                for k in range(4):
                    cb[b, 0, k] = C[k, 0] * gx + C[k, 2] * gh + C[k, 3] * (h * gy)
                    cb[b, 1, k] = C[k, 1] * gy + C[k, 3] * (h * gx)
            for a in range(n_a):
                gx, gy, gh = physical[q, a, 0], physical[q, a, 1], physical[q, a, 2]
                hx, hy = h * gx, h * gy
                for b in range(n_a):
                    for j in range(2):
                        v = cb[b, j]
                        local[a, b, 0, j] += gx * v[0] + gh * v[2] + hy * v[3]
                        local[a, b, 1, j] += gy * v[1] + hx * v[3]
        for a in range(n_a):
            row = rows[connectivity[c, a]]
            begin, length = starts[row], starts[row + 1] - starts[row]
            for b in range(n_a):
                at = 4 * begin + 2 * (slots[c, a, b] - begin)
                for i in range(2):
                    for j in range(2):
                        out[at + 2 * i * length + j] += local[a, b, i, j]
