"""Some of the points of a set: their part of a state, and the state of all put together from parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from romlib.laws.points import MaterialPoints
from romlib.laws.state import PointState

Rows = slice | np.ndarray


def rows_of(mask: np.ndarray) -> Rows:
    """The positions at which a mask (n,) is true; a slice where they are adjacent, so that nothing is copied."""
    found = np.flatnonzero(mask)
    if len(found) and found[-1] - found[0] == len(found) - 1:
        return slice(int(found[0]), int(found[-1]) + 1)
    return found


class PointSubset:
    """Some of the points of a set.

    points : these points, with laws. rows : (n,), their positions in the set, in order.
    """

    def __init__(self, points: MaterialPoints, rows: Rows) -> None:
        self.points, self.rows = points.subset(rows), rows
        chosen = np.zeros(points.n_ip, dtype=bool)
        chosen[rows] = True
        self._state_rows = [rows_of(chosen[points.material_index == m]) for m in range(len(points.material_names))]

    def take(self, whole: PointState) -> PointState:
        """The part of a state of all points; it may share memory with it."""
        rows, temperature = self.rows, whole.temperature
        return PointState(
            whole.time, whole.strain[rows], whole.stress[rows],
            [state[of] for state, of in zip(whole.states, self._state_rows)],
            None if temperature is None else temperature[rows])

    def put(self, part: PointState, whole: PointState) -> None:
        """Write the part into the arrays of a state of all points."""
        rows = self.rows
        whole.strain[rows], whole.stress[rows] = part.strain, part.stress
        for state, of, values in zip(whole.states, self._state_rows, part.states):
            state[of] = values
        if whole.temperature is not None and part.temperature is not None:
            whole.temperature[rows] = part.temperature


def joined(like: PointState, parts: Sequence[tuple[PointSubset, PointState]]) -> PointState:
    """The state of all points, of parts that together have each point once. like : a state of all, for the sizes."""
    temperature = None if parts[0][1].temperature is None else np.empty(len(like.strain))
    whole = PointState(parts[0][1].time, np.empty_like(like.strain), np.empty_like(like.stress),
                       [np.empty_like(state) for state in like.states], temperature)
    for subset, part in parts:
        subset.put(part, whole)
    return whole
