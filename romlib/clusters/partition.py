"""A partition of the training snapshots into clusters, each with the neighbours that its basis is made of too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from romlib.clusters.dissimilarity import by_chance, euclidean, geodesic, in_time, norms, of_cases, sine
from romlib.clusters.medoids import Medoids, k_medoids
from romlib.errors import InputError
from romlib.model.clusters import ClusterOptions


@dataclass(frozen=True, eq=False)
class Partition:
    """labels : (n_snapshot,), the cluster of each. medoids : (k,), the snapshot in the middle of each. members : by
    cluster the snapshots that its basis is made of, increasing: its own, and neighbours of them."""

    labels: np.ndarray
    medoids: np.ndarray
    members: tuple[np.ndarray, ...]


def partition(
    grams: Mapping[str, np.ndarray], runs: np.ndarray, times: np.ndarray, options: ClusterOptions,
    number: int | None = None,
) -> Partition:
    """The clusters of a training set; the same for any number of ranks, as the Gram matrices are.

    Snapshots that are zero (an initial state) have no direction: they take the cluster of the snapshot that is nearest
    in their run. A cluster has members until it can have `minimum_modes` modes, if there are so many snapshots.

    Parameters
    ----------
    grams : by name ("displacement", "energy", "stress") (n_snapshot, n_snapshot); `options.gram` names the one needed.
    runs, times : (n_snapshot,), number of the run, from 0, and time of each. number : in place of `options.number`.

    Raises
    ------
    InputError : more clusters than different snapshots (or runs), snapshots that are all zero or not finite.
    """
    k = options.number if number is None else number
    if k == "auto":
        raise ValueError("the number of clusters has to be found before: romlib.offline.prospect.settle_number")
    if options.choose == "input":
        return _of_runs(grams, runs, options, k)
    plain, there = dissimilarity_of(grams, runs, times, options)
    found = k_medoids(searched(plain, options), k, options.seed)
    labels = _extended(found.labels, there, runs)
    members = _members(found, plain, options)
    ends = np.flatnonzero(np.append(np.diff(runs) != 0, True)) if options.ends else np.zeros(0, dtype=int)
    return Partition(labels, there[found.medoids], tuple(
        np.union1d(there[of_cluster], np.append(np.flatnonzero(labels == number), ends))
        for number, of_cluster in enumerate(members)))


def refuse_more_than(k: int, n: int, what: str) -> None:
    """InputError where there are fewer members (what: in words) than clusters, which needs no dissimilarity."""
    if k > n:
        raise InputError(f"there are not as many {what}s as clusters", place="[clusters] number",
                         expected=f"1 ... {n}", found=k, remedy=f"ask for fewer clusters, or add {what}s")


def dissimilarity_of(
    grams: Mapping[str, np.ndarray], runs: np.ndarray, times: np.ndarray, options: ClusterOptions
) -> tuple[np.ndarray, np.ndarray]:
    """The dissimilarity (n, n) that the options name, not geodesic, and the numbers (n,) of the snapshots it is of.

    Those are the snapshots that are not zero; for the time and for chance, all.
    """
    every = np.arange(len(runs))
    if options.dissimilarity == "time":
        return in_time(runs, times), every
    if options.dissimilarity == "random":
        return by_chance(len(runs), options.seed), every
    gram = grams[str(options.gram)]
    there = np.flatnonzero(norms(gram))
    if not len(there):
        raise InputError(f"the snapshots of {options.gram} are all zero: there is nothing to share out among clusters",
                         place="[clusters]", remedy="train with runs that strain the structure")
    own = gram[np.ix_(there, there)]
    return (euclidean(own) if options.dissimilarity == "l2" else sine(own)), there


def searched(plain: np.ndarray, options: ClusterOptions) -> np.ndarray:
    """What the clusters are found by: a dissimilarity (n, n), or its shortest paths."""
    return plain if not options.geodesic or options.dissimilarity in ("time", "random") else geodesic(plain)


def _extended(labels: np.ndarray, there: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """Labels (n_snapshot,) of all snapshots from those of the ones that are not zero."""
    every = np.arange(len(runs))
    apart = np.abs(every[:, None] - there) + len(runs) * (runs[:, None] != runs[there])
    return labels[np.argmin(apart, axis=1)]


def _members(found: Medoids, plain: np.ndarray, options: ClusterOptions) -> list[np.ndarray]:
    """Of each cluster its own, their `overlap` nearest neighbours, and the nearest of its medoid up to the minimum."""
    n, k = len(plain), len(found.medoids)
    nearest = np.argsort(np.where(np.eye(n, dtype=bool), -1.0, plain), axis=1, kind="stable")
    belongs = found.labels == np.arange(k)[:, None]
    rows = np.repeat(found.labels, min(options.overlap + 1, n))
    belongs[rows, nearest[:, :options.overlap + 1].ravel()] = True
    # In the order of the distance from the medoid, the members first: as many of them as there have to be.
    first = np.argsort(np.where(belongs, -1.0, plain[found.medoids]), axis=1, kind="stable")
    count = np.maximum(belongs.sum(axis=1), min(options.minimum_modes, n))
    return [np.sort(order[:size]) for order, size in zip(first, count)]


def _of_runs(grams: Mapping[str, np.ndarray], runs: np.ndarray, options: ClusterOptions, k: int) -> Partition:
    """Clusters of runs: all snapshots of a run are in its cluster."""
    gram = grams[str(options.gram)]
    refuse_more_than(k, int(runs.max()) + 1, "training run")
    plain = of_cases(gram, runs, options.dissimilarity)
    found = k_medoids(searched(plain, options), k, options.seed)
    members = _members(found, plain, options.model_copy(update={"minimum_modes": 1}))
    in_run = sine(gram).sum(axis=1, where=runs[:, None] == runs)
    middles = np.array([_first_least(in_run, runs == run) for run in found.medoids])
    return Partition(found.labels[runs], middles, tuple(np.flatnonzero(np.isin(runs, part)) for part in members))


def _first_least(values: np.ndarray, where: np.ndarray) -> int:
    """Number of the least of the values where a mask (n,) is true."""
    there = np.flatnonzero(where)
    return int(there[np.argmin(values[there])])
