"""Axes of the solids of a .rst: the angles that the solver computed with, sharpened by what ESYS says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from romlib_converters.ansys.results import ElementResults, SetReader
from romlib_converters.ansys.systems import element_frames

_DIGITS = 1e-5  # angles are in single precision, in degrees
_ONE = 1e-4  # corners of a solid have one system


def cell_axes(parts: Sequence[SetReader]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Axes of solids in the first result set.

    Returns
    -------
    ids (n,), numbers of their materials (n,), axes (n, 3, 3) in columns: NaN where they cannot be told, or differ
    within an element.
    """
    ids, materials, frames = [], [], []
    for part in parts:
        elements, results = part.rst.database.elements, ElementResults(part.rst, part.rst.sets[0])
        for group in part.groups:
            ids.append(elements.ids[group.positions])
            materials.append(elements.materials[group.positions])
            stored = results.frames(group)
            if stored is None:
                frames.append(np.broadcast_to(np.eye(3), (len(group.positions), 3, 3)))
                continue
            apart = (np.abs(stored - stored[:, :1]) > _ONE).any(axis=(1, 2, 3))
            found = np.where(apart[:, None, None], np.nan, stored[:, 0])
            stated = element_frames(part.rst.database, group.positions)
            same = (np.abs(stated - found) <= _DIGITS).all(axis=(1, 2))
            frames.append(np.where(same[:, None, None], stated, found))
    return np.concatenate(ids), np.concatenate(materials), np.concatenate(frames)
