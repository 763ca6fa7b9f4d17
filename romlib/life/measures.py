"""Scalars that stand for a strain or stress history: what cycles are counted of, and ranges over a cycle.

Tensors are Kelvin-Mandel. Equivalent strain is sqrt(2/3 e:e), e the deviator of the strain, so that a thermal strain
counts only where it makes shear; equivalent stress is von Mises'. Both are exact for one axis once the strain has no
change of volume: `effective_poisson` scales strains where it has (ASME BPVC III-5, HBB-T-1413: the factor
1.5 / (1 + nu), which is 1 at nu = 0.5).
"""

from __future__ import annotations

import numpy as np

from romlib.errors import InputError
from romlib.life.kernels import invariants, largest_squares
from romlib.tensors import VTK_NAMES, vtk_from_mandel
from romlib.words import unknown

EQUIVALENT, SIGNED, PRINCIPAL = "equivalent", "signed_von_mises", "max_principal"
MEASURES = (EQUIVALENT, SIGNED, PRINCIPAL, *VTK_NAMES)
SIGNED_MEASURES = MEASURES[1:]
STRAIN_FACTOR, STRESS_FACTOR = 2.0 / 3.0, 1.5
_SHEAR_LIKE = 0.2  # of |cos 3 theta|: below it the sign of the von Mises value is a matter of little
_LARGE = 0.5  # of the largest value: only there does the sign matter


def size_of(tensor: np.ndarray, factor: float) -> np.ndarray:
    """sqrt(factor s:s) of the deviator, (...,): the equivalent strain (2/3) or stress (3/2)."""
    return np.sqrt(factor * _invariants(tensor)[0])


def _invariants(tensor: np.ndarray) -> tuple[np.ndarray, ...]:
    """See `romlib.life.kernels.invariants`, for any leading axes."""
    shape = tensor.shape[:-1]
    return tuple(one.reshape(shape) for one in invariants(np.ascontiguousarray(tensor, dtype=float).reshape(-1, 6)))


def scalar_of(tensor: np.ndarray, measure: str, factor: float) -> np.ndarray:
    """A signed scalar of tensors (..., 6), (...,).

    measure : "signed_von_mises" : the equivalent value with the sign of the principal value of largest magnitude.
    "max_principal" : that principal value. "xx" ... "xz" : a component of the tensor (of a strain: not engineering).
    factor : of `size_of`.

    Raises
    ------
    InputError : a measure without sign, or none at all.
    """
    if measure in VTK_NAMES:
        return vtk_from_mandel(tensor)[..., VTK_NAMES.index(measure)]
    if measure not in (SIGNED, PRINCIPAL):
        raise InputError(f"cycles cannot be counted of the measure {measure!r}", place="measure",
                         **unknown(measure, SIGNED_MEASURES, "an equivalent value has no sign: take signed_von_mises"))
    squares, _, high, low = _invariants(tensor)
    leading = np.where(high >= -low, high, low)
    return leading if measure == PRINCIPAL else np.where(leading >= 0.0, 1.0, -1.0) * np.sqrt(factor * squares)


def sign_is_unsure(tensor: np.ndarray) -> np.ndarray:
    """Whether a history (n_step, n, 6) is close to shear where it is large, (n,): a sign says little there."""
    squares, cosine, _, _ = _invariants(tensor)
    size = np.sqrt(squares)
    large = size >= _LARGE * size.max(axis=0)
    return ((abs(cosine) < _SHEAR_LIKE) & large & (size > 0.0)).any(axis=0)


def largest_range(tensor: np.ndarray, factor: float) -> np.ndarray:
    """max over all pairs of times of sqrt(factor d:d), d the deviator of the difference; (n,) of (n_step, n, 6)."""
    return np.sqrt(factor * largest_squares(np.ascontiguousarray(tensor, dtype=float)))


def range_of(tensor: np.ndarray, measure: str, factor: float) -> np.ndarray:
    """Range over a history (n_step, n, 6), (n,): over all pairs of times, or largest less smallest of a scalar."""
    if measure == EQUIVALENT:
        return largest_range(tensor, factor)
    return np.ptp(scalar_of(tensor, measure, factor), axis=0)
