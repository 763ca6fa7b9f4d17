"""Hot spots: the places of the largest values that are not neighbours of each other."""

from __future__ import annotations

import numpy as np


def hot_spots(values: np.ndarray, coordinates: np.ndarray, number: int, distance: float) -> np.ndarray:
    """Positions of the largest values, largest first, each farther than `distance` from those before; at most `number`.

    values : (n,), NaN: none. coordinates : (n, 3). Of equal values the first in the order of coordinates (x, y, z), so
    that the order of the points, and so the cut of a mesh, does not matter.
    """
    there = np.flatnonzero(~np.isnan(values))
    order = there[np.lexsort((*coordinates[there].T[::-1], -values[there]))]
    found: list[int] = []
    while len(order) and len(found) < number:
        best = int(order[0])
        found.append(best)
        away = np.linalg.norm(coordinates[order] - coordinates[best], axis=1)
        order = order[away > distance]  # the spot itself is at no distance
    return np.array(found, dtype=int)
