"""How far a case is from the training cases: whether it is like any of them, and the nearest, where few have to do."""

from __future__ import annotations

import numpy as np


def _squares(values: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(n_asked, n_case), of distances in features divided by their spread over the training cases.

    Those without spread are left aside.
    """
    spread = values.std(axis=0)
    used = spread > 1e-9 * np.abs(values).max(axis=0, initial=0.0)
    known, new = values[:, used] / spread[used], asked[:, used] / spread[used]
    return ((new[:, None, :] - known[None, :, :]) ** 2).sum(axis=2)


def novelty(values: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(n_asked,): distance to the nearest training case, over the largest from one of these to its nearest other.

    Above one a case is farther from the training than any of the training is from the rest: it is like none of it. Zero
    where all training cases have a twin, which says nothing of how far apart cases are.

    values : (n_case, n_feature), n_case > 1. asked : (n_asked, n_feature).
    """
    among = _squares(values, values)
    np.fill_diagonal(among, np.inf)
    reach = float(np.sqrt(among.min(axis=1).max()))
    nearest = np.sqrt(_squares(values, asked).min(axis=1))
    return nearest / reach if reach > 0.0 else np.zeros(len(asked))


def probabilities_by_distance(values: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Probabilities (n_asked, n_class) from the distance d to the nearest case of each class, in proportion to 1 / d^2.

    Parameters
    ----------
    values : (n_case, n_feature), of the training cases. labels : (n_case,). asked : (n_asked, n_feature).
    """
    squares = _squares(values, asked)
    nearest = np.stack([squares[:, labels == label].min(axis=1) for label in np.unique(labels)], axis=1)
    tiny = 1e-12 * values.shape[1]  # a training case itself: certain
    inverse = 1.0 / np.maximum(nearest, tiny)
    return inverse / inverse.sum(axis=1, keepdims=True)
