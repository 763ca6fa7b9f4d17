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
from romlib.tensors import VTK_NAMES, deviator, vtk_from_mandel
from romlib.words import unknown

EQUIVALENT, SIGNED, PRINCIPAL = "equivalent", "signed_von_mises", "max_principal"
MEASURES = (EQUIVALENT, SIGNED, PRINCIPAL, *VTK_NAMES)
SIGNED_MEASURES = MEASURES[1:]
STRAIN_FACTOR, STRESS_FACTOR = 2.0 / 3.0, 1.5
_SHEAR_LIKE = 0.2  # of |cos 3 theta|: below it the sign of the von Mises value is a matter of little
_LEAST = float(np.finfo(float).tiny)
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
    scale = np.sqrt(np.maximum(half, _LEAST))
    return np.clip(1.5 * np.sqrt(3.0) * third_invariant(s / scale[..., None]), -1.0, 1.0)


def principal(tensor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest and smallest principal value, (...,) each."""
    high, low, _ = _invariants(tensor)
    return high, low


def _invariants(tensor: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Largest and smallest principal value, and s:s of the deviator, (...,) each."""
    tensor = np.asarray(tensor, dtype=float)
    found = _invariants_of(np.ascontiguousarray(tensor.reshape(-1, 6)))
    return found[0].reshape(tensor.shape[:-1]), found[1].reshape(tensor.shape[:-1]), found[2].reshape(tensor.shape[:-1])


@numba.njit(cache=True, error_model="numpy")
def _invariants_of(tensor: np.ndarray) -> np.ndarray:
    """(3, n) of (n, 6); the same formulas as `lode`, in one pass."""
    out, root = np.empty((3, len(tensor))), np.sqrt(2.0)
    for n in range(len(tensor)):
        mean = (tensor[n, 0] + tensor[n, 1] + tensor[n, 2]) / 3.0
        a, b, c = tensor[n, 0] - mean, tensor[n, 1] - mean, tensor[n, 2] - mean
        ab, ac, bc = tensor[n, 3] / root, tensor[n, 4] / root, tensor[n, 5] / root
        squares = a * a + b * b + c * c + 2.0 * (ab * ab + ac * ac + bc * bc)
        scale = np.sqrt(max(0.5 * squares, _LEAST))
        a, b, c, ab, ac, bc = a / scale, b / scale, c / scale, ab / scale, ac / scale, bc / scale
        third = a * b * c + 2.0 * ab * ac * bc - a * bc**2 - b * ac**2 - c * ab**2
        angle = np.arccos(min(max(1.5 * np.sqrt(3.0) * third, -1.0), 1.0)) / 3.0
        radius = 2.0 * np.sqrt(squares / 6.0)
        out[0, n] = mean + radius * np.cos(angle)
        out[1, n] = mean + radius * np.cos(angle + 2.0 * np.pi / 3.0)
        out[2, n] = squares
    return out


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
    high, low, squares = _invariants(tensor)
    leading = np.where(high >= -low, high, low)
    return leading if measure == PRINCIPAL else np.where(leading >= 0.0, 1.0, -1.0) * np.sqrt(factor * squares)


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
    farthest from the farthest), few times are left that may be part of a better one.
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
        left = np.flatnonzero((1.0 + _ROUNDING) * (far + far.max()) > np.sqrt(best))
        for a in range(len(left)):
            for b in range(a + 1, len(left)):
                if (1.0 + _ROUNDING) * (far[left[a]] + far[left[b]]) > np.sqrt(best):
                    best = max(best, _distance(s[left[a]], s[left[b]]) ** 2)
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
