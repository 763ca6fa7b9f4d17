"""Colours of fields: maps whose lightness grows evenly and that the colour-blind can read, and their limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEQUENTIAL, DIVERGING = "viridis", "coolwarm"  # Smith and van der Walt 2015; Moreland 2009
ABSENT = "#d9d9d9"  # where there is no value
_ROUNDING = 1e-9  # beside the largest value this is zero


@dataclass(frozen=True)
class Colouring:
    """Which values have which colours. limits : of the scale. name : of a matplotlib colour map."""

    limits: tuple[float, float]
    name: str = SEQUENTIAL


def samples(colouring: Colouring, n: int = 64) -> np.ndarray:
    """n colours of the map, evenly spread, (n, 3) uint8."""
    from matplotlib import colormaps

    return np.rint(255 * colormaps[colouring.name](np.linspace(0.0, 1.0, n))[:, :3]).astype(np.uint8)


def value_range(*values: np.ndarray) -> tuple[float, float]:
    """Smallest and largest finite value; one that is rounding error beside the other is zero; (0, 0) without any."""
    finite = [part[np.isfinite(part)] for part in values]
    finite = [part for part in finite if part.size]
    if not finite:
        return 0.0, 0.0
    lowest, highest = min(float(p.min()) for p in finite), max(float(p.max()) for p in finite)
    floor = _ROUNDING * max(abs(lowest), abs(highest))
    return (0.0 if abs(lowest) < floor else lowest), (0.0 if abs(highest) < floor else highest)


def colouring(lowest: float, highest: float, signed: bool) -> Colouring:
    """For values in a range: symmetric about zero where they have both signs and may (`signed`)."""
    if signed and lowest < 0 < highest:
        return difference_colouring(max(-lowest, highest))
    return Colouring(_open(lowest, highest))


def difference_colouring(largest: float) -> Colouring:
    """For differences of at most this size: symmetric about zero, at which the colours are light."""
    return Colouring((-largest, largest) if largest > 0 else (-1.0, 1.0), DIVERGING)


def same(lowest: float, highest: float) -> bool:
    """Whether two values differ by rounding errors only: those of a constant field."""
    return highest - lowest <= _ROUNDING * max(abs(lowest), abs(highest))


def _open(lowest: float, highest: float) -> tuple[float, float]:
    """Limits that differ, for a scale of a field that has one value only."""
    if not same(lowest, highest):
        return lowest, highest
    size = abs(lowest) or 1.0
    return (lowest - 0.5 * size, lowest + 0.5 * size) if lowest else (0.0, size)
