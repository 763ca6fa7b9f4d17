"""The largest difference between two fields, kept while they are read block by block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass
class Deviation:
    """Largest |a - b|, largest |b|, and where the first is: over all times and points seen so far.

    A value that is not a number is the largest of all, and stays.
    """

    difference: float = 0.0
    reference: float = 0.0
    place: str = ""

    def add(self, a: np.ndarray, b: np.ndarray, place: Callable[[int, int], str]) -> None:
        """Take a block into account.

        Parameters
        ----------
        a, b : (n_step, n, n_comp), computed and stored.
        place : (step in the block, point) -> words that say where it is.
        """
        if a.size == 0:
            return
        self._take(np.linalg.norm(a - b, axis=-1), place)
        self.refer(float(np.linalg.norm(b, axis=-1).max()))

    def add_size(self, a: np.ndarray, place: Callable[[int, int], str]) -> None:
        """Take the size of a field (n_step, n, n_comp) into account: |a| is both the difference and the reference."""
        if a.size == 0:
            return
        size = np.linalg.norm(a, axis=-1)
        self._take(size, place)
        self.refer(float(size.max()))

    def merge(self, other: Deviation) -> None:
        """Take into account what another has seen."""
        if _exceeds(other.difference, self.difference):
            self.difference, self.place = other.difference, other.place
        self.refer(other.reference)

    def relative(self) -> float:
        """Difference over reference; zero where both are zero."""
        if self.difference == 0.0:
            return 0.0
        return self.difference / self.reference if self.reference != 0.0 else float("inf")

    def _take(self, size: np.ndarray, place: Callable[[int, int], str]) -> None:
        step, point = np.unravel_index(int(np.argmax(size)), size.shape)  # argmax finds NaN first
        value = float(size[step, point])
        if _exceeds(value, self.difference):
            self.difference, self.place = value, place(int(step), int(point))

    def refer(self, value: float) -> None:
        """Take a size of b into account."""
        self.reference = value if np.isnan(value) else max(self.reference, value)


def _exceeds(new: float, old: float) -> bool:
    return not np.isnan(old) and (np.isnan(new) or new > old)
