"""Hot spots: the places of the largest values that are not neighbours of each other."""

from __future__ import annotations

import numpy as np

_DIGITS = 9  # of the largest value: beyond them is rounding

def hot_spots(values: np.ndarray, coordinates: np.ndarray, number: int, distance: float) -> np.ndarray:
    """Positions of the largest values, largest first, each farther than `distance` from those before; at most `number`.

    values : (n,), NaN: none. coordinates : (n, 3). Of values that are equal but for rounding the first in the order of
    coordinates (x, y, z), so that the order of the points, and so the cut of a mesh, does not matter.
    """
    there = np.flatnonzero(~np.isnan(values))
    if not len(there):
        return there
    finite = abs(values[there][np.isfinite(values[there])])
    scale = float(finite.max(initial=0.0)) or 1.0
    extent = float(np.ptp(coordinates[there], axis=0).max()) or 1.0
    places = np.round(coordinates[there] / extent, _DIGITS).T[::-1]
    order = there[np.lexsort((*places, -np.round(values[there] / scale, _DIGITS)))]
    found: list[int] = []
    while len(order) and len(found) < number:
        best = int(order[0])
        found.append(best)
        away = np.linalg.norm(coordinates[order] - coordinates[best], axis=1)
        order = order[away > distance]  # the spot itself is at no distance
    return np.array(found, dtype=int)
