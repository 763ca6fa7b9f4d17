"""Places in one piece of a mesh where a field is read."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class NodeSpots:
    """Places in one piece where a nodal field is read: combinations of its values at a few nodes.

    nodes : (n,), positions in the piece. matrix : (n_spot, n), times the values there; None: the nodes themselves.
    coordinates : (n_spot, 3). ids : (n_spot,), of the nodes, or of the cell that the spot is in. where : in words.
    """

    piece: int
    nodes: np.ndarray
    matrix: np.ndarray | None
    coordinates: np.ndarray
    ids: np.ndarray
    where: str

    @property
    def n(self) -> int:
        """Number of spots."""
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        """Memory, about."""
        return 48 * len(self.nodes) + (0 if self.matrix is None else self.matrix.nbytes)

    @property
    def key(self) -> Hashable:
        """What says which nodes are read."""
        return self.piece, "nodes", self.nodes.tobytes()

    def combined(self, values: np.ndarray) -> np.ndarray:
        """Values at the spots, (n_step, n_spot, n_comp), of those at `nodes`, (n_step, n, n_comp)."""
        return values if self.matrix is None else np.einsum("sn,tni->tsi", self.matrix, values)


@dataclass(frozen=True, eq=False)
class IpSpots:
    """Integration points of one piece.

    ips : (n,), positions in the piece. coordinates : (n, 3). cell_ids : (n,), ids of their cells. numbers : (n,), their
    numbers in the cell, from 1. weights : (n,), the volume of the cell over its number of points.
    """

    piece: int
    ips: np.ndarray
    coordinates: np.ndarray
    cell_ids: np.ndarray
    numbers: np.ndarray
    weights: np.ndarray

    @property
    def n(self) -> int:
        """Number of points."""
        return len(self.ips)

    @property
    def nbytes(self) -> int:
        """Memory, about."""
        return 56 * len(self.ips)

    @property
    def key(self) -> Hashable:
        """What says which points are read."""
        return self.piece, "ips", self.ips.tobytes()


Spots = NodeSpots | IpSpots
