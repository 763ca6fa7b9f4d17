"""What local bases of a training set would gain, before anyone trains them, and how many of them are worth it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from romlib.clusters.cost import CostModel
from romlib.clusters.dissimilarity import of_cases
from romlib.clusters.gain import (
    Fields,
    at_equal_modes,
    at_modes,
    held_out,
    local_errors,
    modes_for,
    projection_errors,
    singular_values,
)
from romlib.clusters.partition import Partition, partition
from romlib.errors import InputError
from romlib.model.clusters import ClusterOptions
from romlib.words import plural

WORTH = 1.5  # times as fast: less is not worth as many bases, cubatures and switches
AS_GOOD = 0.9  # of the best speed: the smallest number of clusters that has it is recommended
MISSES = 2.0  # times the held-out error of the global basis: more is no basis of what was not seen
_MOST_MODES = 10_000
UNEVEN = 0.5  # relative error of the cost model
POINTS_A_DECADE = 3.0  # points a mode and decade of the cubature's tolerance: cases/ have 2.2 to 4


@dataclass(frozen=True, eq=False)
class ProspectData:
    """What prospects are made from.

    fields : the snapshots. grams : by name, whose dissimilarities are compared. runs, times : (n,). n_ip : integration
    points of the model. cubature_tolerance : of the study. cost : of this machine.
    """

    fields: Fields
    grams: Mapping[str, np.ndarray]
    runs: np.ndarray
    times: np.ndarray
    n_ip: int
    cubature_tolerance: float
    cost: CostModel


@dataclass(frozen=True, eq=False)
class Prospect:
    """A number of clusters by one dissimilarity. A number of 1 is the global basis.

    curve : (n + 1,), errors of 90 % of the training snapshots at equal numbers of modes in every cluster.
    modes : such a number that is within the tolerance; None where none is. by_cluster : modes of each cluster for its
    own snapshots, at least `minimum_modes`. points : (k,), expected. union : expected, at most. error : of 90 % of the
    training snapshots with these. held_out : the same of snapshots that were held out; None where not asked for.
    singular_values : by cluster, of its members. gain : error of the global basis over this one's, both with `modes`
    modes. seconds : expected, of a step.
    speed_up : of the global basis over it.
    """

    dissimilarity: str
    geodesic: bool
    number: int
    partition: Partition
    curve: np.ndarray
    modes: int | None
    by_cluster: np.ndarray
    points: np.ndarray
    union: int
    error: float
    held_out: float | None
    singular_values: tuple[np.ndarray, ...]
    gain: float
    seconds: float
    speed_up: float


@dataclass(frozen=True, eq=False)
class Recommendation:
    """number : of clusters. reason : one or two sentences. notes : what else there is to say."""

    number: int
    reason: str
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Prospects:
    """base : the global basis. local : the others. tolerance : that the modes are for. stated : that it was asked for,
    and is not what the study's own global basis leaves. cost : that speeds are by. left_out : clusters that there are
    not. held_out : what was held out, in words; None.
    """

    base: Prospect
    local: list[Prospect]
    tolerance: float
    stated: bool
    cost: CostModel
    recommendation: Recommendation
    left_out: list[str]
    held_out: str | None


def prospects(
    data: ProspectData, kinds: Sequence[ClusterOptions], numbers: Sequence[int], n_mode: int,
    tolerance: float | None = None, hold_out: bool = False,
) -> Prospects:
    """Local bases of each kind and number beside the global one.

    Parameters
    ----------
    kinds : what is compared; the recommendation is of the first. numbers : of clusters; 1 is always there.
    n_mode : modes of the global basis that the study asks for. tolerance : of the energy errors of 90 % of the training
        snapshots; by default what these modes leave.
    """
    fields = data.fields
    every = np.arange(len(fields.sizes))
    there = np.flatnonzero(fields.sizes)
    if not len(there):
        raise InputError("the displacement snapshots have no elastic energy: there is nothing to make bases of",
                         remedy="train with runs that strain the structure")
    curve = at_equal_modes([projection_errors(fields, every, there)], len(every))
    wanted = float(curve[min(n_mode, len(curve) - 1)]) if tolerance is None else tolerance
    whole = Partition(np.zeros(len(every), dtype=int), np.array([int(there[0])]), (every,))
    folds, in_words = held_out(data.runs) if hold_out else ([], None)
    base = _prospect(data, kinds[0], whole, wanted, curve, None, folds)
    local, left_out = [], []
    for options in kinds:
        for number in sorted(set(numbers) - {1}):
            try:
                parts = partition(data.grams, data.runs, data.times, options, number)
            except InputError as error:
                left_out.append(f"{number} by {named(options)}: {error.what}; expected {error.expected}")
                continue
            local.append(_prospect(data, options, parts, wanted, curve, base, folds))
    least = least_modes(data.cost, kinds[0], _points_a_mode(data, kinds[0]))
    recommendation = recommend(base, [one for one in local if _is_of(one, kinds[0])], wanted, least)
    if data.cost.error > UNEVEN:
        recommendation.notes.append("the times of a step that were measured differ from one another by more than "
                                    "modes and points explain: the machine was busy, or its BLAS has many threads "
                                    "(OMP_NUM_THREADS=1)")
    return Prospects(base, local, wanted, tolerance is not None, data.cost, recommendation, left_out, in_words)


def shown(found: Prospects, number: int | None = None) -> Prospect:
    """The one that is looked at more closely: what is recommended, else of the same kind the number that a study asks
    for, else the fastest local one, else the global basis.
    """
    kind = [one for one in found.local if (one.dissimilarity, one.geodesic) == (
        found.local[0].dissimilarity, found.local[0].geodesic)] if found.local else []
    for wanted in (found.recommendation.number, number):
        for one in kind:
            if one.number == wanted:
                return one
    return max(kind, key=lambda one: one.speed_up, default=found.base)


def named(options: ClusterOptions | Prospect) -> str:
    """A dissimilarity in words."""
    along = options.geodesic and options.dissimilarity not in ("time", "random")
    return f"{options.dissimilarity}{', geodesic' if along else ''}"


def _is_of(one: Prospect, options: ClusterOptions) -> bool:
    return (one.dissimilarity, one.geodesic) == (options.dissimilarity, options.geodesic)


def _prospect(
    data: ProspectData, options: ClusterOptions, parts: Partition, tolerance: float, whole: np.ndarray,
    base: Prospect | None, folds: list[np.ndarray],
) -> Prospect:
    errors = local_errors(data.fields, parts.labels, parts.members)
    curve = at_equal_modes(errors, len(whole) - 1)
    modes = modes_for(curve, tolerance)
    k = len(parts.medoids)
    needed = [modes_for(at_equal_modes([own], len(own) - 1), tolerance) if own.shape[1] else 0 for own in errors]
    most = np.array([len(own) - 1 for own in errors])
    least = most if k == 1 and modes is None else np.minimum(options.minimum_modes if k > 1 else 1, most)
    by_cluster = np.maximum([most[j] if n is None else n for j, n in enumerate(needed)], least)
    points = np.minimum(np.ceil(_points_a_mode(data, options) * by_cluster).astype(int), data.n_ip)
    union = int(min(points.sum(), data.n_ip))
    share = np.array([own.shape[1] for own in errors]) / sum(own.shape[1] for own in errors)
    passive = union - points if options.choose == "state" else np.zeros(k)
    spectra = tuple(singular_values(data.fields, part) for part in parts.members)
    seconds = float(share @ data.cost.step(by_cluster, points, passive))
    at = len(whole) - 1 if modes is None else modes
    unseen = None
    if folds:
        unseen = _held_out_error(data, options, k, by_cluster, tolerance, folds)
    tiny = np.finfo(float).tiny
    return Prospect(options.dissimilarity, options.geodesic, k, parts, curve, modes, by_cluster, points, union,
                    at_modes(errors, by_cluster.tolist()), unseen, spectra, float(whole[at] / max(curve[at], tiny)),
                    seconds, 1.0 if base is None else base.seconds / seconds)


def _points_a_mode(data: ProspectData, options: ClusterOptions) -> float:
    return max(options.points_per_mode, POINTS_A_DECADE * -float(np.log10(data.cubature_tolerance)))


def least_modes(cost: CostModel, options: ClusterOptions, points_a_mode: float) -> int:
    """The fewest modes of a global basis with which two local ones of `minimum_modes` are `WORTH` times as fast.

    Each of them has points of its own; one carries the state of the other's.
    """
    own = points_a_mode * options.minimum_modes
    local = float(cost.step(options.minimum_modes, own, own if options.choose == "state" else 0.0))
    modes = np.arange(1, _MOST_MODES)
    return int(modes[np.argmax(cost.step(modes, points_a_mode * modes) >= WORTH * local)])


def _held_out_error(
    data: ProspectData, options: ClusterOptions, number: int, modes: np.ndarray, tolerance: float,
    folds: list[np.ndarray],
) -> float | None:
    """90 % of the energy errors of held-out snapshots on bases of the others, each with the modes for the tolerance.

    A snapshot that is held out has the basis of the nearest of the others in the energy, a run that of the nearest run.
    None where the others do not have as many clusters.
    """
    found = []
    for out in folds:
        kept = np.flatnonzero(~out)
        looked = np.flatnonzero(out & (data.fields.sizes > 0.0))
        if not len(looked):
            continue
        runs = np.unique(data.runs[kept], return_inverse=True)[1]
        if number == 1:
            parts = Partition(np.zeros(len(kept), dtype=int), np.zeros(1, dtype=int), (np.arange(len(kept)),))
        else:
            try:
                parts = partition({name: gram[np.ix_(kept, kept)] for name, gram in data.grams.items()}, runs,
                                  data.times[kept], options, number)
            except InputError:
                return None
        labels = np.zeros(len(out), dtype=int)
        labels[kept] = parts.labels
        labels[looked] = _nearest(data, options, kept, runs, parts, looked)
        members = [kept[part] for part in parts.members]
        training = local_errors(data.fields, labels, members, kept)
        for own, of_kept in zip(local_errors(data.fields, labels, members, looked), training):
            n = modes_for(at_equal_modes([of_kept], len(of_kept) - 1), tolerance) if of_kept.shape[1] else 0
            least = options.minimum_modes if number > 1 else int(modes[0])
            n = max(len(own) - 1 if n is None else n, least)
            found.append(own[min(n, len(own) - 1)])
    return at_modes([errors[None] for errors in found], [0] * len(found)) if found else None


def _nearest(
    data: ProspectData, options: ClusterOptions, kept: np.ndarray, runs: np.ndarray, parts: Partition,
    looked: np.ndarray,
) -> np.ndarray:
    """Clusters (n_looked,) of snapshots that were held out."""
    if len(parts.medoids) == 1:
        return np.zeros(len(looked), dtype=int)
    if options.choose == "input":
        both = np.concatenate([kept, looked])
        joined = np.concatenate([runs, np.full(len(looked), runs.max() + 1)])
        apart = of_cases(data.grams[str(options.gram)][np.ix_(both, both)], joined, options.dissimilarity)
        nearest = int(np.argmin(apart[-1, :-1]))
        return np.full(len(looked), parts.labels[np.argmax(runs == nearest)])
    sizes = np.sqrt(np.diag(data.grams["energy"]))
    with_energy = np.flatnonzero(sizes[kept] > 0.0)
    cosines = np.abs(data.grams["energy"][np.ix_(looked, kept[with_energy])]) / sizes[kept[with_energy]]
    return parts.labels[with_energy[np.argmax(cosines, axis=1)]]


def recommend(base: Prospect, local: Sequence[Prospect], tolerance: float, least: int = 0) -> Recommendation:
    """How many clusters: the smallest number that is nearly as fast as the best, or one where that is not worth it.

    least : modes of a global basis from which local ones can pay at all, see `least_modes`.
    """
    has = f"the global basis needs {plural(int(base.by_cluster[0]), 'mode')} for {tolerance:.1e}"
    if base.modes is None:
        return Recommendation(1, f"even all modes of the snapshots leave more than {tolerance:.1e}: ask for less")
    if not local:
        return Recommendation(1, f"{has}, and the snapshots do not give more than one cluster")
    sound = [one for one in local if one.held_out is None or base.held_out is None
             or one.held_out <= MISSES * base.held_out]
    notes = [f"{plural(one.number, 'cluster')}: {one.held_out:.1e} of held-out snapshots, where the global basis has "
             f"{base.held_out:.1e}: not recommended" for one in local if one not in sound]
    if not sound:
        fastest = max(one.speed_up for one in local)
        return Recommendation(1, f"{has}; local ones miss what was held out, and are expected to be at most "
                                 f"{fastest:.1f} times as fast", notes)
    best = max(one.speed_up for one in sound)
    chosen = min((one for one in sound if one.speed_up >= AS_GOOD * best), key=lambda one: one.number)
    gives = (f"{chosen.number} local ones by {named(chosen)} need {chosen.by_cluster.mean():.0f} on average, and a "
             f"step is expected to be {chosen.speed_up:.1f} times as fast")
    if chosen.speed_up < WORTH:
        few = (f". With fewer than {least} modes no local bases can pay on this machine"
               if base.by_cluster[0] < least else "")
        return Recommendation(1, f"{has}; {gives}: less than {WORTH:g} times is not worth {chosen.number} bases, their "
                                 f"points and their switches{few}", notes)
    return Recommendation(chosen.number, f"{has}; {gives}", notes)
