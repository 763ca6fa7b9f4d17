"""Where ids are: positions in an array of ids, which are in any order."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

_DENSEST = 4  # places that a table may have for each id


class IdIndex:
    """Finds ids in an array of ids (n,) in any order. Where one is there twice, its first position is found.

    Integers that lie close together are looked up in a table of their positions, those without gaps in increasing order
    by a difference, others by bisection.
    """

    def __init__(self, ids: np.ndarray) -> None:
        self._given = ids
        self._increasing = bool((ids[1:] > ids[:-1]).all())
        self._without_gaps, self._table = False, None
        self._bisected: tuple[np.ndarray, np.ndarray] | None = None
        if ids.dtype.kind == "i" and len(ids):
            ends = (ids[0], ids[-1]) if self._increasing else (ids.min(), ids.max())
            self._lowest, self._highest = map(int, ends)
            self._without_gaps = self._increasing and self._highest - self._lowest == len(ids) - 1
            if self._highest - self._lowest < _DENSEST * len(ids) and not self._without_gaps:
                self._table = np.full(self._highest - self._lowest + 1, -1)
                # of an index that is there twice the last value is assigned: that of the first id
                self._table[ids[::-1].astype(np.int64) - self._lowest] = np.arange(len(ids) - 1, -1, -1)

    @property
    def twice(self) -> np.ndarray:
        """Ids that are there more than once, increasing."""
        if self._increasing:
            return self._given[:0]
        if self._table is not None:
            counts = np.bincount(self._given.astype(np.int64) - self._lowest)
            return (np.flatnonzero(counts > 1) + self._lowest).astype(self._given.dtype)
        ids, _ = self._sorted()
        return np.unique(ids[1:][ids[1:] == ids[:-1]])

    def find(self, wanted: np.ndarray) -> np.ndarray:
        """Position of each wanted id, -1 where it is absent; the shape of `wanted`."""
        wanted = np.asarray(wanted)
        if not len(self._given) or not wanted.size:
            return np.full(wanted.shape, -1)
        if (self._table is None and not self._without_gaps) or wanted.dtype.kind != "i":
            ids, order = self._sorted()
            where = np.searchsorted(ids, wanted).clip(max=len(ids) - 1)
            return np.where(ids[where] == wanted, order[where], -1)
        if wanted.min() >= self._lowest and wanted.max() <= self._highest:
            return self._looked_up(wanted)
        inside = (wanted >= self._lowest) & (wanted <= self._highest)
        found = np.full(wanted.shape, -1)
        found[inside] = self._looked_up(wanted[inside])
        return found

    def _looked_up(self, wanted: np.ndarray) -> np.ndarray:
        """Positions of ids none of which is below the lowest or above the highest."""
        if self._table is None:
            return np.subtract(wanted, self._lowest, dtype=np.int64)
        if wanted.dtype.itemsize < 4:  # in which the difference may not be
            wanted = wanted.astype(np.int64)
        return self._table[wanted - self._lowest]

    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        """The ids, increasing, and where each of them is."""
        if self._bisected is None:
            order = np.arange(len(self._given)) if self._increasing else np.argsort(self._given, kind="stable")
            self._bisected = self._given[order], order
        return self._bisected


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
