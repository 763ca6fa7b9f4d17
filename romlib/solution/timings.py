"""Where the time of an online run went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Timings:
    """Seconds spent in the laws, in linear algebra (strains, reduced forces, tangents, solves), and in total."""

    law: float = 0.0
    linear_algebra: float = 0.0
    total: float = 0.0

    @property
    def rest(self) -> float:
        """Seconds spent elsewhere."""
        return self.total - self.law - self.linear_algebra
