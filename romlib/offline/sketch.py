"""Random combinations in place of very many integrands.

There are (stress modes) x (strain modes) integrands: 281 x 70 of them have a Gram matrix of 3 GB, from which a
compression takes an hour. Points and weights chosen against a few thousand Gaussian combinations of them do as well:
the sum of squares of r combinations, over r, has the errors of all integrands for its mean, whatever weights they come
from, with a relative spread of sqrt(2 / r) (W. B. Johnson, J. Lindenstrauss, 1984). Weights that are fitted to them see
less than that, by the share of the points in the combinations: `romlib.offline.cubature.select` takes it into account,
and the number of combinations follows that of the points.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

T = TypeVar("T")

LARGE = 4000  # integrands from which on they are combined; a Gram matrix of fewer has up to 128 MB
FIRST, MOST = 1000, 8000  # combinations
SHARE = 1.0 / 3.0  # of the combinations: so many points at most
_SEED = 20_221_126


def gaussian(n: int, n_column: int) -> np.ndarray:
    """(n, n_column), combinations of n functions, whose squares sum up to that of all in the mean.

    The same on every rank and in every run, whatever pieces there are.
    """
    return np.random.default_rng((_SEED, n_column)).standard_normal((n, n_column)) / np.sqrt(n_column)


def sketched(choose: Callable[[np.ndarray], tuple[T, int]], n: int, expected: int = 0) -> T:
    """What is chosen against combinations of n integrands, with enough of them for the number of its points.

    choose : (n, n_column) -> what is chosen, and its number of points. expected : so many points.
    """
    n_column = min(max(round(expected / SHARE), FIRST), MOST, n)
    while True:
        chosen, n_point = choose(gaussian(n, n_column))
        if n_column >= min(MOST, n) or n_point <= SHARE * n_column:
            return chosen
        n_column = min(2 * n_column, MOST, n)


def most_points(columns: np.ndarray) -> int | None:
    """How many points `choose` need not exceed, because there will be more combinations for more; None: no such bound.
    """
    n, n_column = columns.shape
    return None if n_column >= min(MOST, n) else int(SHARE * n_column) + 1
