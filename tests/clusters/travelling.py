"""Snapshots of a bump that travels along a line: the more snapshots, the more modes, and near ones are alike."""

from __future__ import annotations

import numpy as np


def bumps(n: int = 60, width: float = 0.04, n_point: int = 400, size: float = 1.0) -> np.ndarray:
    """(n, n_point), a bump of unit height times `size` at n places from 0 to 1."""
    x, places = np.linspace(0.0, 1.0, n_point), np.linspace(0.0, 1.0, n)
    return size * np.exp(-(((x - places[:, None]) / width) ** 2))


def gram(fields: np.ndarray) -> np.ndarray:
    """Gram matrix of rows."""
    return fields @ fields.T
