"""L2 norms of the fields of a snapshots file, piece by piece: see `romlib.report.compare` for what they are."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from romlib.blocks import blocks
from romlib.fem.piece import Piece
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.snapshots.reader import Snapshots

BLOCK_BYTES = 64 * 2**20


class NormedPiece(Piece):
    """A piece with its inner products. number : of the piece."""

    def __init__(self, mesh: Mesh, model: Model, number: int, multiplicity: np.ndarray) -> None:
        super().__init__(mesh, model)
        self.number = number
        shared = mesh.shared_index
        self.node_share = np.ones(mesh.n_node)
        if shared is not None and len(multiplicity):
            self.node_share = np.where(shared >= 0, 1.0 / multiplicity[np.maximum(shared, 0)], 1.0)

    def count(self, place: str) -> int:
        """Number of nodes or integration points."""
        return self.mesh.n_node if place == "node" else self.operator.n_ip

    def squares(self, place: str, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Squared L2 norm, and sum of squares with every node counted once over all pieces, (n_step,) each."""
        weights = self.node_share if place == "node" else np.ones(self.operator.n_ip)
        plain = np.einsum("tnc,tnc,n->t", values, values, weights)
        if place == "ip":
            return np.einsum("tnc,tnc,n->t", values, values, self.operator.positive_weights), plain
        return np.einsum("tnc,tnc->t", values, self.apply_mass(values)), plain


def multiplicity_of(snapshots: Snapshots) -> np.ndarray:
    """(n_shared,), how many pieces have each shared node."""
    count = np.zeros(snapshots.n_shared)
    for piece in range(snapshots.n_piece if snapshots.n_shared else 0):
        shared = snapshots.mesh(piece).shared_index
        if shared is not None:
            count += np.bincount(shared[shared >= 0], minlength=snapshots.n_shared)
    return np.maximum(count, 1.0)


def norms_over_time(snapshots: Snapshots, names: Iterable[str]) -> dict[str, np.ndarray]:
    """L2 norms over the volume of fields, each (n_step,); points whose material lacks the field count nothing."""
    squares = {name: np.zeros(snapshots.n_step) for name in names}
    multiplicity = multiplicity_of(snapshots)
    for number in range(snapshots.n_piece):
        piece = NormedPiece(snapshots.mesh(number), Model(), number, multiplicity)
        for name, total in squares.items():
            place, n_comp = snapshots.fields[name].place, snapshots.fields[name].n_comp
            for steps in blocks(snapshots.n_step, 8 * piece.count(place) * n_comp, BLOCK_BYTES):
                values = np.nan_to_num(snapshots.read(name, number, steps))
                total[steps] += piece.squares(place, values)[0]
    return {name: np.sqrt(np.maximum(total, 0.0)) for name, total in squares.items()}
