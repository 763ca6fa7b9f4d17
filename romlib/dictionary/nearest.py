"""The cluster of the nearest training case: for training sets of too few cases for a classifier."""

from __future__ import annotations

import numpy as np


def probabilities_by_distance(values: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Probabilities (n_asked, n_class) from the distance d to the nearest case of each class, in proportion to 1 / d^2.

    Features are divided by their spread over the training cases first; those without spread are left aside.

    Parameters
    ----------
    values : (n_case, n_feature), of the training cases. labels : (n_case,). asked : (n_asked, n_feature).
    """
    spread = values.std(axis=0)
    used = spread > 1e-9 * np.abs(values).max(axis=0, initial=0.0)
    known, new = values[:, used] / spread[used], asked[:, used] / spread[used]
    squares = ((new[:, None, :] - known[None, :, :]) ** 2).sum(axis=2)
    nearest = np.stack([squares[:, labels == label].min(axis=1) for label in np.unique(labels)], axis=1)
    tiny = 1e-12 * max(1.0, float(known.shape[1]))  # a training case itself: certain
    inverse = 1.0 / np.maximum(nearest, tiny)
    return inverse / inverse.sum(axis=1, keepdims=True)
