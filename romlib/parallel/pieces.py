"""The pieces of a mesh, shared out over the ranks: work done piece by piece, and what all pieces give together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import numpy as np

from romlib.parallel.comm import Comm, pieces_of_rank

T = TypeVar("T")
Work = Callable[[int], T] | Mapping[int, T]


class Pieces:
    """Which pieces this rank has, and what is done with them.

    Work is a function of the number of a piece, called for each piece of this rank in order, inside `Comm.agreement`: a
    failure on one rank is raised on all. Or it is what such a function has given, by piece. Methods are collective.

    n : pieces of the mesh. mine : those of this rank. comm : the ranks.

    Raises
    ------
    InputError : there are more ranks than pieces.
    """

    def __init__(self, comm: Comm, n: int) -> None:
        self.comm, self.n, self.mine = comm, n, pieces_of_rank(n, comm)

    def each(self, work: Work[T], only: Collection[int] | None = None) -> dict[int, T]:
        """The values of the pieces of this rank. only : pieces that have something to give; by default all."""
        if not callable(work):
            return dict(work)
        with self.comm.agreement():
            return {piece: work(piece) for piece in self.mine if only is None or piece in only}

    def sum(self, work: Work[np.ndarray]) -> np.ndarray:
        """The sum over all pieces, in piece order: see `Comm.sum_pieces`."""
        return self.comm.sum_pieces(self.each(work))

    def sums(self, work: Work[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """The same of several arrays a piece, by their names, which are the same for every piece."""
        own = self.each(work)
        names = list(own[self.mine[0]])
        return {name: self.comm.sum_pieces({piece: arrays[name] for piece, arrays in own.items()}) for name in names}

    def collect(self, work: Work[T], only: Collection[int] | None = None) -> dict[int, T]:
        """The values of all pieces on every rank, in piece order. only : see `each`."""
        return _merged(self.comm.allgather(self.each(work, only)))

    def gather(self, work: Work[T]) -> dict[int, T] | None:
        """The same on rank 0; None elsewhere."""
        parts = self.comm.gather(self.each(work))
        return None if parts is None else _merged(parts)

    def stream(self, produce: Callable[[int], T], consume: Callable[[int, T], None]) -> None:
        """Values of all pieces to rank 0, one after the other: see `Comm.stream_pieces`."""
        self.comm.stream_pieces(self.mine, produce, consume)


def _merged(parts: list[dict[int, T]]) -> dict[int, T]:
    values = {piece: value for part in parts for piece, value in part.items()}
    return {piece: values[piece] for piece in sorted(values)}
