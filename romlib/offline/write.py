"""The two files of a trained ROM: its full fields streamed to rank 0 piece by piece, then the ROM itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from romlib.archive.pair import PairWriter
from romlib.mesh.mesh import Mesh
from romlib.offline.collect import Collection
from romlib.offline.reduce import Reduction

PieceOfFields = tuple[Mesh, list[np.ndarray], np.ndarray, dict[str, np.ndarray]]


def write_fields(
    output: Path, collection: Collection, reductions: Sequence[Reduction], fingerprint: str, files: ExitStack
) -> PairWriter | None:
    """Write the fields file; rank 0 gets the pair, whose `finish` takes the ROM and gives both their names. Collective.

    reductions : one a cluster. files : closes the pair; unless it was finished, nothing is left of it.
    """
    training, pieces, duals = collection.training, collection.pieces, reductions[0].duals

    def produce(piece: int) -> PieceOfFields:
        mesh = training.piece(piece).mesh
        fields = [one.basis.fields(training, piece, mesh.n_node) for one in reductions]
        modes = [every[:one.basis.n_mode] for one, every in zip(reductions, fields)]
        return mesh, modes, fields[0][len(modes[0]):], {
            dual.name: duals.modes(piece, dual.name) for dual in duals.fields}

    if pieces.comm.rank != 0:
        pieces.stream(produce, lambda piece, value: None)
        return None
    names = ["displacement", *(f"displacement {k}" for k in range(1, len(reductions)))]
    singular = {name: one.basis.decomposition.singular_values for name, one in zip(names, reductions)}
    singular |= {dual.name: dual.decomposition.singular_values for dual in duals.fields}
    grams = collection.grams(np.stack([one.rows.weights for one in reductions]))
    pair = files.enter_context(
        PairWriter(output, fingerprint, training.n_piece, singular, grams, collection.room.output_bytes))
    pieces.stream(produce, lambda piece, value: pair.write_piece(piece, *value))
    return pair
