"""Axes of the solids of a .rst: the angles that the solver computed with, sharpened by what ESYS says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from romlib_converters.ansys.results import ElementResults, SetReader
from romlib_converters.ansys.systems import element_frames

_DIGITS = 1e-5  # angles are in single precision, in degrees
_ONE = 1e-4  # corners of a solid have one system


@dataclass(frozen=True, eq=False)
class CellAxes:
    """Axes of solids. ids, materials : (n,), of the elements.

    frames : (n, 3, 3), axes in columns; NaN where they cannot be told, or differ within an element.
    """

    ids: np.ndarray
    materials: np.ndarray
    frames: np.ndarray


def cell_axes(parts: Sequence[SetReader]) -> CellAxes | None:
    """Axes of the solids of all parts in the first result set; None where they are the global ones."""
    groups = [(part, group, results.frames(group)) for part in parts
              for results in [ElementResults(part.rst, part.rst.sets[0])] for group in part.groups]
    if all(stored is None for _, _, stored in groups):
        return None
    frames = []
    for part, group, stored in groups:
        if stored is None:
            frames.append(np.broadcast_to(np.eye(3), (len(group.positions), 3, 3)))
            continue
        apart = (np.abs(stored - stored[:, :1]) > _ONE).any(axis=(1, 2, 3))
        found = np.where(apart[:, None, None], np.nan, stored[:, 0])
        stated = element_frames(part.rst.database, group.positions)
        same = (np.abs(stated - found) <= _DIGITS).all(axis=(1, 2))
        frames.append(np.where(same[:, None, None], stated, found))
    ids, materials = (np.concatenate([getattr(part.rst.database.elements, name)[group.positions]
                                      for part, group, _ in groups]) for name in ("ids", "materials"))
    return CellAxes(ids, materials, np.concatenate(frames))
