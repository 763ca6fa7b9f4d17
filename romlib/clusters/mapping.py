"""A map of snapshots: places in a plane that are as far apart as they are unlike, as nearly as a plane allows."""

from __future__ import annotations

import numpy as np
from scipy import linalg


def plane_map(dissimilarity: np.ndarray) -> np.ndarray:
    """(n, 2), multidimensional scaling [BOG]: the classical one, improved by majorisation of the stress (SMACOF).

    The same for the same dissimilarities (n, n): nothing is drawn by chance. Signs are those that make the largest
    coordinate of each axis positive.
    """
    n = len(dissimilarity)
    if n < 3:
        return np.stack([dissimilarity[0] if n else np.zeros(0), np.zeros(n)], axis=1)
    from sklearn.manifold import smacof

    centred = np.eye(n) - 1.0 / n
    values, vectors = linalg.eigh(-0.5 * centred @ dissimilarity**2 @ centred, subset_by_index=(n - 2, n - 1))
    first = (vectors * np.sqrt(np.maximum(values, 0.0)))[:, ::-1]
    places = smacof(dissimilarity, n_components=2, init=first, n_init=1)[0]
    return places * np.where(places[np.abs(places).argmax(axis=0), [0, 1]] < 0.0, -1.0, 1.0)
