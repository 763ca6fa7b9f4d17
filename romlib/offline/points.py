"""Data of single integration points, wherever their pieces are: collected in the order of a selection."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from romlib.offline import gappy
from romlib.offline.reduce_dual import DualBases, DualField
from romlib.offline.selection import Candidates, Selection, union
from romlib.parallel.pieces import Pieces

AtPoints = Callable[[int, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class PointList:
    """Integration points: pieces (n,), ips (n,)."""

    pieces: np.ndarray
    ips: np.ndarray

    def __len__(self) -> int:
        return len(self.pieces)

    @classmethod
    def none(cls) -> PointList:
        """No point."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))

    @classmethod
    def union(cls, lists: Sequence[PointList]) -> PointList:
        """The points of all lists, each once, in their order."""
        return functools.reduce(cls.add, lists)

    def place(self, selection: Selection) -> np.ndarray:
        """The weights of a selection at these points, (n,): zero at the others."""
        return self.place_values(PointList(selection.pieces, selection.ips), selection.weights)

    def place_values(self, others: PointList, values: np.ndarray) -> np.ndarray:
        """Values of points that are among these, (n,): zero at the others."""
        position = {key: k for k, key in enumerate(zip(self.pieces.tolist(), self.ips.tolist()))}
        placed = np.zeros(len(self))
        placed[[position[key] for key in zip(others.pieces.tolist(), others.ips.tolist())]] = values
        return placed

    def add(self, other: PointList) -> PointList:
        """These points, then those of the other list that are not among them."""
        known = set(zip(self.pieces.tolist(), self.ips.tolist()))
        new = [k for k, key in enumerate(zip(other.pieces.tolist(), other.ips.tolist())) if key not in known]
        return PointList(np.concatenate([self.pieces, other.pieces[new]]), np.concatenate([self.ips, other.ips[new]]))


def at_points(points: PointList, pieces: Pieces, at: AtPoints) -> np.ndarray:
    """Values of points on every rank, (n_point, ...), in the order of the list.

    at : (piece, ips (n,)) -> (n, ...), called for the pieces of this rank.
    """
    parts = pieces.collect(lambda piece: at(piece, points.ips[points.pieces == piece]), points.pieces)
    first = next(iter(parts.values()))
    result = np.empty((len(points), *first.shape[1:]), dtype=first.dtype)
    for piece, values in parts.items():
        result[points.pieces == piece] = values
    return result


def complete(points: PointList, duals: DualBases, pieces: Pieces) -> PointList:
    """The points of the cubature, and those that gappy POD needs besides, of weight zero. Collective."""
    for dual in duals.fields:
        everything = points.add(_interpolation_points(dual, duals.candidates[dual.name], pieces))
        modes = modes_at(duals, dual.name, everything, pieces)
        has = np.isfinite(modes[:, 0, 0])
        n_needed = gappy.complete_points(modes[has].transpose(1, 0, 2), int(has[:len(points)].sum()), dual.volume)
        last = len(points) + n_needed
        points = PointList(everything.pieces[:last], everything.ips[:last])
    return points


def modes_at(duals: DualBases, field: str, points: PointList, pieces: Pieces) -> np.ndarray:
    """Modes of a dual field at points, (n_point, n_dual, n_comp), NaN where a point's material lacks it. Collective."""
    return at_points(points, pieces, lambda piece, ips: duals.modes(piece, field)[:, ips].transpose(1, 0, 2))


def _interpolation_points(dual: DualField, candidates: dict[int, Candidates], pieces: Pieces) -> PointList:
    """Q-DEIM among the candidates of all pieces, in piece order."""
    numbers, ips, rows = union(pieces.collect(candidates))
    n_dual = dual.decomposition.n_mode
    chosen = gappy.interpolation_points(rows.reshape(len(rows), n_dual, dual.n_comp).transpose(1, 0, 2))
    return PointList(numbers[chosen], ips[chosen])
