"""Whether a finished ROM is as accurate as was asked for: over its training runs, those left out, and validation runs.

What counts: every training run, with the ROM itself; every run that was left out and lies between the others; every
validation run. A run that does not lie between the others says, when it is left out, what extrapolation costs, and
nothing of this ROM, which has it: its errors are stored and shown, and do not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from romlib.archive.accuracy import Accuracy, RunErrors
from romlib.archive.indicator import Indicator
from romlib.offline.accuracy import Choice
from romlib.offline.calibrate import left_out_name
from romlib.offline.left_out import LeftOut, left_out_runs, loads_in_words, ranges_of
from romlib.offline.options import OfflineOptions
from romlib.offline.rows import Rows
from romlib.offline.training import TrainingSet
from romlib.offline.verify import Verified
from romlib.words import listed, plural

HELD_OUT, VALIDATION = "left out ", "validation "  # prefixes of errors in the manifest


def judge(
    training: TrainingSet, rows: Rows, options: OfflineOptions, verified: Verified, indicator: Indicator | None,
    choice: Choice | None,
) -> Accuracy:
    """The errors over all runs, and what they come to.

    rows : the snapshots of the training. options : with the tolerances that were used. indicator : whose calibration
    left runs out; without one they are those of the choice of tolerances.
    """
    apart = left_out_runs(training, rows)
    runs = [*verified.runs, *_left_out(apart, indicator, choice)]
    found = Accuracy(
        options.asked, by_default=choice.by_default if choice is not None else not options.accuracy, runs=runs,
        attempts=[] if choice is None else list(choice.attempts), notes=_notes(apart, runs, options, choice))
    found.not_met.extend(_not_met(training, rows, found, () if choice is not None else options.by_hand))
    return found


def errors_of(accuracy: Accuracy) -> dict[str, float]:
    """The largest errors of runs that the ROM was not trained with, as the manifest names them."""
    between, apart = accuracy.largest("left out"), accuracy.largest("left out", outside=True)
    return {**{f"{HELD_OUT}{name}": error for name, error in between.items()},
            **{f"{HELD_OUT}{name}, outside the others": error for name, error in apart.items()},
            **{f"{VALIDATION}{name}": error for name, error in accuracy.largest("validation").items()}}


def _left_out(apart: Sequence[LeftOut], indicator: Indicator | None, choice: Choice | None) -> list[RunErrors]:
    outside = {one.span.run.name: one.outside for one in apart}
    if indicator is not None:
        found = {pair.run: pair.errors for pair in indicator.pairs if left_out_name(pair.run) == pair.left_out}
    else:
        found = {} if choice is None else dict(choice.left_out)
    return [RunErrors(run, "left out", dict(errors), list(outside[run])) for run, errors in found.items()
            if run in outside]


def _notes(
    apart: Sequence[LeftOut], runs: Sequence[RunErrors], options: OfflineOptions, choice: Choice | None
) -> list[str]:
    """How it was judged."""
    notes, n = [], sum(one.how == "left out" for one in runs)
    if not apart:
        notes.append("judged over the training run itself: there is one, and none can be left out. Of other loads this "
                     "says little; a second run, or a [[validation]] run, says more")
    elif not n:
        notes.append("no run was left out of the training: [offline] calibration = false"
                     if not options.calibration else "no ROM that leaves out a run could be solved over it")
    elif n < len(apart):
        notes.append(f"{n} of {len(apart)} training runs were left out, one after the other")
    if n and not any(one.how == "left out" and not one.outside for one in runs):
        notes.append("no training run lies between the others: what a ROM without it makes of it is extrapolation, and "
                     "how good this ROM is between its runs is not known; a [[validation]] run between them says it")
    if n and options.clusters.number != 1:
        notes.append("errors of runs that are left out are those of ROMs with one global basis")
    if choice is not None and not choice.reached:
        notes.append("finer tolerances gained nothing more: what is left comes from the training runs, or from their "
                     "digits")
    return notes


def _not_met(training: TrainingSet, rows: Rows, found: Accuracy, by_hand: Sequence[str]) -> list[str]:
    """A sentence on each quantity, and kind of run, that is above what was asked for. by_hand : tolerances given."""
    spans = training.spans(rows)
    ranges = {span.run.name: ranges_of(training, span) for span in (*spans, *training.validation_spans())}
    trained = [span.run.name for span in spans]
    sentences = []
    for run in found.runs:
        if run.failure and found.asked:
            sentences.append(f"the {_kind(run)} {run.run!r} cannot be solved: {run.failure}")
    for how in ("trained", "left out", "validation"):
        for name, asked in found.asked.items():
            worst = max((run for run in found.runs if run.how == how and not run.outside and name in run.errors),
                        key=lambda run: run.errors[name], default=None)
            if worst is not None and not worst.errors[name] <= asked:
                sentences.append(_sentence(worst, name, asked, ranges, trained, by_hand))
    return sentences


def _kind(run: RunErrors) -> str:
    return {"trained": "training run", "left out": "training run, left out,",
            "validation": "validation run"}[run.how]


def _sentence(
    run: RunErrors, name: str, asked: float, ranges: Mapping[str, dict[str, tuple[float, float]]],
    trained: Sequence[str], by_hand: Sequence[str],
) -> str:
    loads = loads_in_words(ranges[run.run])
    said = (f"{name}: {run.errors[name]:.2g} over the {_kind(run)} {run.run!r} ({loads}), more than the {asked:.2g} "
            f"asked for, by a factor of {run.errors[name] / asked:.2g}. ")
    if run.how == "trained":
        return said + (f"Tolerances were given ({', '.join(by_hand)}): without any they are chosen." if by_hand else
                       'cubature_training = "full_rom" may help; else the run is not in equilibrium by its law to that '
                       "accuracy (`romlib check`), or goes ways that few modes cannot follow ([clusters]).")
    others = [other for other in trained if other != run.run]
    near = sorted(others, key=lambda other: _distance(ranges[run.run], ranges[other]))[:2]
    between = (f" Nearest to it are {listed([f'{other!r} ({loads_in_words(ranges[other])})' for other in near])}."
               if near else "")
    what = "This run among the training runs" if run.how == "validation" else "One more run like it"
    return said + f"{what}, or one between it and the nearest, would help.{between}"


def _distance(one: dict[str, tuple[float, float]], other: dict[str, tuple[float, float]]) -> float:
    """Between two runs: their ranges, relative to the larger."""
    total = 0.0
    for name, own in one.items():
        theirs = other.get(name, (0.0, 0.0))
        size = max(abs(value) for value in (*own, *theirs))
        total += sum(abs(a - b) for a, b in zip(own, theirs)) / size if size > 0.0 else 0.0
    return total


def in_words(accuracy: Accuracy) -> str:
    """For the progress."""
    if not accuracy.asked:
        return "none asked for, as tolerances were given"
    asked = ", ".join(f"{name} {value:.1g}" for name, value in accuracy.asked.items())
    return f"{asked}: " + ("met" if accuracy.met else f"not met by {plural(len(accuracy.not_met), 'error')}")
