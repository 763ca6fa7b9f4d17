"""Where ids are: positions in an array of ids, which are in any order."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


class IdIndex:
    """Finds ids in an array of ids (n,) in any order. Where one is there twice, its first position is found."""

    def __init__(self, ids: np.ndarray) -> None:
        self._order = np.argsort(ids, kind="stable")
        self._ids = ids[self._order]

    @property
    def twice(self) -> np.ndarray:
        """Ids that are there more than once, increasing."""
        return np.unique(self._ids[1:][self._ids[1:] == self._ids[:-1]])

    def find(self, wanted: np.ndarray) -> np.ndarray:
        """Position of each wanted id, -1 where it is absent; the shape of `wanted`."""
        if not len(self._ids):
            return np.full(np.shape(wanted), -1)
        where = np.searchsorted(self._ids, wanted).clip(max=len(self._ids) - 1)
        return np.where(self._ids[where] == wanted, self._order[where], -1)


def used_of(connectivities: Iterable[np.ndarray], n_node: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes that cells have (n,), increasing, and the new position of each node (n_node,), -1 where no cell has it."""
    used = np.zeros(n_node, dtype=bool)
    for connectivity in connectivities:
        used[connectivity] = True
    return renumbered(used)


def renumbered(kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of what is kept (n,) bool, and the new position of each, -1 where it is not kept."""
    positions = np.flatnonzero(kept)
    new = np.full(len(kept), -1)
    new[positions] = np.arange(len(positions))
    return positions, new
