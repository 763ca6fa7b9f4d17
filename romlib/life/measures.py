"""Scalars that stand for a strain or stress history: what cycles are counted of, and ranges over a cycle.

Tensors are Kelvin-Mandel. Equivalent strain is sqrt(2/3 e:e), e the deviator of the strain, so that a thermal strain
counts only where it makes shear; equivalent stress is von Mises'. Both are exact for one axis once the strain has no
change of volume: `effective_poisson` scales strains where it has (ASME BPVC III-5, HBB-T-1413: the factor
1.5 / (1 + nu), which is 1 at nu = 0.5).
"""

from __future__ import annotations

import numba
import numpy as np

from romlib.errors import InputError
from romlib.tensors import VTK_NAMES, deviator, trace, vtk_from_mandel
from romlib.words import unknown

EQUIVALENT, SIGNED, PRINCIPAL = "equivalent", "signed_von_mises", "max_principal"
MEASURES = (EQUIVALENT, SIGNED, PRINCIPAL, *VTK_NAMES)
SIGNED_MEASURES = MEASURES[1:]
STRAIN_FACTOR, STRESS_FACTOR = 2.0 / 3.0, 1.5
_SHEAR_LIKE = 0.2  # of |cos 3 theta|: below it the sign of the von Mises value is a matter of little
_ROUNDING = 1e-12  # of a distance: what sums in another order differ by
_LARGE = 0.5  # of the largest value: only there does the sign matter


def size_of(tensor: np.ndarray, factor: float) -> np.ndarray:
    """sqrt(factor s:s) of the deviator, (...,): the equivalent strain (2/3) or stress (3/2)."""
    s = deviator(tensor)
    return np.sqrt(factor * np.einsum("...i,...i->...", s, s))


def third_invariant(s: np.ndarray) -> np.ndarray:
    """Determinant of the tensors (..., 6), (...,)."""
    a, b, c = s[..., 0], s[..., 1], s[..., 2]
    ab, ac, bc = (s[..., k] / np.sqrt(2.0) for k in (3, 4, 5))
    return a * b * c + 2.0 * ab * ac * bc - a * bc**2 - b * ac**2 - c * ab**2


def lode(tensor: np.ndarray) -> np.ndarray:
    """cos 3 theta, (...,), between -1 and 1: 1 for one axis in tension, -1 in compression, 0 for shear (and for 0)."""
    s = deviator(tensor)
    half = 0.5 * np.einsum("...i,...i->...", s, s)
    least = np.finfo(float).tiny
    scale = np.sqrt(np.maximum(half, least))
    return np.clip(1.5 * np.sqrt(3.0) * third_invariant(s / scale[..., None]), -1.0, 1.0)


def principal(tensor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest and smallest principal value, (...,) each."""
    s, mean = deviator(tensor), trace(tensor) / 3.0
    radius = 2.0 * np.sqrt(np.einsum("...i,...i->...", s, s) / 6.0)
    angle = np.arccos(lode(tensor)) / 3.0
    return mean + radius * np.cos(angle), mean + radius * np.cos(angle + 2.0 * np.pi / 3.0)


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
    high, low = principal(tensor)
    leading = np.where(high >= -low, high, low)
    return leading if measure == PRINCIPAL else np.where(leading >= 0.0, 1.0, -1.0) * size_of(tensor, factor)


def sign_is_unsure(tensor: np.ndarray) -> np.ndarray:
    """Whether a history (n_step, n, 6) is close to shear where it is large, (n,): a sign says little there."""
    size = size_of(tensor, 1.0)
    large = size >= _LARGE * size.max(axis=0)
    return ((abs(lode(tensor)) < _SHEAR_LIKE) & large & (size > 0.0)).any(axis=0)


def largest_range(tensor: np.ndarray, factor: float) -> np.ndarray:
    """max over all pairs of times of sqrt(factor d:d), d the deviator of the difference; (n,) of (n_step, n, 6)."""
    return np.sqrt(factor * _widest(np.asarray(tensor, dtype=float)))


@numba.njit(cache=True, error_model="numpy")
def _widest(tensor: np.ndarray) -> np.ndarray:
    """Square of the largest distance between the deviators of two times, (n,) of (n_step, n, 6), Kelvin-Mandel.

    Two times are no farther apart than the sum of their distances from the mean. With a good pair to begin with (the
    farthest from the farthest), and those far from the mean first, few pairs are left to look at.
    """
    n_step, n, _ = tensor.shape
    largest, s, far = np.zeros(n), np.empty((n_step, 6)), np.empty(n_step)
    for point in range(n):
        mean = np.zeros(6)
        for t in range(n_step):
            third = (tensor[t, point, 0] + tensor[t, point, 1] + tensor[t, point, 2]) / 3.0
            for k in range(6):
                s[t, k] = tensor[t, point, k] - (third if k < 3 else 0.0)
                mean[k] += s[t, k] / n_step
        for t in range(n_step):
            far[t] = _distance(s[t], mean)
        one, best = int(np.argmax(far)), 0.0
        for _ in range(2):
            other = one
            for t in range(n_step):
                squares = _distance(s[t], s[one]) ** 2
                if best == best and not squares <= best:  # NaN, of a material that lacks the field, stays
                    best, other = squares, t
            one = other
        order = np.argsort(-far)
        for a in range(n_step):
            if not (1.0 + _ROUNDING) * 2.0 * far[order[a]] > np.sqrt(best):
                break
            for b in range(a + 1, n_step):
                if not (1.0 + _ROUNDING) * (far[order[a]] + far[order[b]]) > np.sqrt(best):
                    break
                best = max(best, _distance(s[order[a]], s[order[b]]) ** 2)
        largest[point] = best
    return largest


@numba.njit(cache=True)
def _distance(one: np.ndarray, other: np.ndarray) -> float:
    squares = 0.0
    for k in range(6):
        squares += (one[k] - other[k]) ** 2
    return np.sqrt(squares)


def range_of(tensor: np.ndarray, measure: str, factor: float) -> np.ndarray:
    """Range over a history (n_step, n, 6), (n,): over all pairs of times, or largest less smallest of a scalar."""
    if measure == EQUIVALENT:
        return largest_range(tensor, factor)
    return np.ptp(scalar_of(tensor, measure, factor), axis=0)
