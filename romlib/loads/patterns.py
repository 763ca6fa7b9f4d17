"""A history of nodal values as few patterns times amplitudes: those of some instants, of which the others are made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import qr, solve_triangular

# Of the largest field, in the mean of squares over the nodes. What six digits round by is 2.9e-6 at most, and single
# precision 3e-8: beyond `CLOSE` and `FINE`, the instants of such files differ by their rounding. The check allows 1e-5
# of the stress, of which thermal stress in a free body can be a small part of what its strain would make.
EXACT, FINE, CLOSE = 1e-12, 1e-7, 3e-6
FEW = 50  # patterns that are always afforded
MORE = 1.5  # times as many as `CLOSE` asks for are afforded too: a feature that travels has that, rounding far more


@dataclass(frozen=True)
class Patterns:
    """Value at instant k = amplitudes[k] @ (values at `instants`).

    instants : (n_pattern,), positions, increasing. amplitudes : (n_time, n_pattern). tolerance : to which that holds.
    """

    instants: np.ndarray
    amplitudes: np.ndarray
    tolerance: float


def triangular_factor(blocks: Iterable[np.ndarray], n_time: int) -> np.ndarray:
    """R (m, n_time), m <= n_time, with R^T R the inner products of all instants, from blocks (n_time, n) of nodes.

    Householder's QR of one block after the other: it keeps small fields beside large ones to rounding, which the inner
    products themselves do to the root of it.
    """
    factor: Any = np.zeros((0, n_time))
    for block in blocks:
        factor = np.linalg.qr(np.concatenate([factor, block.T]), mode="r")
    return factor


def patterns(factor: np.ndarray) -> Patterns:
    """The fewest instants, by QR with column pivoting, whose fields make up those of all to `EXACT`.

    Or to `FINE`, or to `CLOSE`, where the digits of the file make that as many as there are instants.

    factor : see `triangular_factor`.

    Source: Businger and Golub, [BG] in docs/algorithms.md, "Temperature histories".
    """
    n_time = factor.shape[1]
    upper, order = qr(factor, mode="r", pivoting=True)
    upper = upper[:min(factor.shape)]
    # What is left of each instant after the first rows; of the worst one, after any number of them.
    left = np.sqrt(np.cumsum(upper[::-1] ** 2, axis=0)[::-1])
    worst = np.append(left.max(axis=1), 0.0)
    ranks = {one: max(int(np.argmax(worst <= one * worst[0])), 1) for one in (EXACT, FINE, CLOSE)}
    tolerance = next(one for one, rank in ranks.items() if rank <= max(FEW, MORE * ranks[CLOSE]))
    rank = ranks[tolerance]
    amplitudes = np.zeros((n_time, rank))
    amplitudes[order[:rank], range(rank)] = 1.0
    if worst[0] > 0.0:
        amplitudes[order[rank:]] = solve_triangular(upper[:rank, :rank], upper[:rank, rank:]).T
    columns = np.argsort(order[:rank])
    return Patterns(order[:rank][columns], amplitudes[:, columns], tolerance)
