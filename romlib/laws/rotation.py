"""Strain, stress and tangent between the global frame and the material axes of each point, in compiled loops.

A change of axes is an orthogonal 6 x 6 matrix Q on Kelvin-Mandel vectors, for stress and strain alike: a' = Q a,
a = Q^T a', C = Q^T C' Q. It is made from the 3 x 3 axes of each point where it is needed, and stored nowhere. Q:
M. M. Mehrabadi, S. C. Cowin, Q. J. Mech. Appl. Math. 43 (1990), eq. 2.6.
"""

from __future__ import annotations

import numba
import numpy as np

from romlib.errors import LawError


def along_axes(vectors: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Tensors (..., n, 6) of the global frame along the axes (n, 3, 3) of each point, a new array."""
    return _turn(vectors, axes, False)


def from_axes(vectors: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Tensors (..., n, 6) along the axes (n, 3, 3) of each point in the global frame, a new array."""
    return _turn(vectors, axes, True)


def tangent_from_axes(tangent: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Tangents (n, 6, 6) along the axes (n, 3, 3) of each point in the global frame, a new array."""
    tangent, axes = (np.ascontiguousarray(values, dtype=float) for values in (tangent, axes))
    _refuse(tangent.shape, (len(axes), 6, 6), axes)
    out = np.empty_like(tangent)
    _tangents(tangent, axes, out)
    return out


def directions_of(axes: np.ndarray) -> np.ndarray:
    """The dyads a_k a_k of axes (n, 3, 3), as Kelvin-Mandel vectors (n, 3, 6) of the global frame."""
    axes = np.ascontiguousarray(axes, dtype=float)
    out = np.empty((len(axes), 3, 6))
    _refuse((len(axes), 6), (len(axes), 6), axes)
    _dyads(axes, out)
    return out


def _turn(vectors: np.ndarray, axes: np.ndarray, back: bool) -> np.ndarray:
    vectors, axes = (np.ascontiguousarray(values, dtype=float) for values in (vectors, axes))
    _refuse(vectors.shape[-2:], (len(axes), 6), axes)
    out = np.empty_like(vectors)
    _vectors(vectors.reshape(-1, 6), axes, back, out.reshape(-1, 6))
    return out


def _refuse(found: tuple[int, ...], expected: tuple[int, ...], axes: np.ndarray) -> None:
    """A compiled loop looks at no bounds."""
    if found != expected or axes.shape[1:] != (3, 3):
        raise LawError("tensors and material axes do not fit each other",
                       expected=f"{expected} and ({len(axes)}, 3, 3)", found=f"{found} and {axes.shape}")


@numba.njit(cache=True)
def _matrix(a, q):
    """Q (6, 6) of axes a (3, 3)."""
    root = np.sqrt(2.0)
    for i in range(3):
        for k in range(3):
            q[i, k] = a[i, k] * a[i, k]
        q[i, 3], q[i, 4], q[i, 5] = root * a[i, 0] * a[i, 1], root * a[i, 0] * a[i, 2], root * a[i, 1] * a[i, 2]
        for j in range(i + 1, 3):
            row = i + j + 2
            for k in range(3):
                q[row, k] = root * a[i, k] * a[j, k]
            q[row, 3] = a[i, 0] * a[j, 1] + a[i, 1] * a[j, 0]
            q[row, 4] = a[i, 0] * a[j, 2] + a[i, 2] * a[j, 0]
            q[row, 5] = a[i, 1] * a[j, 2] + a[i, 2] * a[j, 1]


@numba.njit(cache=True)
def _vectors(vectors, axes, back, out):
    """A a A^T of the tensor a, or A^T a A, as matrices: half the work of Q."""
    root = np.sqrt(2.0)
    half = 1.0 / root
    for i in range(len(vectors)):
        x, a = vectors[i], axes[i % len(axes)]
        x01, x02, x12 = x[3] * half, x[4] * half, x[5] * half
        for r in range(3):
            if back:
                r0, r1, r2 = a[0, r], a[1, r], a[2, r]
            else:
                r0, r1, r2 = a[r, 0], a[r, 1], a[r, 2]
            p0 = r0 * x[0] + r1 * x01 + r2 * x02
            p1 = r0 * x01 + r1 * x[1] + r2 * x12
            p2 = r0 * x02 + r1 * x12 + r2 * x[2]
            out[i, r] = p0 * r0 + p1 * r1 + p2 * r2
            for c in range(r + 1, 3):
                if back:
                    value = p0 * a[0, c] + p1 * a[1, c] + p2 * a[2, c]
                else:
                    value = p0 * a[c, 0] + p1 * a[c, 1] + p2 * a[c, 2]
                out[i, r + c + 2] = root * value


@numba.njit(cache=True)
def _tangents(tangent, axes, out):
    q, half = np.empty((6, 6)), np.empty((6, 6))
    for i in range(len(tangent)):
        _matrix(axes[i], q)
        for r in range(6):
            half[r] = 0.0
            out[i, r] = 0.0
        for r in range(6):
            for k in range(6):
                factor = tangent[i, r, k]
                for c in range(6):  # along memory, which compilers make one instruction of several
                    half[r, c] += factor * q[k, c]
        for k in range(6):
            for r in range(6):
                factor = q[k, r]
                for c in range(6):
                    out[i, r, c] += factor * half[k, c]


@numba.njit(cache=True)
def _dyads(axes, out):
    q = np.empty((6, 6))
    for i in range(len(axes)):
        _matrix(axes[i], q)
        for k in range(3):
            for c in range(6):
                out[i, k, c] = q[k, c]
