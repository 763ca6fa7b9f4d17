"""Axes of elements as material axes of the model: two vectors where all have the same, else two arrays of the cells."""

from __future__ import annotations

import numpy as np
from romlib_converters.common.solver_mesh import IdValues

from romlib.model import ArrayReference, Orientation

AXES = ("element_axis_1", "element_axis_2")  # cell arrays (n, 3)
_SAME = 1e-9


def axes_arrays(ids: np.ndarray, frames: np.ndarray) -> dict[str, IdValues]:
    """The first two axes of elements as cell arrays; zero where an element has none.

    ids : (n,). frames : (n, 3, 3), axes in columns, NaN where there are none.
    """
    known = np.where(np.isnan(frames), 0.0, frames)
    return {name: IdValues(ids, np.ascontiguousarray(known[:, :, k])) for k, name in enumerate(AXES)}


def are_global(frames: np.ndarray) -> bool:
    """Whether frames (n, 3, 3) are all the global one."""
    return bool((np.abs(frames - np.eye(3)) <= _SAME).all())


def orientation_of(frames: np.ndarray) -> Orientation | None:
    """The axes of one material from those of its cells.

    Parameters
    ----------
    frames : (n, 3, 3), axes in columns.

    Returns
    -------
    None where they are the global ones; two vectors, or else the arrays of `axes_arrays`.
    """
    if are_global(frames):
        return None
    if (np.abs(frames - frames[:1]) <= _SAME).all():
        first, plane = frames[0].T[:2]
        return Orientation(first=tuple(first.tolist()), plane=tuple(plane.tolist()))
    return Orientation(first=ArrayReference(array=AXES[0]), plane=ArrayReference(array=AXES[1]))
