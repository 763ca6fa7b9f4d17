"""Bounds of the errors of a solution, by quantity and time, and what is to be said of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class ErrorBounds(Mapping[str, np.ndarray]):
    """Bounds by quantity ("displacement", and dual fields), each (n_step,); NaN where one is withheld.

    What is bounded is max over the time so far of the L2 norm in space of the error, over the same maximum of the exact
    solution, or 5 % of the training runs' where that is more: what `romlib compare` prints.

    notes : sentences on what they rest on, and on what is withheld. temperature_is_new : (n_step,), whether the
    temperature has left the combinations of the training runs' fields by that time. indicators : by dual field,
    (n_step,), what the bounds come from.
    """

    bounds: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    temperature_is_new: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    indicators: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, quantity: str) -> np.ndarray:
        return self.bounds[quantity]

    def __iter__(self) -> Iterator[str]:
        return iter(self.bounds)

    def __len__(self) -> int:
        return len(self.bounds)
