"""How far the errors of the calibration were from what the indicator says: what the factors of the bounds rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from romlib.archive.indicator import CalibrationPair, Indicator
from romlib.online.indicator import bound, indicating


def ratios(pairs: Sequence[CalibrationPair]) -> dict[str, list[float]]:
    """By quantity, of each pair: the true error over what the bound would be with q = 1.

    An error beyond 100 % counts as 100 %: how wrong a useless answer is says nothing of useful ones.
    """
    found: dict[str, list[float]] = {}
    for pair in pairs:
        for quantity, error in pair.errors.items():
            if indicating(quantity) in pair.misfits:
                unit = bound(quantity, 1.0, np.array([pair.misfits[indicating(quantity)]]),
                             np.array([pair.temperature_is_new]))
                found.setdefault(quantity, []).append(min(error, 1.0) / float(unit[0]))
    return found


def calibration_rows(indicator: Indicator | None) -> list[dict[str, Any]]:
    """One plain mapping a quantity that has a bound: its factor q, the number of pairs, and the spread of ratios."""
    if indicator is None:
        return []
    found = ratios(indicator.pairs)
    return [{"quantity": name, "factor": factor, "pairs": len(found[name]), "ratio_min": min(found[name]),
             "ratio_median": float(np.median(found[name])), "ratio_max": max(found[name])}
            for name, factor in indicator.factors.items() if name in found]
