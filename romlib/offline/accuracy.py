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
from romlib.offline.left_out import Errors, Judging, LeftOut, left_out_runs, to_judge_by
from romlib.offline.options import OfflineOptions
from romlib.offline.points import PointList
from romlib.offline.reduce import reduce_modes
from romlib.offline.rows import Rows
from romlib.offline.sample import take_sample
from romlib.offline.tighten import tighten
from romlib.offline.training import Span

# Over runs that it was made of a ROM is to have at most this part of what is asked for, because others may have more:
# see docs/algorithms.md.
TRAINED_PART = 0.75
DUAL_PART = 0.25  # of what is asked for: what modes of stress and internal variables may leave out of any run
ATTAINABLE = 1.5  # times what the other runs' modes leave of a run is the least that is looked for
COARSEST, FINEST = 1e-2, 1e-7  # what Gram matrices in double precision tell of modes ends at about the latter
PATIENCE = 3  # levels that gain nothing over the training runs, where coarse ones may be good by chance
MOST_RUNS = 5  # left out, or solved, at each level
SIZE = 3000  # points of the sample
_HALF_DECADE = 10.0**-0.5
T = TypeVar("T")
_OF_DISPLACEMENT, _OF_DUAL = 0.1, 0.01  # of the accuracy: where the search begins


@dataclass(frozen=True)
class Choice:
    """options : with the tolerances that were chosen, given. by_default : nobody stated an accuracy. attempts : in
    order. trained : whether the chosen one is good enough over the training runs, on the sample; reached : also over
    those left out. left_out : the errors there, by run.
    """

    options: OfflineOptions
    by_default: bool
    attempts: tuple[Attempt, ...]
    trained: bool
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
        self._left_out = spread(to_judge_by(left_out_runs(training, rows)), MOST_RUNS)
        self._asked = options.asked
        finest = self._at(levels[-1], FINEST)
        self._least = [{name: ATTAINABLE * value for name, value in judging.left(one.rows, one.span, finest).items()}
                       for one in self._left_out]
        self._attempts: dict[float, Attempt] = {}
        self._found: dict[float, dict[str, Errors]] = {}

    def run(self) -> Choice:
        """Good enough over the training runs first: that can be had. Then, as far as it goes, over those left out."""
        duals = _half_decades(min([0.1 * value for name, value in self._asked.items() if name != "displacement"]
                                  or [COARSEST]))
        self._dual = duals[tighten(len(duals), lambda k: self._left_of_duals(duals[k]))[0]]
        number, scores = tighten(len(self._levels), lambda k: self._trained(self._levels[k]), PATIENCE)
        rest, reached = self._levels[number:], scores[number] <= 1.0
        if reached and self._left_out:
            number, scores = tighten(len(rest), lambda k: self._score(rest[k]))
            level = rest[number]
        else:
            level = rest[0]
        chosen = self._at(level, self._dual).model_copy(update={"accuracy": self._asked})
        return Choice(chosen, not self._options.accuracy, tuple(self._attempts.values()), reached,
                      scores[number] <= 1.0, self._found.get(level, {}))

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

    def _trained(self, level: float) -> float:
        """The largest ratio of an error over a training run to what it may be."""
        options, judging = self._at(level, self._dual), self._judging
        attempt = Attempt({"pod": level, "cubature": level, "dual fields": self._dual})
        try:
            one = judging.rom(self._rows, options)
            basis = one.rom.clusters[0]
            attempt = replace(attempt, modes=basis.n_mode, points=basis.n_weighted)
            attempt = replace(attempt, trained=largest([judging.errors(one, span) for span in self._spans]))
        except (ConvergenceError, InputError) as error:
            attempt = replace(attempt, failed=error.what)
        self._keep(level, attempt, attempt.failed or (
            f"{attempt.modes} modes, {attempt.points} points, {errors_in_words(attempt.trained)}"))
        return self._ratio(attempt)

    def _score(self, level: float) -> float:
        """The same with the errors over runs that are left out."""
        if level not in self._attempts:
            self._trained(level)
        attempt, options = self._attempts[level], self._at(level, self._dual)
        try:
            found = {one.span.run.name: self._errors(one, options) for one in self._left_out}
        except (ConvergenceError, InputError) as error:
            self._keep(level, replace(attempt, failed=f"left out: {error.what}"), f"left out: {error.what}")
            return float("inf")
        self._found[level] = found
        errors = largest(list(found.values()))
        self._keep(level, replace(attempt, left_out=errors), f"left out: {errors_in_words(errors)}")
        return max([self._ratio(attempt), *(
            error / max(self._asked[name], least[name])
            for errors, least in zip(found.values(), self._least) for name, error in errors.items())])

    def _ratio(self, attempt: Attempt) -> float:
        if attempt.failed:
            return float("inf")
        return max(error / (TRAINED_PART * self._asked[name]) for name, error in attempt.trained.items())

    def _keep(self, level: float, attempt: Attempt, said: str) -> None:
        self._attempts[level] = attempt
        self._judging.collection.stages.tell(f"accuracy: tolerances {level:.1e}: {said}")

    def _errors(self, left_out: LeftOut, options: OfflineOptions) -> Errors:
        return self._judging.errors(self._judging.rom(left_out.rows, options), left_out.span)


def errors_in_words(errors: Errors) -> str:
    """Such as "displacement 1.2e-04, stress 2.1e-03"."""
    return ", ".join(f"{name} {error:.1e}" for name, error in errors.items())


def largest(errors: Sequence[Errors]) -> Errors:
    """The largest error of each quantity."""
    return {name: max(one[name] for one in errors) for name in errors[0]} if errors else {}


def spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many of them, evenly."""
    chosen = sorted({round(k) for k in np.linspace(0, len(items) - 1, min(len(items), most))}) if items else []
    return [items[k] for k in chosen]
