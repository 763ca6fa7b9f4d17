"""k-medoids: the members of a set that the others are nearest to, by swaps that lower the sum of distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.clusters.dissimilarity import alike
from romlib.errors import InputError

RESTARTS = 5  # from medoids that are drawn, besides the ones that are built up greedily
_BLOCK = 2**22  # entries of the dissimilarities that are looked at in one go
_LESS = 1e-12  # of the loss: a swap that gains less gains nothing


@dataclass(frozen=True, eq=False)
class Medoids:
    """medoids : (k,), numbers, increasing. labels : (n,), the nearest of them, the first of equal ones. loss : sum of
    the dissimilarities of all from theirs."""

    medoids: np.ndarray
    labels: np.ndarray
    loss: float


def k_medoids(dissimilarity: np.ndarray, k: int, seed: int = 0, restarts: int = RESTARTS) -> Medoids:
    """The best of several searches: medoids built up greedily, and drawn ones, each improved by swaps [KR], [SR].

    A swap puts another member in the place of a medoid; the losses of all swaps are found together, from the distances
    of the nearest two medoids. Of equal ones the first counts, so that the same dissimilarities give the same clusters.

    Parameters
    ----------
    dissimilarity : (n, n), symmetric, zero on the diagonal. seed : of the drawn medoids.

    Raises
    ------
    InputError : more clusters than different members; values that are not finite.
    """
    n = len(dissimilarity)
    if dissimilarity.shape != (n, n) or not np.isfinite(dissimilarity).all():
        raise InputError("dissimilarities are finite, for each two snapshots", expected=f"finite numbers ({n}, {n})",
                         found=dissimilarity.shape if dissimilarity.shape != (n, n) else "others")
    n_different = int(alike(dissimilarity).max(initial=-1)) + 1
    if not 1 <= k <= n_different:
        raise InputError(
            "there are not as many different snapshots as clusters", place="[clusters] number",
            expected=f"1 ... {n_different}: so many differ by the dissimilarity, of {n}", found=k,
            remedy="ask for fewer clusters, or add training snapshots that differ")
    order = np.argsort(dissimilarity.sum(axis=1), kind="stable")  # what is drawn does not depend on their numbers
    draw = np.random.default_rng(seed)
    starts = [_built(dissimilarity, k), *(order[draw.choice(n, k, replace=False)] for _ in range(restarts))]
    best: Medoids | None = None
    for start in starts:
        found = _improved(dissimilarity, np.sort(start))
        if best is None or found.loss < best.loss * (1.0 - _LESS):
            best = found
    assert best is not None
    return best


def _built(dissimilarity: np.ndarray, k: int) -> np.ndarray:
    """The member in the middle of all, then each time the one that lowers the loss most."""
    medoids = [int(np.argmin(dissimilarity.sum(axis=0)))]
    nearest = dissimilarity[medoids[0]]
    while len(medoids) < k:
        gain = np.maximum(nearest[:, None] - dissimilarity, 0.0).sum(axis=0)
        gain[medoids] = -1.0
        medoids.append(int(np.argmax(gain)))
        nearest = np.minimum(nearest, dissimilarity[medoids[-1]])
    return np.array(medoids)


def _improved(dissimilarity: np.ndarray, medoids: np.ndarray) -> Medoids:
    """Swaps until none gains; each lowers the loss, so that this ends."""
    labels, nearest, second = _nearest_two(dissimilarity, medoids)
    while True:
        before = float(nearest.sum())
        loss, changes, into = before, *_best_swaps(dissimilarity, medoids, labels, nearest, second)
        now = medoids
        # The best swap of each medoid, the best first: what is found in one look at all pairs serves for several.
        for out in np.argsort(changes, kind="stable"):
            if changes[out] >= -_LESS * before or into[out] in now:
                continue
            swapped = np.sort(np.append(now[now != medoids[out]], into[out]))
            then = float(dissimilarity[swapped].min(axis=0).sum())
            if then < loss * (1.0 - _LESS):
                now, loss = swapped, then
        if now is medoids:
            return Medoids(medoids, labels, before)
        medoids = now
        labels, nearest, second = _nearest_two(dissimilarity, medoids)


def _nearest_two(dissimilarity: np.ndarray, medoids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, distances to the nearest medoid and to the next one (infinite where there is none), each (n,)."""
    to = dissimilarity[medoids]
    labels = np.argmin(to, axis=0)
    labels[medoids] = np.arange(len(medoids))
    members = np.arange(to.shape[1])
    nearest = to[labels, members]
    others = to.copy()
    others[labels, members] = np.inf
    return labels, nearest, others.min(axis=0)


def _best_swaps(
    dissimilarity: np.ndarray, medoids: np.ndarray, labels: np.ndarray, nearest: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For each medoid (k,) the change of the loss by the best swap of it, and the number of the one that comes."""
    n, k = len(dissimilarity), len(medoids)
    own = np.zeros((k, n))
    own[labels, np.arange(n)] = 1.0
    changes, into = np.zeros(k), medoids.copy()
    width = max(1, _BLOCK // n)
    for start in range(0, n, width):
        to = dissimilarity[:, start:start + width]
        # A member whose medoid stays goes to the new one where that is nearer; one whose medoid goes has to go to the
        # new one or to its second.
        stays = np.minimum(to - nearest[:, None], 0.0)
        goes = np.minimum(to, second[:, None]) - nearest[:, None]
        change = stays.sum(axis=0) + own @ (goes - stays)
        change[:, np.isin(np.arange(start, start + to.shape[1]), medoids)] = np.inf
        best = np.argmin(change, axis=1)
        found = change[np.arange(k), best]
        better = found < changes
        changes, into = np.where(better, found, changes), np.where(better, start + best, into)
    return changes, into
