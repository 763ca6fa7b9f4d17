"""Axes of elements: the local coordinate systems that ESYS numbers, and what they are at an element."""

from __future__ import annotations

import numpy as np
from romlib_converters.ansys.database import KINDS, Database
from romlib_converters.common.frames import frames_at

# Key options of solids whose axes follow the edge from node I to J where there is no ESYS.
_EDGE_AXES = {45: 4, 64: 4, 95: 1}


def has_axes(database: Database, positions: np.ndarray) -> bool:
    """Whether any of some elements (n,) has other axes than the global ones, or such as cannot be told."""
    return bool(database.elements.systems[positions].any() or _along_edges(database, positions).any())


def element_frames(database: Database, positions: np.ndarray) -> np.ndarray:
    """Axes (n, 3, 3), in columns, of elements at some positions (n,), as ESYS says; constant in an element.

    Those of a cylinder and of a sphere are taken at the mean of the element's nodes. NaN where they cannot be told: a
    system that the file lacks or that is no circular one, axes along an edge, a centre on the axis of a cylinder.
    """
    elements = database.elements
    numbers = elements.systems[positions]
    frames = np.broadcast_to(np.eye(3), (len(positions), 3, 3)).copy()
    frames[(numbers == 0) & _along_edges(database, positions)] = np.nan
    for number in np.unique(numbers[numbers != 0]).tolist():
        mine = np.flatnonzero(numbers == number)
        system = database.systems.get(number)
        if system is None or not system.is_known:
            frames[mine] = np.nan
            continue
        centres = _centres(database, positions[mine]) if system.kind else np.zeros((len(mine), 3))
        frames[mine] = frames_at(KINDS[system.kind], system.origin, system.axes, centres)
    return frames


def _along_edges(database: Database, positions: np.ndarray) -> np.ndarray:
    types = database.elements.types[positions]
    strange = [number for number, kind in database.types.items()
               if kind.routine in _EDGE_AXES and kind.keyopt(_EDGE_AXES[kind.routine])]
    return np.isin(types, strange) if strange else np.zeros(len(types), bool)


def _centres(database: Database, positions: np.ndarray) -> np.ndarray:
    """Means (n, 3) of the distinct nodes of elements."""
    elements = database.elements
    nodes = np.sort(elements.rows(positions, int(elements.counts[positions].max(initial=1))), axis=1)
    own = nodes > 0
    own[:, 1:] &= np.diff(nodes, axis=1) > 0
    order = np.argsort(database.node_ids, kind="stable")
    at = np.searchsorted(database.node_ids, nodes, sorter=order).clip(max=len(order) - 1)
    points = np.where(own[:, :, None], database.points[order[at]], 0.0)
    return points.sum(axis=1) / np.maximum(own.sum(axis=1), 1)[:, None]

