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
    for row in range(6):
        i = row if row < 3 else (0 if row < 5 else 1)
        j = row if row < 3 else (1 if row == 3 else 2)
        for column in range(6):
            k = column if column < 3 else (0 if column < 5 else 1)
            m = column if column < 3 else (1 if column == 3 else 2)
            if column < 3:
                value = a[i, k] * a[j, k] * (1.0 if row < 3 else root)
            elif row < 3:
                value = root * a[i, k] * a[i, m]
            else:
                value = a[i, k] * a[j, m] + a[i, m] * a[j, k]
            q[row, column] = value


@numba.njit(cache=True)
def _vectors(vectors, axes, back, out):
    q = np.empty((6, 6))
    for i in range(len(vectors)):
        _matrix(axes[i % len(axes)], q)
        for r in range(6):
            total = 0.0
            for c in range(6):
                total += (q[c, r] if back else q[r, c]) * vectors[i, c]
            out[i, r] = total


@numba.njit(cache=True)
def _tangents(tangent, axes, out):
    q, half = np.empty((6, 6)), np.empty((6, 6))
    for i in range(len(tangent)):
        _matrix(axes[i], q)
        for r in range(6):
            for c in range(6):
                total = 0.0
                for k in range(6):
                    total += tangent[i, r, k] * q[k, c]
                half[r, c] = total
        for r in range(6):
            for c in range(6):
                total = 0.0
                for k in range(6):
                    total += q[k, r] * half[k, c]
                out[i, r, c] = total


@numba.njit(cache=True)
def _dyads(axes, out):
    q = np.empty((6, 6))
    for i in range(len(axes)):
        _matrix(axes[i], q)
        for k in range(3):
            for c in range(6):
                out[i, k, c] = q[k, c]
