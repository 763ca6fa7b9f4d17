"""Proper orthogonal decomposition by the method of snapshots (Sirovich 1987), on Gram matrices only.

A mode is a combination of snapshots, Phi = U T, with T of shape (n_snapshot, n_mode): whoever has the snapshots of a
piece has the modes of that piece, so nothing of the size of the model is ever exchanged or kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from romlib.errors import InputError

_WORTH = 1e-2
_DIGITS = 1e-6  # of snapshots that no tolerance is given for


@dataclass(frozen=True)
class Pod:
    """A truncated decomposition.

    combination : (n_snapshot, n_mode), modes = combination^T snapshots, orthonormal in the inner product of the Gram
        matrix up to its rounding (`orthonormalise` removes that).
    eigenvalues : (n_snapshot,) of the Gram matrix, decreasing, those below the rounding floor set to zero.
    n_dropped : number of eigenvalues below the rounding floor.
    """

    combination: np.ndarray
    eigenvalues: np.ndarray
    n_dropped: int

    @property
    def n_mode(self) -> int:
        """Number of modes kept."""
        return self.combination.shape[1]

    @property
    def truncation_error(self) -> float:
        """Relative error sqrt(sum_{i > n} lambda_i / sum lambda_i) of the projection of all snapshots."""
        total = self.eigenvalues.sum()
        return float(np.sqrt(self.eigenvalues[self.n_mode:].sum() / total)) if total > 0 else 0.0

    @property
    def singular_values(self) -> np.ndarray:
        """(n_mode,) of the snapshots in the inner product."""
        return np.sqrt(self.eigenvalues[: self.n_mode])


def pod(
    gram: np.ndarray, *, tolerance: float | None = None, n_mode: int | None = None, field: str = "displacement",
    noise: float = 0.0, local: bool = False, least: int = 1,
) -> Pod:
    """Smallest n with sum_{i > n} lambda_i <= tolerance^2 sum_i lambda_i, or `n_mode` modes.

    Parameters
    ----------
    gram : (n_snapshot, n_snapshot), symmetric, C_ij = u_i^T M u_j.
    tolerance, n_mode : exactly one of them.
    field : named in the errors.
    noise : eigenvalues up to this are known to be noise, such as what rounding leaves of snapshots that another field
        was taken out of. There may be nothing else, and then no mode.
    local, least : of a local basis, whose snapshots may be few: at least so many modes as are `worthwhile`, and fewer
        than n_mode where its snapshots have no more.

    Raises
    ------
    InputError : all snapshots are zero, or more modes are asked for than the snapshots have above rounding.
    """
    if (tolerance is None) == (n_mode is None):
        raise ValueError("give either a tolerance or a number of modes")
    eigenvalues, vectors = linalg.eigh(0.5 * (gram + gram.T))
    eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]
    if eigenvalues[0] <= 0.0 and noise <= 0.0:
        raise InputError(f"the snapshots of {field} are all zero: there is nothing to reduce", remedy=(
            "train on runs in which something moves: are all their amplitudes zero?" if field == "displacement" else
            f"none of the training runs has any {field} (without yielding there is no p): load one of them further, or "
            f"leave {field!r} out of dual_fields"))
    # An eigenvalue of a Gram matrix is known to about n eps lambda_max: below it there is only rounding.
    floor = max(len(gram) * np.finfo(float).eps * float(eigenvalues[0]), noise)
    n_kept = int((eigenvalues > floor).sum())
    n_dropped = len(gram) - n_kept
    eigenvalues = np.where(eigenvalues > floor, eigenvalues, 0.0)
    if n_mode is None:
        assert tolerance is not None
        enough = np.flatnonzero(tails(eigenvalues) <= tolerance**2 * eigenvalues.sum())
        n_mode = min(int(enough[0]) + 1, n_kept) if n_kept else 0
        if local:
            n_mode = max(n_mode, min(least, worthwhile(eigenvalues, tolerance)))
    elif local:
        n_mode = min(n_mode, n_kept)
    elif n_mode > n_kept:
        raise InputError(
            f"more modes of {field} are asked for than its snapshots have above rounding",
            place="[offline] modes", expected=f"at most {n_kept}", found=n_mode,
            remedy="ask for fewer modes, or add training snapshots")
    vectors = vectors * np.where(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(gram))] < 0, -1.0, 1.0)
    return Pod(vectors[:, :n_mode] / np.sqrt(eigenvalues[:n_mode]), eigenvalues, n_dropped)


def worthwhile(eigenvalues: np.ndarray, tolerance: float | None) -> int:
    """Number of modes that are more than the digits of a solver: above a hundredth of the tolerance of all snapshots.

    eigenvalues : (n,) of a Gram matrix. Snapshots under a load that grows are parallel, and what they differ by is
    where the solver's iterations stopped.
    """
    part = _DIGITS if tolerance is None else _WORTH * tolerance
    return int((eigenvalues > part**2 * max(float(eigenvalues.sum()), 0.0)).sum())


def tails(eigenvalues: np.ndarray) -> np.ndarray:
    """sum_{j > i} lambda_j for each i, from the small end, so that small sums are not lost beside large ones."""
    return np.append(np.cumsum(eigenvalues[::-1])[::-1][1:], 0.0)


def orthonormalise(gram_of_modes: np.ndarray) -> np.ndarray:
    """The matrix R^-1, upper triangular, for which Phi R^-1 is orthonormal, given Phi^T M Phi = R^T R.

    Raises
    ------
    InputError : the modes are dependent to rounding.
    """
    try:
        factor = linalg.cholesky(gram_of_modes)
    except linalg.LinAlgError:
        raise InputError("the smallest displacement modes cannot be told from rounding", place="[offline]",
                         expected="modes that are independent", remedy="raise pod_tolerance, or ask for fewer modes"
                         ) from None
    return linalg.solve_triangular(factor, np.eye(len(gram_of_modes)))


def lifting_combination(amplitudes: np.ndarray, names: list[str]) -> np.ndarray:
    """Least-squares liftings as combinations of snapshots: L_k = sum_t result[k, t] u(t).

    They solve min ||u(t) - sum_k a_k(t) L_k|| over all snapshots, so they reproduce boundary values that the
    amplitudes generate exactly.

    Parameters
    ----------
    amplitudes : (n_snapshot, n_lift), a_k at the snapshots.
    names : of the prescribed displacements, for the error.

    Raises
    ------
    InputError : the training amplitudes are linearly dependent.
    """
    if not names:
        return np.zeros((0, len(amplitudes)))
    scale = np.abs(amplitudes).max(axis=0)
    if (scale == 0).any():
        raise InputError("a prescribed displacement has zero amplitude in all training snapshots",
                         place=", ".join(n for n, s in zip(names, scale) if s == 0),
                         remedy="train with a history in which it moves, or declare it as a fixed constraint")
    left, singular, right = linalg.svd(amplitudes / scale, full_matrices=False)
    if singular[-1] < 1e-8 * singular[0]:
        parts = np.abs(right[-1])  # of each in the combination that vanishes
        guilty = [n for n, part in zip(names, parts) if part > 0.1]
        raise InputError("the training amplitudes of prescribed displacements are linearly dependent",
                         place=", ".join(guilty), expected="independent histories",
                         found=f"a combination that vanishes to {singular[-1] / singular[0]:.1e}",
                         remedy="train with histories that move them independently, or merge them into one")
    return (right.T / singular @ left.T) / scale[:, None]
