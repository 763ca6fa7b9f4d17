"""Points where a structure would flow next: the stress is large in training, and the internal variables stayed zero.

A reconstruction from trained modes is zero there, and no point of the cubature may be near: where a case makes them
flow, nothing else sees it.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from romlib.offline.collect import Collection
from romlib.offline.points import PointList
from romlib.offline.training import blocks
from romlib.tensors import von_mises

SENTINELS = 5  # one of so many control points
_STILL = 1e-3  # of the largest of the model: an internal variable below it has not moved


def sentinels(collection: Collection, fields: list[str], n: int) -> tuple[PointList, np.ndarray]:
    """The n points of the largest von Mises stress in training at which no field moved, and the volume of each.

    Collective. fields : internal variables.
    """
    training, pieces = collection.training, collection.pieces
    found = pieces.each(partial(_largest, collection, fields))
    most = {name: max(values) for name, values in _by_name(pieces.collect(
        {piece: {name: float(largest[name].max(initial=0.0)) for name in fields}
         for piece, (_, largest) in found.items()})).items()}

    def of_piece(piece: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        stress, largest = found[piece]
        still = np.all([largest[name] <= _STILL * most[name] for name in fields], axis=0)
        there = np.flatnonzero(still & (stress > 0.0))
        first = np.sort(there[np.argsort(-stress[there], kind="stable")[:n]])
        return first, stress[first], training.piece(piece).operator.positive_weights[first]

    parts = pieces.collect(of_piece)
    numbers = np.concatenate([np.full(len(ips), piece) for piece, (ips, _, _) in parts.items()])
    ips, stress, volumes = (np.concatenate(column) for column in zip(*parts.values()))
    chosen = np.sort(np.argsort(-stress, kind="stable")[:n])
    return PointList(numbers[chosen], ips[chosen]), volumes[chosen]


def _largest(collection: Collection, fields: list[str], piece: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Over all snapshots: von Mises stress (n_ip,), and |x| of each field, zero where no material has it."""
    history, n = collection.history, collection.training.n_snapshot

    def over_time(name: str) -> np.ndarray:
        size = von_mises if name == "stress" else partial(np.linalg.norm, axis=-1)
        bytes_each = history.read(name, piece, slice(0, 1)).nbytes
        return np.max([np.nan_to_num(size(history.read(name, piece, rows))).max(axis=0)
                       for rows in blocks(n, bytes_each)], axis=0)
    return over_time("stress"), {name: over_time(name) for name in fields}


def _by_name(parts: dict[int, dict[str, float]]) -> dict[str, list[float]]:
    return {name: [part[name] for part in parts.values()] for name in next(iter(parts.values()))}
