"""Rainflow counting (ASTM E1049-85, 5.4.4 and 5.4.5): of one history by the package, of all points in compiled code.

A cycle is a pair of reversals, given by their steps, and counts 1, or 0.5 where the history never closes it. With
`residue` "half" the histories are taken as they are (5.4.4). With "repeating" a history is one repetition of many: it
is read from its largest magnitude round to the same again, so that all its cycles are closed (5.4.5).

The package `rainflow` counts one history in Python; `count_all` is the same rule in compiled code for the very many of
a whole mesh, which rank the points. What is told of a hot spot is the package's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from romlib.errors import InputError

RESIDUES = ("half", "repeating")
_PLATEAU = 1e-6  # of a history's range: what is a hold at a reversal


@dataclass(frozen=True, eq=False)
class Counted:
    """Cycles of histories. owner : (n,), position of each one's history. first, last : (n,), steps of its reversals.

    count : (n,), 1 or 0.5. In a repeating history `last` may be a step before `first`.
    """

    owner: np.ndarray
    first: np.ndarray
    last: np.ndarray
    count: np.ndarray


def count_one(series: np.ndarray, residue: str = "half") -> Counted:
    """The cycles of one history (n_step,), by the package.

    Raises
    ------
    InputError : the package is missing.
    """
    try:
        import rainflow
    except ImportError as error:
        raise InputError("cycles are counted by the package rainflow", found=str(error),
                         remedy="pip install 'romlib-mechanics[life]'") from error
    steps = turned(np.asarray(series, dtype=float), residue)
    found = [(count, first, last) for extent, _, count, first, last in rainflow.extract_cycles(series[steps])
             if extent > 0.0]
    count = np.array([one[0] for one in found], dtype=float)
    first, last = (np.array([one[k] for one in found], dtype=int) for k in (1, 2))
    return Counted(np.zeros(len(found), dtype=int), steps[first], steps[last], count)


def turned(series: np.ndarray, residue: str) -> np.ndarray:
    """The steps in the order in which they are counted."""
    n = len(series)
    steps = np.arange(n)
    if residue == "repeating":
        start = int(np.argmax(abs(series)))
        steps = (start + np.arange(n + 1)) % n
    return np.append(steps, steps[-1]) if len(steps) == 2 else steps  # the package sees no cycle in two values


def count_all(series: np.ndarray, residue: str = "half") -> Counted:
    """The cycles of many histories (n_step, n), each as `count_one` counts it."""
    n_step, n = series.shape
    order = np.empty((n, n_step + 1), dtype=np.int64)
    sizes = np.full(n, n_step)
    if residue == "repeating":
        order[:] = (np.argmax(abs(series), axis=0)[:, None] + np.arange(n_step + 1)) % n_step
        sizes += 1
    else:
        order[:, :n_step] = np.arange(n_step)
    return Counted(*_count(np.ascontiguousarray(series.T, dtype=float), order, sizes))


@numba.njit(cache=True)
def _count(series: np.ndarray, order: np.ndarray, sizes: np.ndarray) -> tuple:
    """See `count_all`; series (n, n_step)."""
    n, most = order.shape
    owner, first = np.empty(n * most, dtype=np.int64), np.empty(n * most, dtype=np.int64)
    last, count = np.empty(n * most, dtype=np.int64), np.empty(n * most)
    stack = np.empty(most + 1, dtype=np.int64)
    total = 0
    for k in range(n):
        x = series[k]
        height = 0
        size = sizes[k]
        before, rise = order[k, 0], 0.0
        for j in range(1, size + 1):
            # The reversal, if there is one, is the step before: where the slope changes its sign, and at both ends.
            here = order[k, min(j, size - 1)]
            is_last = j == size
            step = x[here] - x[before]
            if j > 1 and not is_last:
                if step == 0.0:
                    before = here
                    continue
                reverses = rise * step < 0.0
            else:
                reverses = True
            if reverses:
                stack[height] = before
                height += 1
                while height >= 3:
                    x1, x2, x3 = x[stack[height - 3]], x[stack[height - 2]], x[stack[height - 1]]
                    inner = abs(x2 - x1)
                    if abs(x3 - x2) < inner:
                        break
                    if inner > 0.0:
                        owner[total], first[total], last[total] = k, stack[height - 3], stack[height - 2]
                        count[total] = 0.5 if height == 3 else 1.0
                        total += 1
                    if height == 3:
                        stack[0], stack[1] = stack[1], stack[2]
                        height = 2
                    else:
                        stack[height - 3] = stack[height - 1]
                        height -= 2
            before, rise = here, step
        for j in range(height - 1):
            if x[stack[j]] != x[stack[j + 1]]:
                owner[total], first[total], last[total] = k, stack[j], stack[j + 1]
                count[total] = 0.5
                total += 1
    return owner[:total].copy(), first[:total].copy(), last[:total].copy(), count[:total].copy()


def extremes(counted: Counted, series: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value of another history within each cycle, (n_cycle,) each.

    From one reversal to the other, with the hold before the first one: a stress relaxes while the strain is held.
    series, other : (n_step, n), what was counted, and what is looked at.
    """
    x = np.ascontiguousarray(series.T, dtype=float)
    return _extremes(counted.owner, counted.first, counted.last, x, np.ascontiguousarray(other.T, dtype=float),
                     _PLATEAU * np.ptp(x, axis=1))


@numba.njit(cache=True)
def _extremes(
    owner: np.ndarray, first: np.ndarray, last: np.ndarray, series: np.ndarray, other: np.ndarray, same: np.ndarray
) -> tuple:
    """See `extremes`; series, other (n, n_step)."""
    lowest, highest = np.empty(len(owner)), np.empty(len(owner))
    n_step = series.shape[1]
    for k in range(len(owner)):
        x, y, start, end = series[owner[k]], other[owner[k]], first[k], last[k]
        low = high = y[start]
        step = start
        while step != end:
            step = (step + 1) % n_step
            low, high = min(low, y[step]), max(high, y[step])
        step = start
        while step > 0 and abs(x[step - 1] - x[start]) <= same[owner[k]]:
            step -= 1
            low, high = min(low, y[step]), max(high, y[step])
        lowest[k], highest[k] = low, high
    return lowest, highest
