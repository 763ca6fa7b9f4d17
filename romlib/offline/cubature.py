"""Empirical cubature: few points with non-negative weights that integrate given functions.

Source: J. A. Hernandez, M. A. Caicedo, A. Ferrer, "Dimensional hyper-reduction of nonlinear finite element models via
empirical cubature", CMAME 313 (2017) 687-722. What differs: the integrands keep their size (left singular vectors
times singular values), so that the tolerance is the error of the integrated forces themselves; the volume is a
constraint that holds to rounding; a point is chosen by how much the residual falls once all weights are fitted anew
(orthogonal least squares: about 15 % fewer points than choosing by the angle with the residual); the factorisation is
updated by rank one (Givens) instead of computed anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from romlib.offline.active_set import ActiveSet, active_set
from romlib.offline.pod import tails

# Weight of the volume row in the search, where the constraint holds to about residual / weight^2; a larger one would
# take digits from the projections of the columns. The final fit has it exactly.
_SEARCH_WEIGHT = 1e3
_MAX_ROUNDS = 6  # of the greedy choice, a point; the plain one then has twice as many
_STATIONARY = 1e-13
_TIE = 1e-6  # promises this close are the same
_STEEPER = 1.01
_STALLED = 0.999  # of the residual, over rounds that are twice as many as there may be points
_PROGRESS = 1e-12
_FITTED = 1.5
# Of the tolerance: the integrands are cut this much finer, and more points than bring the error there fit nothing.
FINER = 1e-2

Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Cubature:
    """points : (n_point,) increasing positions among the candidates; weights : (n_point,) positive.

    error : ||G^T w - b|| / ||b|| on the integrands given. converged : error <= tolerance.
    """

    points: np.ndarray
    weights: np.ndarray
    error: float
    converged: bool


def compression(gram: np.ndarray, tolerance: float) -> np.ndarray:
    """V with G V = (left singular vectors x singular values) of the integrands G, from their Gram matrix G^T W G.

    Returns (n_integrand, rank), the smallest rank with sum_{i > rank} s_i^2 <= tolerance^2 sum s_i^2.
    """
    eigenvalues, vectors = linalg.eigh(0.5 * (gram + gram.T))
    eigenvalues, vectors = np.maximum(eigenvalues[::-1], 0.0), vectors[:, ::-1]
    floor = len(gram) * np.finfo(float).eps * eigenvalues[0]
    eigenvalues = np.where(eigenvalues > floor, eigenvalues, 0.0)
    tail = tails(eigenvalues)
    rank = int(np.flatnonzero(tail <= tolerance**2 * eigenvalues.sum())[0]) + 1
    vectors = vectors * np.where(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(gram))] < 0, -1.0, 1.0)
    return vectors[:, :rank]


def select(
    integrands: np.ndarray, target: np.ndarray, volume: float, tolerance: float, *,
    scale: float | None = None, n_max: int | None = None, n_min: int = 0, favour: np.ndarray | None = None,
    combined: bool = False, progress: Progress | None = None,
) -> Cubature:
    """Greedy non-negative selection until ||G^T w - b|| <= tolerance x scale, with sum(w) = volume.

    Parameters
    ----------
    integrands : (n_candidate, n_function), G, values at the candidate points.
    target : (n_function,), b, the integrals.
    volume : the sum that the weights must have.
    tolerance : relative to `scale`.
    scale : ||b|| unless given. A target that cancels (stress in equilibrium with itself) needs one that does not.
    n_max : at most so many points (n_function + 1 at most in any case: more are never needed).
    n_min : at least so many, as a finer tolerance takes; fewer where `FINER` of the tolerance is reached before.
    favour : (n_candidate,), what the promise of each candidate is multiplied by, such as 3 for points that are there
        anyhow; by default all are alike.
    combined : the functions are random combinations of the integrands (`romlib.offline.sketch`): the error of these
        counts, which is larger than the one that the weights were fitted to.
    progress : called after each round with the number of points and the error.

    Returns
    -------
    Cubature, `converged` false when the candidates or the bound on their number ran out first.
    """
    n_candidate, n_function = integrands.shape
    scale = float(np.linalg.norm(target)) if scale is None else scale
    unit = max(scale, float(np.finfo(float).tiny))
    # Rows: the volume first, heavy, then the integrands in units of the scale; unknowns w / volume.
    matrix = np.empty((n_function + 1, n_candidate))
    matrix[0] = _SEARCH_WEIGHT
    matrix[1:] = integrands.T * (volume / unit)
    right = np.concatenate([[_SEARCH_WEIGHT], target / unit])
    n_max = min(n_function + 1, n_candidate) if n_max is None else min(n_max, n_function + 1, n_candidate)

    goal = _Goal(tolerance, n_max, min(n_min, n_max), n_function if combined else 0)
    weights, columns = _search(matrix, right, goal, favour, progress)
    weights = _fit(matrix[1:, columns], right[1:], weights)
    error = float(np.linalg.norm(matrix[1:, columns] @ weights - right[1:]))
    order = np.argsort(columns)
    return Cubature(columns[order], weights[order] * volume, error, error <= tolerance)


@dataclass(frozen=True)
class _Goal:
    """When a search ends; see `select`. n_combined : random combinations, zero where there are none."""

    tolerance: float
    n_max: int
    n_min: int
    n_combined: int = 0

    def reached(self, n_point: int, error: float) -> bool:
        if self.n_combined:
            # n weights that are fitted to r random rows take n / r of the squares away; others have as much more, and
            # the choice of the points has a part in it too (measured: the power is between 1 and 1.6).
            error /= max(1.0 - n_point / self.n_combined, 1e-3) ** _FITTED
        enough = n_point >= self.n_min or error <= FINER * self.tolerance
        return (error <= self.tolerance and enough) or n_point >= self.n_max


def _search(
    matrix: np.ndarray, right: np.ndarray, goal: _Goal, favour: np.ndarray | None, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n,) and columns (n,) that bring the residual of all rows but the first below the tolerance.

    A point may enter and push another out. Each round but those of refused points lowers the residual, so that no set
    of points returns. Choosing by the fall that a point promises may go on in small steps, because the promise knows
    nothing of the weights that would turn negative: when its rounds are spent, or hardly anything moves any more, the
    point with the largest gradient enters (Lawson and Hanson), which ends at the non-negative optimum.
    """
    active, refused = active_set(matrix, right), np.zeros(matrix.shape[1], dtype=bool)
    weights, residual, best = np.zeros(0), right, np.inf
    n_greedy, window = _MAX_ROUNDS * goal.n_max + 10, 2 * goal.n_max + 100
    greedy, last_round, last_size = True, 0, np.inf
    for k in range(3 * n_greedy):
        if k - last_round >= window:
            if best > _STALLED * last_size and not greedy:
                break
            greedy, last_round, last_size = greedy and best <= _STALLED * last_size, k, best
        index = _enter(active, matrix, residual, refused, favour, greedy=greedy and k < n_greedy)
        if index is None:
            break  # no point can lower the residual: the non-negative optimum
        if not active.insert(index):
            refused[index] = True  # in the span of those that are there
            continue
        weights = _feasible(active, np.append(weights, 0.0))
        residual = right - matrix[:, active.columns] @ weights
        size = float(np.linalg.norm(residual[1:]))
        if progress is not None:
            progress(len(active.columns), size)
        if goal.reached(len(active.columns), size):
            break
        if size < best * (1.0 - _PROGRESS):
            best = size
            refused[:] = False
        elif index not in active.columns:
            refused[index] = True  # it left at once and changed nothing: others first, until one helps
    return weights, np.asarray(active.columns, dtype=np.int64)


def _enter(
    active: ActiveSet, matrix: np.ndarray, residual: np.ndarray, refused: np.ndarray, favour: np.ndarray | None,
    greedy: bool,
) -> int | None:
    """The candidate to enter next; None where none can lower the residual.

    greedy : by the fall of the residual once all weights are fitted anew; of those that promise the same (with one
    integrand every point does, because two points fit it exactly), the one with the largest gradient: it lies farthest
    beyond the target, and so leaves the others their weights. favour : see `select`; it counts in the greedy choice.
    """
    gradient = matrix[1:].T @ residual[1:]
    if not active.columns:
        if np.any(gradient):
            promise = gradient / active.orthogonal_lengths()
            return int(np.argmax(promise if favour is None else np.where(promise > 0.0, favour * promise, promise)))
        return int(np.argmin(np.einsum("ij,ij->j", matrix[1:], matrix[1:])))  # b = 0: the point that adds least
    # The multiplier of the volume constraint: at the optimum of the active set the gradient is constant there.
    gradient -= gradient[active.columns].mean()
    score = gradient / active.orthogonal_lengths()
    score[active.columns] = -np.inf
    score[refused] = -np.inf
    index = int(np.argmax(score))
    flat = _STATIONARY * min(1.0, float(np.linalg.norm(residual[1:])))
    if score[index] <= flat:
        return None
    if greedy and favour is not None:
        score = np.where(score > flat, favour * score, -np.inf)
        index = int(np.argmax(score))
    candidates = np.flatnonzero(score >= (1.0 - _TIE) * score[index] if greedy else score > flat)
    steepest = int(candidates[np.argmax(gradient[candidates])])
    # Points that mirror each other have the same gradient too: nothing to choose between them.
    return steepest if gradient[steepest] > _STEEPER * gradient[index] else index


def _fit(matrix: np.ndarray, right: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The least-squares weights of sum one, exactly; the given ones, rescaled, if that makes one negative.

    matrix : (n_function, n) without the row of the volume. Unknown is what is orthogonal to equal weights.
    """
    n = matrix.shape[1]
    equal = np.full(n, 1.0 / n)
    orthogonal = linalg.qr(np.ones((n, 1)))[0][:, 1:]
    fitted = equal + orthogonal @ linalg.lstsq(matrix @ orthogonal, right - matrix @ equal)[0] if n > 1 else equal
    fitted = fitted / fitted.sum()
    if fitted.min() > 0.0:
        return fitted
    return weights / weights.sum()


def _feasible(active: ActiveSet, weights: np.ndarray) -> np.ndarray:
    """From feasible weights towards the least-squares solution, removing the points whose weight reaches zero.

    The inner loop of non-negative least squares (Lawson, Hanson 1974, chapter 23): the residual never grows.
    """
    while active.columns:
        solution = active.solve()
        blocked = solution <= 0.0
        if not blocked.any():
            return solution
        step = np.min(weights[blocked] / np.maximum(weights[blocked] - solution[blocked], 1e-300))
        weights = weights + step * (solution - weights)
        gone = np.flatnonzero(blocked & (weights <= 1e-14 * weights.max()))
        if not len(gone):
            gone = np.flatnonzero(blocked)[np.argmin(weights[blocked])][None]
        active.delete(gone)
        weights = np.delete(weights, gone)
    return weights
