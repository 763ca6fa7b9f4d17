"""Which snapshots a basis is made of: all of them, or those of a cluster, or all but one; each with a weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from romlib.errors import InputError


@dataclass(frozen=True, eq=False)
class Rows:
    """Snapshots by their weights (n_snapshot,), not negative: those of weight zero are left out.

    A Gram matrix of all snapshots has that of any choice of them, and a mode of the choice is a combination of all in
    which the others count nothing: a basis of some snapshots needs no pass over the others' fields, and no file of its
    own.

    Raises
    ------
    InputError : the weights are no weights of these snapshots, or none is left.
    """

    weights: np.ndarray

    def __post_init__(self) -> None:
        if self.weights.ndim != 1 or not (np.isfinite(self.weights).all() and (self.weights >= 0.0).all()):
            raise InputError("weights of snapshots are numbers that are not negative, one a snapshot")
        if not self.weights.any():
            raise InputError("no snapshot is left to make a basis of")

    @classmethod
    def of(cls, n: int, chosen: Sequence[float] | np.ndarray | None) -> Rows:
        """Rows among n snapshots: a mask or weights (n,); None: all."""
        weights = np.ones(n) if chosen is None else np.asarray(chosen, dtype=float)
        if weights.shape != (n,):
            raise InputError("a choice of snapshots has the wrong length", expected=f"{n} snapshots",
                             found=weights.shape)
        return cls(weights)

    @cached_property
    def kept(self) -> np.ndarray:
        """Numbers of the snapshots that count, (n_kept,)."""
        return np.flatnonzero(self.weights)

    @cached_property
    def _scale(self) -> np.ndarray | None:
        """Square roots of their weights; None where all snapshots count the same."""
        return None if (self.weights == 1.0).all() else np.sqrt(self.weights[self.kept])

    def gram(self, gram: np.ndarray) -> np.ndarray:
        """Gram matrix (n_kept, n_kept) of the weighted snapshots, from that of all."""
        if self._scale is None:
            return gram
        return gram[np.ix_(self.kept, self.kept)] * np.outer(self._scale, self._scale)

    def weighted(self, values: np.ndarray) -> np.ndarray:
        """Values (n_snapshot, ...) of the weighted snapshots, (n_kept, ...)."""
        return values if self._scale is None else (values[self.kept].T * self._scale).T

    def spread(self, combination: np.ndarray) -> np.ndarray:
        """A combination (n_kept, n) of the weighted snapshots as one of all, (n_snapshot, n)."""
        if self._scale is None:
            return combination
        result = np.zeros((len(self.weights), combination.shape[1]))
        result[self.kept] = (combination.T * self._scale).T
        return result

    def and_more(self, n: int) -> Rows:
        """The same, followed by n snapshots that all count."""
        return Rows(np.concatenate([self.weights, np.ones(n)])) if n else self
