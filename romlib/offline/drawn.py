"""Integration points drawn at random over all pieces, and a rule for the volume on them."""

from __future__ import annotations

from functools import partial

import numpy as np

from romlib.offline.points import PointList
from romlib.offline.reduce_dual import DualBases, DualField
from romlib.offline.training import TrainingSet
from romlib.parallel.pieces import Pieces


def draw(
    training: TrainingSet, duals: DualBases, pieces: Pieces, size: int, fields: list[DualField] | None = None
) -> tuple[PointList, np.ndarray]:
    """About `size` points, half of them evenly and half where the dual fields are, and their weights. Collective.

    A piece has as many as its part of the points says; random numbers are seeded by its number. The weights are
    1 / (n times the chance of each), scaled to the volume of the piece.

    fields : those that count; by default all.
    """
    counts = [training.runs[0].snapshots.n_ip(piece) for piece in range(pieces.n)]
    ends = np.floor(np.cumsum(counts) * (min(size / sum(counts), 1.0)) + 0.5).astype(int)
    numbers = np.diff(ends, prepend=0)
    drawn = pieces.collect(partial(_of_piece, training, duals, fields or duals.fields, numbers))
    lists = [PointList(np.full(len(ips), piece), ips) for piece, (ips, _) in drawn.items()]
    return PointList.union(lists), np.concatenate([weights for _, weights in drawn.values()])


def _of_piece(
    training: TrainingSet, duals: DualBases, fields: list[DualField], numbers: np.ndarray, piece: int
) -> tuple[np.ndarray, np.ndarray]:
    """Points of a piece (n,), in order, and their weights."""
    weights, n = training.piece(piece).operator.positive_weights, int(numbers[piece])
    chances = []
    for dual in fields:
        modes = np.nan_to_num(duals.modes(piece, dual.name))
        size = weights * np.einsum("j,jpc,jpc->p", dual.decomposition.singular_values**2, modes, modes)
        if size.sum() > 0.0:
            chances.append(size / size.sum())
    even = weights / weights.sum()
    chance = 0.5 * even + 0.5 * np.mean(chances or [even], axis=0)
    ips = np.sort(np.random.default_rng(piece).choice(len(weights), n, replace=False, p=chance))
    rule = weights[ips] / np.minimum(n * chance[ips], 1.0)
    return ips, rule * (weights.sum() / rule.sum()) if n else rule
