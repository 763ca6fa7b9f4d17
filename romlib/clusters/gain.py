"""What a global basis and local ones leave of the snapshots, from Gram matrices, at any number of modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg

QUANTILE = 0.9  # of the snapshots that an error speaks for
_NO_ENERGY = 1e-16  # of the largest energy of a mode


@dataclass(frozen=True, eq=False)
class Fields:
    """Snapshots as bases are made of them.

    pod : (n, n), Gram matrix in the product that the modes are the POD in. energy : (n, n), in the elastic energy,
    which errors are measured in. Both of what the liftings leave of the snapshots. sizes : (n,), energy norms of the
    whole snapshots, which errors are relative to; zero for those that have none, of which there is no error.
    """

    pod: np.ndarray
    energy: np.ndarray
    sizes: np.ndarray


def singular_values(fields: Fields, members: np.ndarray) -> np.ndarray:
    """(n_member,), of some snapshots in the product of the POD, decreasing; zero where they are below rounding."""
    values = linalg.eigvalsh(fields.pod[np.ix_(members, members)])[::-1]
    return np.sqrt(np.where(values > len(members) * np.finfo(float).eps * max(values[0], 0.0), values, 0.0))


def projection_errors(fields: Fields, members: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(n_mode + 1, n_row), relative energy errors of the best approximation of snapshots by 0, 1, 2, ... modes.

    members : numbers of the snapshots that the modes are the POD of; those above rounding count. rows : numbers of the
    snapshots that are approximated; of each the size is not zero.
    """
    values, vectors = linalg.eigh(fields.pod[np.ix_(members, members)])
    values, vectors = values[::-1], vectors[:, ::-1]
    rank = int((values > len(members) * np.finfo(float).eps * max(values[0], 0.0)).sum())
    combination = vectors[:, :rank] / np.sqrt(values[:rank])
    stiffness = combination.T @ fields.energy[np.ix_(members, members)] @ combination
    energy = np.diag(stiffness)
    there = energy > _NO_ENERGY * energy.max(initial=0.0)
    combination, scale = combination[:, there], np.sqrt(energy[there])
    factor, failed = linalg.lapack.dpotrf(stiffness[np.ix_(there, there)] / np.outer(scale, scale), lower=1)
    n = len(scale) if failed <= 0 else failed - 1  # those after it are the ones before it, to rounding
    products = (combination.T @ fields.energy[np.ix_(members, rows)])[:n] / scale[:n, None]
    own = linalg.solve_triangular(factor[:n, :n], products, lower=True)
    whole = np.diag(fields.energy)[rows]
    left = whole - np.concatenate([np.zeros((1, len(rows))), np.cumsum(own**2, axis=0)])
    return np.sqrt(np.maximum(left, 0.0)) / fields.sizes[rows]


def local_errors(
    fields: Fields, labels: np.ndarray, members: Sequence[np.ndarray], rows: np.ndarray | None = None
) -> list[np.ndarray]:
    """By cluster (n_mode + 1, n_own): `projection_errors` of its own snapshots, on the basis of its members.

    labels : (n,), the cluster of each snapshot. rows : those that are looked at, by default all that have a size.
    """
    looked = np.flatnonzero(fields.sizes) if rows is None else rows[fields.sizes[rows] > 0.0]
    return [projection_errors(fields, part, looked[labels[looked] == k]) for k, part in enumerate(members)]


def at_equal_modes(errors: Sequence[np.ndarray], n_mode: int) -> np.ndarray:
    """(n_mode + 1,), `QUANTILE` of the errors of all snapshots when every cluster has 0, 1, ... n_mode modes.

    A cluster that has fewer keeps what it has.
    """
    together = np.concatenate([_lengthened(part, n_mode + 1) for part in errors], axis=1)
    return np.quantile(together, QUANTILE, axis=1)


def at_modes(errors: Sequence[np.ndarray], modes: Sequence[int]) -> float:
    """`QUANTILE` of the errors of all snapshots when each cluster has its own number of modes."""
    return float(np.quantile(np.concatenate(
        [part[min(n, len(part) - 1)] for part, n in zip(errors, modes)]), QUANTILE))


def modes_for(curve: np.ndarray, tolerance: float) -> int | None:
    """The smallest number of modes with which a curve (n_mode + 1,) is within the tolerance; None where none is."""
    enough = np.flatnonzero(curve <= tolerance)
    return int(enough[0]) if len(enough) else None


def _lengthened(errors: np.ndarray, n: int) -> np.ndarray:
    return errors[np.minimum(np.arange(n), len(errors) - 1)]


def held_out(runs: np.ndarray, n_block: int = 10) -> tuple[list[np.ndarray], str]:
    """Masks (n,) of the snapshots that are held out, one a fold, and what they are in words.

    Each run in turn; of one run alone every other block of its snapshots, then the others.
    """
    several = np.unique(runs)
    if len(several) > 1:
        return [runs == run for run in several], "each run in turn"
    block = np.arange(len(runs)) * min(n_block, len(runs)) // max(len(runs), 1)
    masks = [block % 2 == odd for odd in (1, 0)]
    return [mask for mask in masks if mask.any() and not mask.all()], "every other tenth of the one run"
