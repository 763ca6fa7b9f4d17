"""Component orders of symmetric second-order tensors, and their invariants.

Inside romlib a symmetric tensor is a Kelvin-Mandel vector (11, 22, 33, sqrt2*12, sqrt2*13, sqrt2*23), so that the
dot product of two vectors is the double contraction of the tensors, for stress and strain alike. This module is the
only place that knows another order:

=========  ==========================  ==========================================
name       order                       shear of a strain
=========  ==========================  ==========================================
Mandel     11 22 33 12 13 23           sqrt2 times the tensor component
VTK        xx yy zz xy yz xz           the tensor component (Zset's order too)
UMAT       11 22 33 12 13 23           engineering (twice the tensor component)
=========  ==========================  ==========================================

Every function takes arrays of shape (..., 6) and returns new arrays of that shape (or (...,) for an invariant).
"""

from __future__ import annotations

import numpy as np

SQRT2 = np.sqrt(2.0)
VTK_NAMES = ("xx", "yy", "zz", "xy", "yz", "xz")
IDENTITY = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
VOLUMETRIC = np.outer(IDENTITY, IDENTITY) / 3.0

_SHEAR = np.array([1.0, 1.0, 1.0, SQRT2, SQRT2, SQRT2])
_VTK_POSITION = np.array([0, 1, 2, 3, 5, 4])  # the same permutation in both directions
_ROW = np.array([0, 1, 2, 0, 0, 1])
_COLUMN = np.array([0, 1, 2, 1, 2, 2])


def mandel_from_vtk(tensor: np.ndarray) -> np.ndarray:
    """Kelvin-Mandel vector of plain tensor components in VTK order."""
    return np.asarray(tensor, dtype=float)[..., _VTK_POSITION] * _SHEAR


def vtk_from_mandel(vector: np.ndarray) -> np.ndarray:
    """Plain tensor components in VTK order of a Kelvin-Mandel vector."""
    return (np.asarray(vector, dtype=float) / _SHEAR)[..., _VTK_POSITION]


def mandel_from_umat_stress(stress: np.ndarray) -> np.ndarray:
    """Kelvin-Mandel vector of a stress in UMAT order."""
    return np.asarray(stress, dtype=float) * _SHEAR


def umat_stress_from_mandel(vector: np.ndarray) -> np.ndarray:
    """Stress in UMAT order of a Kelvin-Mandel vector."""
    return np.asarray(vector, dtype=float) / _SHEAR


def mandel_from_umat_strain(strain: np.ndarray) -> np.ndarray:
    """Kelvin-Mandel vector of a strain in UMAT order (engineering shear)."""
    return np.asarray(strain, dtype=float) / _SHEAR


def umat_strain_from_mandel(vector: np.ndarray) -> np.ndarray:
    """Strain in UMAT order (engineering shear) of a Kelvin-Mandel vector."""
    return np.asarray(vector, dtype=float) * _SHEAR


def mandel_from_matrix(matrix: np.ndarray) -> np.ndarray:
    """Kelvin-Mandel vector (..., 6) of the symmetric part of matrices (..., 3, 3)."""
    matrix = np.asarray(matrix, dtype=float)
    return 0.5 * (matrix[..., _ROW, _COLUMN] + matrix[..., _COLUMN, _ROW]) * _SHEAR


def matrix_from_mandel(vector: np.ndarray) -> np.ndarray:
    """Symmetric matrices (..., 3, 3) of Kelvin-Mandel vectors (..., 6)."""
    vector = np.asarray(vector, dtype=float) / _SHEAR
    matrix = np.empty((*vector.shape[:-1], 3, 3))
    matrix[..., _ROW, _COLUMN] = vector
    matrix[..., _COLUMN, _ROW] = vector
    return matrix


def rotate(vector: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """Components of the tensor R a R^T, rotation (..., 3, 3)."""
    return mandel_from_matrix(rotation @ matrix_from_mandel(vector) @ np.swapaxes(rotation, -1, -2))


def trace(vector: np.ndarray) -> np.ndarray:
    """Trace, shape (...,)."""
    a, b, c = (np.asarray(vector)[..., k] for k in range(3))  # .sum() over three is ten times slower
    return a + b + c


def deviator(vector: np.ndarray) -> np.ndarray:
    """Deviatoric part."""
    return vector - trace(vector)[..., None] / 3.0 * IDENTITY


def von_mises(stress: np.ndarray) -> np.ndarray:
    """Equivalent stress sqrt(3/2 s:s), shape (...,)."""
    a, b, c = (np.asarray(stress)[..., k] for k in range(3))
    shear = np.asarray(stress)[..., 3:]
    squares = np.einsum("...i,...i->...", shear, shear)
    return np.sqrt(0.5 * ((a - b)**2 + (b - c)**2 + (c - a)**2) + 1.5 * squares)


def von_mises_from_vtk(stress: np.ndarray) -> np.ndarray:
    """Equivalent stress of plain tensor components in VTK order, shape (...,)."""
    xx, yy, zz, xy, yz, xz = np.moveaxis(np.asarray(stress, dtype=float), -1, 0)
    normal = (xx - yy) ** 2 + (yy - zz) ** 2 + (zz - xx) ** 2
    return np.sqrt(0.5 * normal + 3.0 * (xy ** 2 + yz ** 2 + xz ** 2))
