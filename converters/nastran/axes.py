"""Material axes of solids, as CORDM of PSOLID says: the basic system, a rectangular one, or that of the element.

The element's own system (CORDM = -1) is defined as the one nearest to the three vectors that join the middles of
opposite faces. Of a rectangular brick these are the axes; how the solver finds the nearest ones else, its readers do
not agree about. Nor is it documented where in an element a cylindrical system is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from romlib_converters.nastran.bulk import Bulk, Solids
from romlib_converters.nastran.systems import Systems

_RECTANGULAR = 1e-5  # cosine between the vectors of a brick: coordinates have digits lost
_ELEMENT = -1
# Corners of opposite faces of CHEXA, against and along its axes 1 and 2.
_FACES = (([0, 3, 4, 7], [1, 2, 5, 6]), ([0, 1, 4, 5], [2, 3, 6, 7]), ([0, 1, 2, 3], [4, 5, 6, 7]))


@dataclass(frozen=True, eq=False)
class CellAxes:
    """Axes of solids. ids, properties : (n,). frames : (n, 3, 3), axes in columns, NaN where they cannot be told."""

    ids: np.ndarray
    properties: np.ndarray
    frames: np.ndarray


def cell_axes(bulk: Bulk, systems: Systems, grids: np.ndarray, points: np.ndarray) -> CellAxes | None:
    """The axes of all solids; None where all properties have the basic system.

    grids : (m,) sorted ids of grid points. points : (m, 3) where they are.

    Raises
    ------
    FileFormatError : a coordinate system that is not defined.
    """
    if not any(bulk.properties[number].axes for one in bulk.solids.values() for number in one.used
               if number in bulk.properties):
        return None
    ids, properties, frames = [], [], []
    for name, one in bulk.solids.items():
        found = np.broadcast_to(np.eye(3), (len(one.ids), 3, 3)).copy()
        for number in one.used:
            axes = bulk.properties[number].axes if number in bulk.properties else 0
            mine = np.flatnonzero(one.properties == number)
            if axes > 0:
                own = systems.axes(axes)[1]  # which refuses one that is not there
                found[mine] = own if bulk.systems[axes].kind == 1 else np.nan
            elif axes < 0:
                found[mine] = _bricks(one, mine, grids, points) if (name, axes) == ("CHEXA", _ELEMENT) else np.nan
        ids.append(one.ids)
        properties.append(one.properties)
        frames.append(found)
    return CellAxes(np.concatenate(ids), np.concatenate(properties), np.concatenate(frames))


def _bricks(solids: Solids, rows: np.ndarray, grids: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Axes (n, 3, 3) of rectangular bricks, NaN of others."""
    corners = points[np.searchsorted(grids, solids.nodes[rows, :8]).clip(max=len(grids) - 1)].astype(float)
    vectors = np.stack([corners[:, end].mean(axis=1) - corners[:, start].mean(axis=1) for start, end in _FACES], axis=2)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    product = np.einsum("nij,nik->njk", vectors, vectors)
    straight = (np.abs(product - np.eye(3)) <= _RECTANGULAR).all(axis=(1, 2)) & (np.linalg.det(vectors) > 0.0)
    return np.where(straight[:, None, None], vectors, np.nan)
