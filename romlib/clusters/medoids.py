"""k-medoids: the members of a set that the others are nearest to, by swaps that lower the sum of distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.clusters.dissimilarity import alike
from romlib.errors import InputError

RESTARTS = 10  # from medoids that are drawn, besides the ones that are built up greedily
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

    Each swap takes the place of one medoid by one other member, the pair that lowers the loss most; the losses of all
    pairs are found together, from the distances of the nearest two medoids. Of equal ones the first counts, so that the
    same dissimilarities give the same clusters.

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


def of_labels(dissimilarity: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(k,), of each cluster of given labels (n,) the member with the least sum of dissimilarities from the others."""
    sums = np.where(labels[:, None] == labels, dissimilarity, 0.0).sum(axis=1)
    order = np.lexsort((np.arange(len(labels)), sums, labels))
    return order[np.unique(labels[order], return_index=True)[1]]


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
        change, out, into = _best_swap(dissimilarity, medoids, labels, nearest, second)
        loss = float(nearest.sum())
        if change >= -_LESS * loss:
            return Medoids(medoids, labels, loss)
        swapped = np.sort(np.append(np.delete(medoids, out), into))
        found = _nearest_two(dissimilarity, swapped)
        if float(found[1].sum()) >= loss:  # by rounding: it gains nothing
            return Medoids(medoids, labels, loss)
        medoids, (labels, nearest, second) = swapped, found


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


def _best_swap(
    dissimilarity: np.ndarray, medoids: np.ndarray, labels: np.ndarray, nearest: np.ndarray, second: np.ndarray
) -> tuple[float, int, int]:
    """The change of loss of the best swap, the position of the medoid that goes, the number of the one that comes."""
    n, k = len(dissimilarity), len(medoids)
    own = np.zeros((k, n))
    own[labels, np.arange(n)] = 1.0
    best = (0.0, 0, int(medoids[0]))
    width = max(1, _BLOCK // n)
    for start in range(0, n, width):
        to = dissimilarity[:, start:start + width]
        # A member whose medoid stays goes to the new one where that is nearer; one whose medoid goes has to go to the
        # new one or to its second.
        stays = np.minimum(to - nearest[:, None], 0.0)
        goes = np.minimum(to, second[:, None]) - nearest[:, None]
        change = stays.sum(axis=0) + own @ (goes - stays)
        change[:, np.isin(np.arange(start, start + to.shape[1]), medoids)] = np.inf
        out, into = np.unravel_index(int(np.argmin(change)), change.shape)
        if change[out, into] < best[0]:
            best = float(change[out, into]), int(out), start + int(into)
    return best
