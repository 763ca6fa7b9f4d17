"""True errors of held-out cases beside their bounds, and what both become as coverage and as alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from bodies import Held

from romlib.errors import ConvergenceError
from romlib.online.misfits import Fit
from romlib.online.rom import ReducedOrderModel
from romlib.report.compare import compare
from romlib.snapshots import Snapshots
from romlib.snapshots.error_bounds import so_far
from romlib.solution.solution import Solution

QUANTITIES = ("displacement", "stress", "p")


@dataclass(frozen=True, eq=False)
class Judged:
    """A held-out case.

    errors, bounds : by quantity, (n_step,), relative, of the run so far; a bound that is withheld is NaN. features :
    what the literature's indicator is made of, see `unweighted_misfits`. notes : of the bounds.
    """

    name: str
    group: str
    new_shape: bool
    times: np.ndarray
    errors: dict[str, np.ndarray]
    bounds: dict[str, np.ndarray]
    features: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def ratio(self, quantity: str) -> float:
        """Bound over true error at the end, of which 0.001 % is the least; NaN where the bound is withheld."""
        return float(self.bounds[quantity][-1] / max(self.errors[quantity][-1], 1e-5))

    def given(self, quantity: str) -> bool:
        """Whether there is a bound at the end."""
        return bool(np.isfinite(self.bounds[quantity][-1]))

    def covered(self, quantity: str, *, always: bool = False) -> bool:
        """The error is below its bound at the end, or at every time that has one."""
        error, bound = self.errors[quantity], self.bounds[quantity]
        return bool((error <= bound)[np.isfinite(bound)].all() if always else error[-1] <= bound[-1])


def largest_in_training(files: Iterable[Path]) -> dict[str, float]:
    """By quantity, the largest L2 norm of the training runs: errors are relative to 5 % of it at least."""
    largest = dict.fromkeys(QUANTITIES, 0.0)
    for path in files:
        with Snapshots(path) as file:
            for name, found in compare(file, file, fields=list(QUANTITIES)).fields.items():
                largest[name] = max(largest[name], found.scale)
    return largest


def judge(rom: ReducedOrderModel, held: list[Held], folder: Path, largest: Mapping[str, float],
          on_case: Callable[[int, str], None] = lambda number, name: None) -> tuple[list[Judged], dict[str, str]]:
    """All held-out cases that have a reference in the folder; and by name, why the ROM has no solution of one."""
    judged, failures = [], {}
    for number, one in enumerate(held):
        reference = folder / f"{one.name}.vtkhdf"
        if not reference.is_file():
            continue
        on_case(number, one.name)
        try:
            solution = rom.solve(one.case)
        except ConvergenceError as error:
            failures[one.name] = str(error).splitlines()[0]
            continue
        errors = true_errors(solution, reference, largest)
        bounds = {name: np.asarray(bound) for name, bound in solution.error_bound.items()}
        judged.append(Judged(one.name, one.group, one.new_shape, solution.times, errors, bounds,
                             unweighted_misfits(solution), tuple(solution.error_bound.notes)))
    return judged, failures


def true_errors(solution: Solution, reference: Path, largest: Mapping[str, float]) -> dict[str, np.ndarray]:
    """By quantity, (n_step,): what `romlib compare` prints of the run so far."""
    with TemporaryDirectory(dir=reference.parent) as folder:
        candidate = Path(folder) / "candidate.vtkhdf"
        solution.write(candidate)
        with Snapshots(candidate) as found, Snapshots(reference) as expected:
            fields = compare(found, expected, fields=list(QUANTITIES)).fields
    return {name: so_far(one.difference, one.reference, largest[name]) for name, one in fields.items()}


def unweighted_misfits(solution: Solution) -> dict[str, float]:
    """By dual field, how far its values at the points are from its modes, all points alike, over the whole run."""
    rom, result = solution.rom, {}
    for name, gappy in rom.gappy.items():
        aside, size = Fit.of(gappy).misfit(solution.at_points(name), np.ones(rom.points.n_point))
        result[name] = float(so_far(aside, size, 0.0)[-1])
    return result


@dataclass(frozen=True)
class Coverage:
    """Of a group of cases. given : cases with a bound at the end; ever : at some time. end, always : how many of these
    are covered, at the end, and at every time that has a bound. median : of bound over true error at the end. worst :
    the smallest and the largest.
    """

    count: int
    given: int
    ever: int
    end: int
    always: int
    median: float
    worst: tuple[float, float]


def coverage(judged: list[Judged], quantity: str) -> Coverage:
    """How well bounds cover the errors of a quantity."""
    there = [one for one in judged if one.given(quantity)]
    ever = [one for one in judged if np.isfinite(one.bounds[quantity]).any()]
    ratios = np.array([one.ratio(quantity) for one in there]) if there else np.full(1, np.nan)
    return Coverage(len(judged), len(there), len(ever), sum(one.covered(quantity) for one in there),
                    sum(one.covered(quantity, always=True) for one in ever), float(np.median(ratios)),
                    (float(ratios.min()), float(ratios.max())))


@dataclass(frozen=True)
class Alarms:
    """Decisions at a tolerance. missed : names of the cases beyond it whose bound is not."""

    true: int
    false: int
    quiet: int
    missed: tuple[str, ...]


def alarms(judged: list[Judged], quantity: str, tolerance: float) -> Alarms:
    """A bound beyond the tolerance at the end of a run is an alarm; where one is withheld there is an alarm too."""
    beyond = {one.name: bool(one.errors[quantity][-1] > tolerance) for one in judged}
    alarm = {one.name: not one.bounds[quantity][-1] <= tolerance for one in judged}
    return Alarms(sum(beyond[name] and alarm[name] for name in beyond),
                  sum(not beyond[name] and alarm[name] for name in beyond),
                  sum(not beyond[name] and not alarm[name] for name in beyond),
                  tuple(name for name in beyond if beyond[name] and not alarm[name]))
