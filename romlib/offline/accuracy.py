"""Tolerances that are chosen to meet an accuracy: by the errors of ROMs over runs that they were not made of.

The ROMs are those of a sample of the points (`romlib.offline.left_out`): making and solving one costs no pass over the
pieces. What is chosen is the coarsest that does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from romlib.archive.accuracy import Attempt
from romlib.errors import ConvergenceError, InputError
from romlib.offline.collect import Collection
from romlib.offline.left_out import Errors, Judging, LeftOut, left_out_runs
from romlib.offline.options import OfflineOptions
from romlib.offline.points import PointList
from romlib.offline.reduce import reduce_modes
from romlib.offline.rows import Rows
from romlib.offline.sample import take_sample
from romlib.offline.tighten import tighten
from romlib.offline.training import Span

# Over runs that it was made of a ROM is to have at most this part of what is asked for: others have two to three times
# as much, see docs/algorithms.md.
TRAINED_PART = 0.75
DUAL_PART = 0.25  # of what is asked for: what modes of stress and internal variables may leave out of any run
ATTAINABLE = 1.5  # times what the other runs' modes leave of a run is the least that is looked for
COARSEST, FINEST = 1e-2, 1e-7  # what Gram matrices in double precision tell of modes ends at about the latter
MOST_RUNS = 5  # left out, or solved, at each level
SIZE = 3000  # points of the sample
_HALF_DECADE = 10.0**-0.5
T = TypeVar("T")
_OF_DISPLACEMENT, _OF_DUAL = 0.1, 0.01  # of the accuracy: where the search begins


@dataclass(frozen=True)
class Choice:
    """options : with the tolerances that were chosen, given. by_default : nobody stated an accuracy. attempts : in
    order. reached : whether the chosen one is good enough, on the sample. left_out : of its ROMs, by run.
    """

    options: OfflineOptions
    by_default: bool
    attempts: tuple[Attempt, ...]
    reached: bool
    left_out: Mapping[str, Errors]


def finer(options: OfflineOptions) -> OfflineOptions:
    """The tolerances half a decade finer, where the whole ROM is not as good as that of the sample."""
    return options.model_copy(update={
        name: max(_HALF_DECADE * getattr(options, name), FINEST) for name in ("pod_tolerance", "cubature_tolerance")})


def levels_of(asked: Mapping[str, float]) -> list[float]:
    """Tolerances of modes and cubature alike, from coarse to fine by half decades."""
    first = min(value * (_OF_DISPLACEMENT if name == "displacement" else _OF_DUAL) for name, value in asked.items())
    return _half_decades(min(first, COARSEST))


def _half_decades(first: float) -> list[float]:
    n = max(int(np.floor(2.0 * np.log10(first / FINEST) + 1e-9)), 0)
    return [float(f"{first * _HALF_DECADE**k:.3g}") for k in range(n + 1)]


def choose(collection: Collection, rows: Rows) -> Choice | None:
    """Tolerances that meet the accuracy that the options ask for; None where tolerances are given. Collective.

    rows : the snapshots of the training. The collection then has the options that were chosen.
    """
    options, stages = collection.options, collection.stages
    if not options.chooses:
        return None
    levels = levels_of(options.asked)
    reduction = reduce_modes(collection, rows.weights)
    with stages.stage("accuracy"):
        sample = take_sample(collection, reduction, PointList.none(), SIZE, levels[-1])
        collection.history.scratch.forget(lambda name: name.count("/") > 1)  # of the reduction
        _ = collection.dual
        found = collection.pieces.comm.on_root(
            lambda: _Search(Judging.of(collection, reduction, sample, rows), rows, options, levels).run())
        stages.say("accuracy", in_words(found))
    collection.options, collection.choice = found.options, found
    return found


def in_words(found: Choice) -> str:
    """What a search has come to."""
    options = found.options
    met = "" if found.reached else "; finer ones gain nothing more"
    return (f"pod_tolerance {options.pod_tolerance:.1e}, cubature_tolerance {options.cubature_tolerance:.1e}, "
            f"dual_tolerance {options.dual_tolerance:.1e} chosen of {len(found.attempts)}{met}")


class _Search:
    """On rank 0, over ROMs of a sample."""

    def __init__(self, judging: Judging, rows: Rows, options: OfflineOptions, levels: Sequence[float]) -> None:
        self._judging, self._rows, self._options, self._levels = judging, rows, options, levels
        training = judging.collection.training
        self._spans = spread(training.spans(rows), MOST_RUNS)
        self._left_out = spread([one for one in left_out_runs(training, rows) if not one.beyond], MOST_RUNS)
        self._asked = options.asked
        finest = self._at(levels[-1], FINEST)
        self._least = [{name: ATTAINABLE * value for name, value in judging.left(one.rows, one.span, finest).items()}
                       for one in self._left_out]
        self._attempts: list[Attempt] = []
        self._found: list[dict[str, Errors]] = []

    def run(self) -> Choice:
        duals = _half_decades(min([0.1 * value for name, value in self._asked.items() if name != "displacement"]
                                  or [COARSEST]))
        self._dual = duals[tighten(len(duals), lambda k: self._left_of_duals(duals[k]))[0]]
        level, scores = tighten(len(self._levels), lambda k: self._score(self._levels[k]))
        chosen = self._at(self._levels[level], self._dual).model_copy(update={"accuracy": self._asked})
        return Choice(chosen, not self._options.accuracy, tuple(self._attempts), scores[level] <= 1.0,
                      self._found[level])

    def _at(self, level: float, dual: float) -> OfflineOptions:
        return self._options.model_copy(update={"pod_tolerance": level, "cubature_tolerance": level,
                                                "dual_tolerance": dual})

    def _left_of_duals(self, tolerance: float) -> float:
        """The largest ratio of what dual modes leave of a run to what they may."""
        options, ratios = self._at(self._levels[-1], tolerance), [0.0]
        everywhere: list[tuple[Rows, Span, Errors]] = [(self._rows, span, {}) for span in self._spans]
        everywhere += [(one.rows, one.span, least) for one, least in zip(self._left_out, self._least)]
        for rows, span, least in everywhere:
            left = self._judging.left(rows, span, options)
            ratios += [left[name] / max(DUAL_PART * asked, least.get(name, 0.0))
                       for name, asked in self._asked.items() if name != "displacement"]
        return max(ratios)

    def _score(self, level: float) -> float:
        options, judging = self._at(level, self._dual), self._judging
        attempt = Attempt({"pod": level, "cubature": level, "dual fields": self._dual})
        tell = judging.collection.stages.tell
        left_out: dict[str, Errors] = {}
        try:
            one = judging.rom(self._rows, options)
            basis = one.rom.clusters[0]
            attempt = replace(attempt, modes=basis.n_mode, points=basis.n_weighted)
            trained = largest([judging.errors(one, span) for span in self._spans])
            attempt = replace(attempt, trained=trained)
            score = max(error / (TRAINED_PART * self._asked[name]) for name, error in trained.items())
            if TRAINED_PART * score <= 1.0:  # else it is not good enough, whatever the others say
                left_out = {one.span.run.name: self._errors(one, options) for one in self._left_out}
                attempt = replace(attempt, left_out=largest(list(left_out.values())))
                score = max([score, *(error / max(self._asked[name], least[name])
                                      for errors, least in zip(left_out.values(), self._least)
                                      for name, error in errors.items())])
        except (ConvergenceError, InputError) as error:
            attempt, score = replace(attempt, failed=error.what), float("inf")
        self._attempts.append(attempt)
        self._found.append(left_out)
        tell(f"accuracy: tolerances {level:.1e}: {attempt_in_words(attempt)}")
        return score

    def _errors(self, left_out: LeftOut, options: OfflineOptions) -> Errors:
        return self._judging.errors(self._judging.rom(left_out.rows, options), left_out.span)


def attempt_in_words(attempt: Attempt) -> str:
    """Such as "5 modes, 80 points, displacement 1.2e-04, stress 2.1e-03; left out ..."."""
    if attempt.failed:
        return attempt.failed
    said = [f"{attempt.modes} modes, {attempt.points} points, " + ", ".join(
        f"{name} {error:.1e}" for name, error in attempt.trained.items())]
    if attempt.left_out:
        said.append("left out: " + ", ".join(f"{name} {error:.1e}" for name, error in attempt.left_out.items()))
    return "; ".join(said)


def largest(errors: Sequence[Errors]) -> Errors:
    """The largest error of each quantity."""
    return {name: max(one[name] for one in errors) for name in errors[0]} if errors else {}


def spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many of them, evenly."""
    chosen = sorted({round(k) for k in np.linspace(0, len(items) - 1, min(len(items), most))}) if items else []
    return [items[k] for k in chosen]
