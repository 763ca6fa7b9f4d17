"""The greedy search itself, over what it needs done: bounds of candidates, a run at full order, a check, a training.

P. Binev et al., "Convergence rates for greedy algorithms in reduced basis methods", SIAM J. Math. Anal. 43 (2011)
1457, with the error bound of each ROM in place of the distance to its space.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from romlib.errors import ConvergenceError, RomlibError, SolverError
from romlib.greedy.bounds import Bounds, Tolerance
from romlib.greedy.journal import UNDERWAY, Journal, Record, storable
from romlib.snapshots.space import DiskFullError
from romlib.words import listed, plural

End = Literal["reached", "budget spent", "nothing left"]


class Steps(Protocol):
    """What a search has done, all of it collective. Candidates are known by their names."""

    def bounds(self) -> dict[str, Bounds]:
        """Of the present ROM, for every candidate; without a ROM, none is known."""
        ...

    def solve(self, name: str, record: Record) -> float | None:
        """Run a candidate at full order, unless that was done; the seconds, where they are known."""
        ...

    def begin_anew(self, name: str, record: Record) -> bool:
        """Whether a run that was underway has to be made once more, in a folder of its own."""
        ...

    def is_solved(self, name: str, record: Record) -> bool:
        """Whether the solver itself was done, for a run that failed."""
        ...

    def check(self, name: str, names: Sequence[str]) -> None:
        """The nonintrusivity check of a run; names : of those that train, this one too."""
        ...

    def error(self, name: str, names: Sequence[str]) -> dict[str, float | None]:
        """By field, the error of the present ROM against the run."""
        ...

    def train(self, names: Sequence[str]) -> None:
        """Make the ROM of the study's own training runs and these, unless the present one is that."""
        ...

    def is_trained(self, names: Sequence[str]) -> bool:
        """Whether the present ROM is that of the study's own training runs and these."""
        ...

    def save(self) -> None:
        """Write the journal."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How a search ended. above : candidates whose bound is beyond the tolerance, or not known."""

    end: End
    above: list[str]
    bounds: Mapping[str, Bounds]


Choose = Callable[[Sequence[str], Mapping[str, Bounds], Tolerance], str]


def worst(left: Sequence[str], bounds: Mapping[str, Bounds], tolerance: Tolerance) -> str:
    """The candidate with the largest bound; of equals the first."""
    return max(left, key=lambda name: bounds[name].key(tolerance))


def search(
    journal: Journal, steps: Steps, tolerance: Tolerance, budget: int, progress: Callable[[str], None],
    choose: Choose = worst,
) -> Outcome:
    """Run candidates, each the one with the largest bound, until all bounds are low or the budget is spent. Collective.

    A run that is underway in the journal is taken up first. Where the solver, the conversion, the check or the training
    of a candidate fails, it is marked with the reason, does not train, and the search goes on with the others.

    Parameters
    ----------
    tolerance : of every quantity, or by quantity. budget : runs of the solver at most, those in the journal included.
    progress : called with sentences. choose : of the candidates above the tolerance that were not run the next one.
    """
    _take_up_training(journal, steps)
    while True:
        underway = journal.of(*UNDERWAY)
        if underway:
            name = underway[0]
            if steps.begin_anew(name, journal.records[name]):
                journal.put(name, attempt=journal.records[name].attempt + 1)
                steps.save()
            progress(f"{name}: taken up again")
            _run(journal, steps, name, progress)
            continue
        bounds = steps.bounds()
        _note(journal, bounds)
        steps.save()
        above = [name for name, one in bounds.items() if not one.excess(tolerance) <= 1.0]
        if not above:
            return Outcome("reached", above, bounds)
        left = [name for name in journal.of("open") if name in above]
        if not left:
            return Outcome("nothing left", above, bounds)
        if journal.n_run >= budget:
            return Outcome("budget spent", above, bounds)
        name = choose(left, bounds, tolerance)
        progress(f"{plural(len(above), 'candidate')} above the tolerance; the next one is {name}: "
                 f"{in_words(bounds[name])}")
        record = journal.records[name]
        order = 1 + max(one.order for one in journal.records.values())
        journal.put(name, status="chosen", order=order, runs=record.runs + 1, chosen=storable(bounds[name]))
        steps.save()
        _run(journal, steps, name, progress)


def _take_up_training(journal: Journal, steps: Steps) -> None:
    """The ROM that the journal speaks of; a kill may have come between a ROM that was written and the journal."""
    for name in journal.of("checked"):
        if steps.is_trained([*journal.of("trained"), name]):
            journal.put(name, status="trained")
            steps.save()
    steps.train(journal.of("trained"))


def _note(journal: Journal, bounds: Mapping[str, Bounds]) -> None:
    for name, one in bounds.items():
        if not journal.records[name].first:
            journal.put(name, first=storable(one))
        journal.put(name, last=storable(one), reason=one.reason)


def _run(journal: Journal, steps: Steps, name: str, progress: Callable[[str], None]) -> None:
    """What is left to do of a candidate's run; its record says in the end that it trained, or what failed."""
    while journal.records[name].status in UNDERWAY:
        stage = {"chosen": "solver", "solved": "check", "checked": "training"}[journal.records[name].status]
        failure = None
        try:
            _step(journal, steps, name, progress)
        except DiskFullError:
            raise
        except RomlibError as error:
            if stage == "solver" and not isinstance(error, (SolverError, ConvergenceError)):
                raise  # of the input, not of this candidate
            failure = str(error)
        if failure is not None:  # outside of the handler, so that no later error is taken for one of its cleaning up
            if stage == "solver" and steps.is_solved(name, journal.records[name]):
                stage = "conversion"
            journal.put(name, status="failed", stage=stage, message=failure)
            progress(f"{name}: {_FAILED[stage]}, and goes without it: {failure}")
        steps.save()


_FAILED = {"solver": "its run failed", "conversion": "its results cannot be converted",
           "check": "its run does not pass the check", "training": "a ROM with its run cannot be trained"}


def _step(journal: Journal, steps: Steps, name: str, progress: Callable[[str], None]) -> None:
    record, names = journal.records[name], [*journal.of("trained"), name]
    if record.status == "chosen":
        seconds = steps.solve(name, record)
        journal.put(name, status="solved", seconds=seconds)
        progress(f"{name}: solved" + ("" if seconds is None else f" in {seconds:.1f} s"))
    elif record.status == "solved":
        steps.check(name, names)
        journal.put(name, status="checked", error=steps.error(name, names))
    else:
        steps.train(names)
        journal.put(name, status="trained")
        progress(f"{name}: added to the ROM, which is trained on {plural(len(names), 'candidate')} now")


def in_words(bounds: Bounds) -> str:
    """Bounds in a sentence."""
    values = listed((f"{name} {value:.2g}" for name, value in bounds.values.items()), "no bound")
    return f"{values} ({bounds.reason})" if bounds.reason else values
