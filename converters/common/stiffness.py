"""Stiffness matrices and engineering constants of decks as the laws `cubic` and `orthotropic`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_NAMES = ("C11", "C22", "C33", "C12", "C13", "C23", "C44", "C55", "C66")
_CUBIC = ("C11", "C12", "C44")
_ENGINEERING = ("E1", "E2", "E3", "nu12", "nu13", "nu23", "G12", "G13", "G23")
_SAME = 1e-6  # of the moduli: digits lost in files


def stiffness_parameters(matrix: np.ndarray) -> tuple[str, dict[str, Any]] | str:
    """Law and parameters of a stiffness (6, 6) for xx, yy, zz, xy, yz, xz with engineering shear strain.

    Returns
    -------
    The law: cubic where the three directions are alike within the digits of files, else orthotropic; or why there is
    none, in words.
    """
    if not np.isfinite(matrix).all() or (np.linalg.eigvalsh(matrix) <= 0.0).any():
        return "its matrix is not positive definite"
    coupling = matrix.copy()
    coupling[:3, :3] = 0.0
    np.fill_diagonal(coupling, 0.0)
    if (np.abs(coupling) > _SAME * np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)))).any():
        return "its matrix couples shear with other components: it is not orthotropic along these axes"
    xy, yz, xz = np.diag(matrix)[3:].tolist()
    values = [*np.diag(matrix)[:3].tolist(), *(float(matrix[a, b]) for a, b in ((0, 1), (0, 2), (1, 2))), yz, xz, xy]
    if _is_cubic(values):
        return "cubic", dict(zip(_CUBIC, values[::3], strict=True))
    return "orthotropic", dict(zip(_NAMES, values, strict=True))


def engineering_parameters(values: Sequence[float]) -> tuple[str, dict[str, Any]] | str:
    """Law and parameters, or why there is none, of nine constants: E1, E2, E3, nu12, nu13, nu23, G12, G13, G23.

    nu_ij is the contraction along j under a stress along i.
    """
    if not np.isfinite(values).all() or min(*values[:3], *values[6:]) <= 0.0:
        return "a modulus of it is not positive"
    if _is_cubic(values):
        return "cubic", dict(zip(("E", "nu", "G"), values[::3], strict=True))
    return "orthotropic", dict(zip(_ENGINEERING, values, strict=True))


def _is_cubic(values: Sequence[float]) -> bool:
    """Whether nine constants are three times three alike."""
    return all(np.allclose(values[k:k + 3], values[k], rtol=_SAME, atol=0.0) for k in (0, 3, 6))
