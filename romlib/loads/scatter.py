"""Assembly of forces on the nodes of cells and faces into an array over all nodes."""

from __future__ import annotations

import numpy as np


def scatter(force: np.ndarray, connectivity: np.ndarray, values: np.ndarray) -> None:
    """Add `values` (n, n_a, k) to the rows `connectivity` (n, n_a) of `force` (n_node, k), in place."""
    index = connectivity.ravel()
    for component in range(force.shape[1]):
        force[:, component] += np.bincount(index, values[..., component].ravel(), minlength=len(force))
