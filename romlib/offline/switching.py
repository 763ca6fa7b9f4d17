"""What the local bases of a ROM are chosen by: products in the elastic energy, from the fields themselves.

Not from the Gram matrix of the snapshots, which has them too: a mode of small amplitude is a combination of snapshots
with large factors, and products with it would be rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from romlib.archive.switching import Switching
from romlib.clusters.partition import Partition
from romlib.offline.collect import Collection
from romlib.offline.reduce import Reduction
from romlib.offline.training import blocks, combine


def switching_of(
    collection: Collection, reductions: Sequence[Reduction], found: Partition, kept: np.ndarray, keep_global: bool
) -> Switching:
    """Products of the modes of all bases, and of the liftings, with each other and with the snapshots. Collective.

    One pass over the pieces; a rank has the strains of all bases on a piece, once and as stresses, and a block of the
    snapshots.

    Parameters
    ----------
    found : clusters of the snapshots `kept` (n,), numbers among all. keep_global : the last basis is that of all.
    """
    training = collection.training
    totals = collection.pieces.sums(partial(_products_of_piece, collection, reductions))
    energy = 0.5 * (totals["energy"] + totals["energy"].T)
    return Switching(
        tuple(run.name for run in training.runs), training.run_of[kept], training.times[kept], found.labels,
        found.medoids, energy, np.ascontiguousarray(totals["products"][:, kept]),
        np.sqrt(np.maximum(totals["squares"][kept], 0.0)), len(reductions) - 1 if keep_global else None)


def _products_of_piece(
    collection: Collection, reductions: Sequence[Reduction], piece: int
) -> dict[str, np.ndarray]:
    training = collection.training
    operators = training.piece(piece)
    operator, n_node = operators.operator, operators.mesh.n_node
    tangent = operators.virgin_tangent()
    stiffness = 0.5 * (tangent + tangent.transpose(0, 2, 1)) * operator.positive_weights[:, None, None]
    strains = operator.strain(_fields(collection, reductions, piece, n_node))
    n_all, width = len(strains), 6 * operator.n_ip
    stress = np.matmul(stiffness, strains[..., None])[..., 0].reshape(n_all, width)
    products, squares = np.zeros((n_all, training.n_snapshot)), np.zeros(training.n_snapshot)
    for rows in blocks(training.n_snapshot, 24 * n_node + 16 * width):
        strain = operator.strain(training.read("displacement", piece, rows))
        products[:, rows] = stress @ strain.reshape(-1, width).T
        squares[rows] = np.einsum("spa,spa->s", np.matmul(stiffness, strain[..., None])[..., 0], strain)
    return {"energy": stress @ strains.reshape(n_all, width).T, "products": products, "squares": squares}


def _fields(collection: Collection, reductions: Sequence[Reduction], piece: int, n_node: int) -> np.ndarray:
    """Modes of all bases, then the liftings, (n_all, n_node, d), with one reading of the snapshots."""
    bases = [one.basis for one in reductions]
    combination = np.concatenate([*(basis.modes for basis in bases), bases[0].liftings.T], axis=1)
    result = combine(partial(collection.training.read, "displacement", piece), combination, n_node * 24)
    start = 0
    for basis in bases:
        here = slice(start, start + basis.n_mode)
        result[here] = np.tensordot(basis.correction.T, result[here], axes=1)
        start += basis.n_mode
    return result
