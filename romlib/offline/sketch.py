"""Compression of very many integrands without their Gram matrix: from its products with random columns.

There are (stress modes) x (strain modes) integrands: 281 x 70 of them have a Gram matrix of 3 GB. Its leading
eigenvectors come from its products with a few random columns as well (Nystroem's approximation; N. Halko, P. G.
Martinsson, J. A. Tropp, SIAM Review 53, 2011; J. A. Tropp et al., NIPS 2017), and what these leave out is known,
because the trace of the Gram matrix is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import linalg

from romlib.offline.pod import tails

LARGE = 4000  # integrands from which on they are sketched; a Gram matrix of fewer has up to 128 MB
FIRST = 500  # random columns that a sketch begins with; each further one has as many as all before it
MOST = 4000
# Of the cubature's tolerance: what a sketch may leave out of the integrands, as a root of their summed squares. Points
# that do not know of it integrate it as points at random would: to less than this by the root of their number.
PART = 0.1
_SEED = 20_221_126


def gaussian(n: int, first: int, last: int) -> np.ndarray:
    """Columns `first` to `last` of a matrix of n rows of random numbers, the same on every rank and in every run."""
    return np.random.default_rng((_SEED, first, last)).standard_normal((n, last - first))


def nystroem(test: np.ndarray, product: np.ndarray, trace: float, tolerance: float) -> tuple[np.ndarray, float]:
    """Leading eigenvectors of a positive matrix A, from its product with a few random columns.

    Parameters
    ----------
    test : (n, r), random. product : A test. trace : of A.
    tolerance : the smallest rank is taken with what is left out <= tolerance^2 trace, or r if there is none.

    Returns
    -------
    (n, rank) orthonormal; and what they leave out of A, tr(A - V V^T A V V^T) at most, relative to its trace.
    """
    if trace <= 0.0:
        return np.eye(len(test), 1), 0.0
    shift = np.finfo(float).eps * trace
    shifted = product + shift * test
    core = test.T @ shifted
    sizes, vectors = linalg.eigh(0.5 * (core + core.T))
    there = sizes > len(sizes) * np.finfo(float).eps * sizes[-1]
    root = shifted @ (vectors[:, there] / np.sqrt(sizes[there]))
    left, singular, _ = linalg.svd(root, full_matrices=False, check_finite=False)
    eigenvalues = np.maximum(singular**2 - shift, 0.0)
    eigenvalues = np.where(eigenvalues > len(test) * np.finfo(float).eps * eigenvalues[0], eigenvalues, 0.0)
    lost = max(trace - float(eigenvalues.sum()), 0.0)
    left_out = tails(eigenvalues) + lost
    enough = np.flatnonzero(left_out <= tolerance**2 * trace)
    rank = int(enough[0]) + 1 if len(enough) else max(int(np.count_nonzero(eigenvalues)), 1)
    vectors = left[:, :rank]
    vectors = vectors * np.where(vectors[np.abs(vectors).argmax(axis=0), np.arange(rank)] < 0, -1.0, 1.0)
    return vectors, float(left_out[rank - 1]) / trace


def sketched(
    multiply: Callable[[np.ndarray], np.ndarray], n: int, trace: float, tolerance: float
) -> tuple[np.ndarray, float]:
    """The same for a matrix (n, n) that is known by its products, with as many random columns as the tolerance takes.

    multiply : (n, m) -> A times it; called with more columns until the tolerance is met, or `MOST` of them are taken.
    """
    test = gaussian(n, 0, min(FIRST, n))
    product = multiply(test)
    while True:
        columns, left_out = nystroem(test, product, trace, tolerance)
        r = test.shape[1]
        if left_out <= tolerance**2 or r >= min(MOST, n):
            return columns, left_out
        more = gaussian(n, r, min(2 * r, MOST, n))
        test, product = np.hstack([test, more]), np.hstack([product, multiply(more)])
