"""The bases of a ROM: one of all snapshots; or local ones of clusters of them, and what a step's basis is chosen by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from romlib.archive.switching import Switching
from romlib.clusters.dissimilarity import sine
from romlib.clusters.partition import Partition, partition
from romlib.offline.collect import Collection
from romlib.offline.displacement import n_worthwhile
from romlib.offline.points import PointList
from romlib.offline.prospect import settle_number
from romlib.offline.reduce import Local, Reduction, reduce, reduce_modes
from romlib.offline.room import Modes
from romlib.offline.rows import Rows
from romlib.offline.switching import switching_of
from romlib.words import listed, plural


@dataclass(frozen=True, eq=False)
class Bases:
    """The bases of one ROM.

    reductions : one a cluster, in their order; the global basis, where it is kept, is the last one, or the only one.
    whole : the basis of all snapshots, whose liftings and dual fields are those of all; without points where it is not
    kept. switching : None with one basis. notes : on clusters that are other than was asked for.
    """

    reductions: tuple[Reduction, ...]
    whole: Reduction
    switching: Switching | None = None
    notes: tuple[str, ...] = ()


def reduce_to_bases(collection: Collection, rows: np.ndarray | None = None) -> Bases:
    """The bases that the options ask for, of some snapshots. Collective.

    rows : mask or weights (n_snapshot,); by default all.

    Raises
    ------
    InputError : what `reduce` and `romlib.clusters.partition.partition` refuse.
    """
    settle_number(collection)
    options = collection.options.clusters
    if options.number == 1:
        whole = reduce(collection, rows)
        return Bases((whole,), whole)
    chosen = Rows.of(collection.training.n_snapshot, rows)
    found = clusters_of(collection, chosen.kept)
    whole = reduce(collection, rows) if options.keep_global else reduce_modes(collection, rows)
    members, notes = _large_enough(collection, chosen, found, whole)
    locals_ = _reduce_locals(collection, chosen, members, whole)
    reductions = (*locals_, whole) if options.keep_global else locals_
    _claim(collection, reductions)
    with collection.stages.stage("switching"):
        switching = switching_of(collection, reductions, found, chosen.kept, options.keep_global)
        collection.stages.say("switching", f"products of {plural(len(switching.energy), 'field')} with each other and "
                                           f"with {plural(len(switching.sizes), 'snapshot')}")
    return Bases(reductions, whole, switching, notes)


def _claim(collection: Collection, reductions: Sequence[Reduction]) -> None:
    """Claim the room that the modes of all bases take in the fields file. Collective."""
    first = reductions[0]
    need = collection.room.need(Modes(sum(one.basis.n_mode for one in reductions) + first.basis.n_lift, 0,
                                      {field.name: field.decomposition.n_mode for field in first.duals.fields}))
    collection.room.claim(need, need, collection.stages.tell)


def clusters_of(collection: Collection, kept: np.ndarray) -> Partition:
    """The clusters of some snapshots, numbers (n,) among all; labels and members count through `kept`. Collective."""
    training, options = collection.training, collection.options.clusters
    runs = np.unique(training.run_of[kept], return_inverse=True)[1]
    grams = {"displacement": collection.displacement, "energy": collection.energy,
             "stress": collection.dual.grams["stress"]}
    grams = {name: gram[np.ix_(kept, kept)] for name, gram in grams.items()}
    with collection.stages.stage("clusters"):
        found = partition(grams, runs, training.times[kept], options)
        sizes = np.bincount(found.labels, minlength=len(found.medoids))
        collection.stages.say("clusters", f"{plural(len(sizes), 'cluster')} of {plural(len(kept), 'snapshot')}, of "
                                          f"{sizes.min()} to {sizes.max()} each")
    return found


def _reduce_locals(
    collection: Collection, chosen: Rows, members: Sequence[np.ndarray], whole: Reduction
) -> tuple[Reduction, ...]:
    """The largest first: the others then prefer its points, and those of the global basis, to new ones."""
    options, made = collection.options.clusters, {}
    points = PointList(whole.selection.pieces, whole.selection.ips)
    for cluster in sorted(range(len(members)), key=lambda k: -len(members[k])):
        collection.stages.tell(f"cluster {cluster}: {plural(len(members[cluster]), 'snapshot')}")
        mask = np.zeros(len(chosen.weights))
        mask[members[cluster]] = chosen.weights[members[cluster]]
        local = Local(whole.common, options.minimum_modes, options.points_per_mode, points)
        made[cluster] = reduce(collection, mask, local)
        points = points.add(PointList(made[cluster].selection.pieces, made[cluster].selection.ips))
    return tuple(made[cluster] for cluster in range(len(members)))


def _large_enough(
    collection: Collection, chosen: Rows, found: Partition, whole: Reduction
) -> tuple[list[np.ndarray], tuple[str, ...]]:
    """The snapshots of each cluster's basis, numbers among all; and a note on each that took in others besides.

    Parallel snapshots (a load that grows), or the steps of a structure that only expands freely, make no basis with a
    minimum of modes, and no cubature. So a cluster takes in its nearest neighbours until it does.
    """
    training, options = collection.training, collection.options
    stress, near = np.diag(collection.dual.grams["stress"]), sine(collection.energy)
    shapes = training.rows_for("displacement", chosen).weights > 0.0
    norm = collection.displacement if collection.pod_norm is None else collection.pod_norm
    amplitudes = training.amplitudes(list(whole.basis.lifting_names))

    def n_mode(numbers: np.ndarray) -> int:
        return n_worthwhile(norm, amplitudes, whole.basis, numbers[shapes[numbers]], options.pod_tolerance)

    least = min(options.clusters.minimum_modes, max(n_mode(chosen.kept), 1))

    def enough(numbers: np.ndarray) -> bool:
        return bool((stress[numbers] > 0.0).any()) and n_mode(numbers) >= least

    result, notes = [], []
    for cluster, part in enumerate(found.members):
        own = chosen.kept[part]
        others = np.setdiff1d(chosen.kept, own)
        order = others[np.argsort(near[np.ix_(own, others)].min(axis=0), kind="stable")]
        n = _least_number(enough, own, order)
        result.append(np.sort(np.concatenate([own, order[:n]])))
        if n:
            notes.append(f"cluster {cluster} has {plural(n, 'more snapshot')} than its {len(own)}: alone they are too "
                         f"much alike for {plural(least, 'mode')}")
    strained = chosen.kept[stress[chosen.kept] > 0.0]
    every = [cluster for cluster, part in enumerate(result) if np.isin(strained, part).all()]
    if every:
        notes.append(f"trained on all snapshots, and so no smaller than a global basis: cluster {listed(every)} (fewer "
                     "clusters, or a smaller minimum_modes or overlap in [clusters], tell them apart)")
    return result, tuple(notes)


def _least_number(enough: Callable[[np.ndarray], bool], own: np.ndarray, more: np.ndarray) -> int:
    """How many of `more` there have to be besides `own`, by bisection, as what is enough stays so; at most all."""
    if enough(own):
        return 0
    low, high = 0, len(more)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(np.concatenate([own, more[:middle]])) else (middle, high)
    return high
