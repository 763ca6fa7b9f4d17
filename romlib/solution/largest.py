"""The largest von Mises stress over many points at each step, without the stress at all of them.

With s = sum_k z_k B_k, the von Mises stress at a point is at most sum_k |z_k| |B_k| there, where |.| is the von Mises
norm. The largest of these over a group of neighbouring points says where the largest stress cannot be: only the few
groups that are left are computed. The result is that of all points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.tensors import von_mises

GROUP = 64  # points that are judged together: cells next to each other in the file are neighbours as a rule
_ROUNDING = 1e-12  # of the bound: what sums in another order differ by


@dataclass(frozen=True, eq=False)
class Groups:
    """sizes : (n_dual, n_group), the largest von Mises stress of each mode in a group of `GROUP` points, in order.

    complete : whether all points have the field; others count as zero.
    """

    sizes: np.ndarray
    complete: bool

    @classmethod
    def of(cls, modes: np.ndarray) -> Groups:
        """modes : (n_dual, n, 6), of the stress, Kelvin-Mandel; NaN where there is none."""
        first = np.arange(0, modes.shape[1], GROUP)
        sizes = np.empty((len(modes), len(first)))
        for k, mode in enumerate(modes):  # each is as large as the mesh
            np.maximum.reduceat(np.nan_to_num(von_mises(mode)), first, out=sizes[k])
        return cls(sizes, bool(np.isfinite(modes).all()))


def largest_von_mises(
    known: Groups, modes: np.ndarray, z: np.ndarray, floor: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Largest von Mises stress, and position of its point, (n_row,) each; of equal ones the first.

    modes : (n_dual, n, 6). z : (n_row, n_dual), coordinates of the stress. floor : (n_row,), what is known to be
    elsewhere: at steps where nothing here is larger, something smaller is returned.
    """
    floor = np.zeros(len(z)) if floor is None else floor
    bound = (1.0 + _ROUNDING) * np.abs(z) @ known.sizes
    best, at = np.zeros(len(z)), np.full(len(z), modes.shape[1], dtype=np.int64)
    first = bound.argmax(axis=1)  # where it probably is: the more groups are then left out
    promising = bound[np.arange(len(z)), first] > floor
    _look(known, modes, z, promising & (first == np.arange(bound.shape[1])[:, None]), best, at)
    left = (bound >= np.maximum(best, floor)[:, None]) & (bound > 0.0)
    left[np.arange(len(z)), first] = False
    _look(known, modes, z, left.T, best, at)
    return best, np.where(best > 0.0, at, 0)


def _look(
    known: Groups, modes: np.ndarray, z: np.ndarray, wanted: np.ndarray, best: np.ndarray, at: np.ndarray
) -> None:
    """Compute groups at the steps where they are wanted (n_group, n_row), and keep what is larger in `best`, `at`."""
    for group in np.flatnonzero(wanted.any(axis=1)).tolist():
        rows, start = np.flatnonzero(wanted[group]), group * GROUP
        part = modes[:, start:start + GROUP]
        values = von_mises(np.tensordot(z[rows], part if known.complete else np.nan_to_num(part), axes=1))
        place = values.argmax(axis=1)
        found = values[np.arange(len(rows)), place]
        better = (found > best[rows]) | ((found == best[rows]) & (found > 0.0) & (start + place < at[rows]))
        best[rows[better]], at[rows[better]] = found[better], start + place[better]
