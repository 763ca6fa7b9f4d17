"""Gappy POD (Everson, Sirovich 1995): a dual field everywhere from its values at few points.

The points are those of the cubature; where they do not determine the modes safely, points of Q-DEIM (Drmac, Gugercin
2016) are added, which carry state but no force.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from romlib.archive.rom import GappyOperator

# A field known with an error delta at the selected points is reconstructed with an error of at most this factor times
# delta, both as root mean squares.
SAFE_AMPLIFICATION = 10.0


def interpolation_points(modes: np.ndarray) -> np.ndarray:
    """Q-DEIM: points at which the modes are best told apart.

    Parameters
    ----------
    modes : (n_dual, n_point, n_comp).

    Returns
    -------
    At most n_dual positions of points, the most telling first (column-pivoted QR of the modes).
    """
    n_dual, n_point, n_comp = modes.shape
    if n_point == 0:
        return np.zeros(0, dtype=np.int64)
    _, pivots = linalg.qr(modes.reshape(n_dual, -1), mode="r", pivoting=True)
    points = pivots[:n_dual] // n_comp
    _, first = np.unique(points, return_index=True)
    return points[np.sort(first)]


def amplification(basis: np.ndarray, volume: float) -> float:
    """Factor between the root mean square of an error at the points and that of the reconstruction.

    basis : (n_dual, m, n_comp), modes orthonormal in L2, at the m points; volume of the region of the field.
    Infinite where the points do not determine the modes.
    """
    n_dual, m, n_comp = basis.shape
    if m * n_comp < n_dual:
        return np.inf
    smallest = linalg.svdvals(basis.reshape(n_dual, -1))[-1]
    return float(np.sqrt(m / volume) / smallest) if smallest > 0 else np.inf


def complete_points(basis: np.ndarray, n_given: int, volume: float, safe: float = SAFE_AMPLIFICATION) -> int:
    """How many of the extra points (those after the first `n_given`, in order) are needed to be safe.

    basis : (n_dual, n_given + n_extra, n_comp).
    """
    n_extra = basis.shape[1] - n_given
    for n in range(n_extra + 1):
        if amplification(basis[:, : n_given + n], volume) <= safe:
            return n
    return n_extra


def operator(basis: np.ndarray) -> np.ndarray:
    """Pseudo-inverse (n_dual, m n_comp): z = operator @ values.ravel() solves min ||basis^T z - values||."""
    n_dual = len(basis)
    return linalg.pinv(basis.reshape(n_dual, -1).T)


def operator_at(field: str, modes: np.ndarray, tensor: bool = False) -> GappyOperator:
    """The least squares of a ROM's field at selected points.

    modes : (n_dual, n_point, n_comp), NaN at points that do not have the field.
    """
    there = np.flatnonzero(np.isfinite(modes[0, :, 0]))
    modes = modes[:, there]
    return GappyOperator(field, modes.shape[2], there, operator(modes), modes.reshape(len(modes), -1), tensor)
