"""Compiled loops over the points and steps of histories: invariants of tensors, and ranges over all pairs of times."""

from __future__ import annotations

import numba
import numpy as np

_THIRD = 2.0 * np.pi / 3.0
_TINY = np.finfo(np.float64).tiny


@numba.njit(cache=True)
def invariants(tensors: np.ndarray) -> tuple:
    """s:s of the deviators, cos 3 theta (0 where there is none), largest and smallest principal value, (n,) each.

    tensors : (n, 6), Kelvin-Mandel. NaN stays NaN.
    """
    n = len(tensors)
    squares, lodes, highs, lows = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for k in range(n):
        mean = (tensors[k, 0] + tensors[k, 1] + tensors[k, 2]) / 3.0
        a, b, c = tensors[k, 0] - mean, tensors[k, 1] - mean, tensors[k, 2] - mean
        ab, ac, bc = tensors[k, 3], tensors[k, 4], tensors[k, 5]
        square = a * a + b * b + c * c + ab * ab + ac * ac + bc * bc
        scale = np.sqrt(max(0.5 * square, _TINY))
        a, b, c = a / scale, b / scale, c / scale
        root = scale * np.sqrt(2.0)
        ab, ac, bc = ab / root, ac / root, bc / root
        third = a * b * c + 2.0 * ab * ac * bc - a * bc * bc - b * ac * ac - c * ab * ab
        cosine = min(max(1.5 * np.sqrt(3.0) * third, -1.0), 1.0)
        angle, radius = np.arccos(cosine) / 3.0, 2.0 * np.sqrt(square / 6.0)
        squares[k], lodes[k] = square, cosine
        highs[k], lows[k] = mean + radius * np.cos(angle), mean + radius * np.cos(angle + _THIRD)
    return squares, lodes, highs, lows


@numba.njit(cache=True)
def largest_squares(tensors: np.ndarray) -> np.ndarray:
    """max over all pairs of times of d:d, d the deviator of the difference, (n,) of (n_step, n, 6).

    From the middle of its values each time has a radius; two times are no farther apart than the sum of theirs, so that
    few pairs have to be looked at.
    """
    n_step, n = tensors.shape[:2]
    out, s, radius = np.empty(n), np.empty((n_step, 6)), np.empty(n_step)
    for k in range(n):
        for step in range(n_step):
            mean = (tensors[step, k, 0] + tensors[step, k, 1] + tensors[step, k, 2]) / 3.0
            for i in range(6):
                s[step, i] = tensors[step, k, i] - (mean if i < 3 else 0.0)
        radius[:] = 0.0
        for i in range(6):
            middle = 0.5 * (s[:, i].min() + s[:, i].max())
            for step in range(n_step):
                radius[step] += (s[step, i] - middle) ** 2
        if np.isnan(radius).any():
            out[k] = np.nan
            continue
        radius[:] = np.sqrt(radius) * (1.0 + 1e-12)  # no pair is left out for rounding
        one, best = int(np.argmax(radius)), 0.0
        for _ in range(2):  # the farthest from the farthest: nearly always the largest, and few pairs are then left
            other = one
            for step in range(n_step):
                square = _square(s[step], s[one])
                if square > best:
                    best, other = square, step
            one = other
        left = np.flatnonzero(radius + radius.max() > np.sqrt(best))
        for first in range(len(left)):
            for second in range(first):
                if radius[left[first]] + radius[left[second]] > np.sqrt(best):
                    best = max(best, _square(s[left[first]], s[left[second]]))
        out[k] = best
    return out


@numba.njit(cache=True)
def _square(one: np.ndarray, other: np.ndarray) -> float:
    """Square of the distance of two tensors (6,)."""
    square = 0.0
    for i in range(6):
        square += (one[i] - other[i]) ** 2
    return square
