"""The error bounds of a ROM over a case, as one figure that candidates are compared by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

Tolerance = float | Mapping[str, float]


@dataclass(frozen=True)
class Bounds:
    """What a ROM says of its error over one case.

    values : by quantity, the largest bound over the times of the case; NaN where it is withheld. reason : why there is
    no bound, or no solution. notes : sentences of the solution, such as that its loads are beyond the trained ones.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    notes: tuple[str, ...] = ()

    def measured(self, error: Mapping[str, float | None]) -> Bounds:
        """With errors that are known in place of larger bounds. error : by field; None where it is relative to nothing.
        """
        values = {name: value if (known := error.get(name)) is None else float(np.fmin(value, known))
                  for name, value in self.values.items()}
        missing = {name: known for name, known in error.items() if known is not None and name not in values}
        return Bounds({**values, **missing}, self.reason, self.notes)

    def excess(self, tolerance: Tolerance) -> float:
        """The largest bound over its tolerance: at most 1 where all are met; infinite where one is not known."""
        limits = {name: tolerance for name in self.values} if isinstance(tolerance, float) else tolerance
        if not limits:
            return math.inf
        parts = [self.values.get(name, math.nan) / limit for name, limit in limits.items()]
        return math.inf if any(math.isnan(part) for part in parts) else max(parts)

    def key(self, tolerance: Tolerance) -> tuple[float, bool, float]:
        """What the largest of is the worst: not known before known; among those not known, no solution before one that
        has no bound; then by the bounds that there are."""
        limits = {name: tolerance for name in self.values} if isinstance(tolerance, float) else tolerance
        known = [self.values[name] / limit for name, limit in limits.items()
                 if not math.isnan(self.values.get(name, math.nan))]
        return self.excess(tolerance), not self.values, max(known, default=0.0)
