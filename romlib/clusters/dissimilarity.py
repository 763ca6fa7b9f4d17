"""How unlike snapshots, or runs, are, from their Gram matrices.

The sine of the angle of two fields is the relative error of the projection of one onto the other: small where a basis
of one serves the other, whatever their sizes [DCA]. Whoever has the Gram matrix has all of them.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg, sparse
from scipy.sparse import csgraph

from romlib.errors import InputError

NOTHING = 1e-8  # of the largest norm: what is smaller has no direction but that of rounding and of the solver's digits
ROUNDING = 1e-13  # squares of sines below this cannot be told from zero by a Gram matrix
_AS_FAR = 1e-6


def norms(gram: np.ndarray) -> np.ndarray:
    """(n,), norms of the fields of a Gram matrix (n, n); zero for those below `NOTHING` of the largest.

    Raises
    ------
    InputError : it is not square, or has a value that is not finite.
    """
    if gram.ndim != 2 or gram.shape[0] != gram.shape[1]:
        raise InputError("a Gram matrix is square", found=gram.shape)
    bad = ~np.isfinite(gram).all(axis=1)
    if bad.any():
        raise InputError("a Gram matrix has a value that is not finite", place=f"snapshot {int(np.argmax(bad))}",
                         remedy="repair the snapshots, or the parameters of the laws that their stress comes from")
    result = np.sqrt(np.maximum(np.diag(gram), 0.0))
    return np.where(result > NOTHING * result.max(initial=0.0), result, 0.0)


def sine(gram: np.ndarray) -> np.ndarray:
    """(n, n), sine of the angle of each two fields of a Gram matrix (n, n): a metric of directions, from 0 to 1.

    A field of size zero has no direction: it is at 1 from every other one, and at 0 from its like. Sines below the root
    of `ROUNDING` are zero. Raises as `norms`.
    """
    sizes = norms(gram)
    there = sizes > 0.0
    unit = np.where(there, sizes, 1.0)
    squares = 1.0 - np.minimum((0.5 * (gram + gram.T) / unit / unit[:, None]) ** 2, 1.0)
    squares = np.where(there[:, None] & there, squares, there[:, None] ^ there)
    return _from_squares(squares)


def euclidean(gram: np.ndarray) -> np.ndarray:
    """(n, n), distance |u - v| of each two fields of a Gram matrix (n, n). Raises as `norms`."""
    norms(gram)
    size = np.diag(gram)
    total = size[:, None] + size
    squares = total - (gram + gram.T)
    return _from_squares(np.where(squares > ROUNDING * total, squares, 0.0), floor=0.0)


def in_time(runs: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(n, n), time between each two snapshots, as if the runs followed one another; clusters are windows of time.

    runs, times : (n,), number of the run and time of each snapshot, run after run.
    """
    steps = np.diff(times, prepend=times[:1])
    first = np.diff(runs, prepend=runs[:1]) != 0
    # A run begins one of its own steps after the end of the run before it.
    following = np.append(steps[1:], 0.0)
    elapsed = np.cumsum(np.where(first, np.maximum(following, 0.0), steps))
    return np.abs(elapsed[:, None] - elapsed)


def by_chance(n: int, seed: int = 0) -> np.ndarray:
    """(n, n), symmetric, drawn evenly from (0, 1): clusters of it, and their neighbours, are as chance has them."""
    upper = np.triu(np.random.default_rng(seed).uniform(0.0, 1.0, (n, n)), 1)
    return upper + upper.T


def of_cases(gram: np.ndarray, runs: np.ndarray, kind: str, tolerance: float = 1e-2) -> np.ndarray:
    """(n_run, n_run), distance of the spaces of the snapshots of each two runs, by their principal angles.

    A run's space is that of its leading POD modes; all runs have as many, the median of what each needs to leave out
    `tolerance` of its own snapshots, or fewer where it has no more above rounding. For spaces of k <= l dimensions with
    angles theta_1 ... theta_k: sqrt((l - k) pi^2 / 4 + sum theta_i^2) for "grassmann", sqrt(l - k + sum sin^2 theta_i)
    for "chordal" [YL].

    Parameters
    ----------
    gram : (n_snapshot, n_snapshot). runs : (n_snapshot,), number of the run, from 0; each has a snapshot.
    """
    norms(gram)
    n_run = int(runs.max()) + 1
    decomposed = [_directions(gram[np.ix_(own, own)], tolerance)
                  for own in (np.flatnonzero(runs == run) for run in range(n_run))]
    needed = [n for _, n in decomposed]
    n_common = max(int(np.ceil(np.median([n for n in needed if n] or [1]))), 1)
    ranks = np.array([min(combination.shape[1], n_common) for combination, _ in decomposed])
    modes = np.zeros((len(gram), n_run, n_common))
    for run, (combination, _) in enumerate(decomposed):
        modes[runs == run, run, :ranks[run]] = combination[:, :n_common]
    flat = modes.reshape(len(gram), -1)
    products = (flat.T @ gram @ flat).reshape(n_run, n_common, n_run, n_common).transpose(0, 2, 1, 3)
    cosines = np.clip(np.linalg.svd(products, compute_uv=False), 0.0, 1.0)
    fewer, more = np.minimum(ranks[:, None], ranks), np.maximum(ranks[:, None], ranks)
    sines = _from_squares(1.0 - cosines**2, diagonal=False)
    parts = np.arcsin(sines) if kind == "grassmann" else sines
    there = np.arange(n_common) < fewer[..., None]
    missing = (more - fewer) * (np.pi**2 / 4.0 if kind == "grassmann" else 1.0)
    return _from_squares(missing + (np.where(there, parts, 0.0) ** 2).sum(axis=2), floor=0.0)


def _directions(gram: np.ndarray, tolerance: float) -> tuple[np.ndarray, int]:
    """Orthonormal combinations (n, rank) of the snapshots of a run, and how many of them the tolerance asks for."""
    values, vectors = linalg.eigh(0.5 * (gram + gram.T))
    values, vectors = values[::-1], vectors[:, ::-1]
    rank = int((values > max(len(gram) * np.finfo(float).eps, NOTHING**2) * max(values[0], 0.0)).sum())
    rest = np.cumsum(np.maximum(values[::-1], 0.0))[::-1]  # rest[i]: what i modes leave
    needed = int((rest > tolerance**2 * rest[0]).sum())
    return vectors[:, :rank] / np.sqrt(values[:rank]), min(needed, rank)


def _from_squares(squares: np.ndarray, floor: float = ROUNDING, diagonal: bool = True) -> np.ndarray:
    """Roots of squares, exactly symmetric and zero on the diagonal, and zero where they are below the floor."""
    if diagonal:
        squares = 0.5 * (squares + squares.T)
        np.fill_diagonal(squares, 0.0)
    return np.sqrt(np.where(squares > floor, squares, 0.0))


def geodesic(dissimilarity: np.ndarray, n_neighbour: int = 5) -> np.ndarray:
    """(n, n), lengths of the shortest paths over a graph of nearest neighbours [TSL]: a metric, whatever it is made of.

    Two features apart are as unlike as any other two: the sine is 1 for all of them, and says nothing of the way
    between. The way along the training says it. Therefore two that are as far apart as any (to 1e-6) are no neighbours,
    and snapshots at zero from each other are one vertex, so that a run of parallel ones (a proportional load) does not
    fill its own neighbourhood. Parts that neighbours do not connect (a steady state, whose snapshots have enough
    neighbours among themselves) are linked where they are nearest, by edges of a minimum spanning tree. What nothing
    links is twice the longest path apart, or, where there is no path at all, the largest dissimilarity.

    dissimilarity : (n, n), symmetric, zero on the diagonal.
    """
    vertex = alike(dissimilarity)
    first = np.unique(vertex, return_index=True)[1]
    between = dissimilarity[np.ix_(first, first)]
    n, farthest = len(first), float(between.max(initial=0.0))
    near = ~np.eye(n, dtype=bool) & (between < (1.0 - _AS_FAR) * farthest)
    rows = np.repeat(np.arange(n), min(n_neighbour, n - 1))
    columns = np.argsort(np.where(near, between, np.inf), axis=1, kind="stable")[:, :min(n_neighbour, n - 1)].ravel()
    edges = near & _pairs(rows, columns, n)
    part = csgraph.connected_components(sparse.csr_matrix(edges), directed=False)[1]
    tree = csgraph.minimum_spanning_tree(np.where(near, between, 0.0)).tocoo()
    edges |= _pairs(tree.row, tree.col, n) & (part[:, None] != part)
    lengths = csgraph.dijkstra(sparse.csr_matrix(np.where(edges, between, 0.0)), directed=False)
    lengths = np.minimum(lengths, lengths.T)
    apart = ~np.isfinite(lengths)
    longest = float(lengths[~apart].max(initial=0.0))
    lengths[apart] = 2.0 * longest if longest > 0.0 else farthest
    return lengths[np.ix_(vertex, vertex)]


def _pairs(rows: np.ndarray, columns: np.ndarray, n: int) -> np.ndarray:
    """(n, n), true at these places and across the diagonal."""
    result = np.zeros((n, n), dtype=bool)
    result[rows, columns] = result[columns, rows] = True
    return result


def alike(dissimilarity: np.ndarray) -> np.ndarray:
    """(n,), a number from 0 for each row, the same for those at zero from each other, in the order of the first."""
    labels = csgraph.connected_components(sparse.csr_matrix(dissimilarity <= 0.0), directed=False)[1]
    first = np.unique(labels, return_index=True)[1]
    return np.argsort(np.argsort(first))[labels]
