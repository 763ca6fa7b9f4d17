"""The equilibrium of a reduced problem at one time, as Newton's method sees it, and the options of the method."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, sqrt
from time import perf_counter

import numpy as np
from scipy.linalg.lapack import dgesv

from romlib.errors import InputError
from romlib.online.evaluate import Committed, Trial, integrate
from romlib.online.histories import Level
from romlib.online.predictor import Predictor
from romlib.online.problem import ReducedProblem
from romlib.online.stiffness import Stiffness
from romlib.solution.timings import Timings
from romlib.stepping.newton import Balance, Correction, Failure

_SMALLEST_LAW_FACTOR = 0.1
MOST_ITERATIONS = 10_000
MOST_CUTBACKS = 30  # a step of 1e-9 of the interval; below, rounding of the time takes over


@dataclass(frozen=True)
class NewtonOptions:
    """Options of the reduced Newton method.

    tolerance : converged when ||f_ext - f_int|| <= tolerance * max(||f_ext||, ||f_int||, floor), Euclidean norms over
        the modes. The floor at time t is the largest, over the converged steps so far and the current one, of
        ||f_ext||, ||f_int|| and `HeldForce` (the elastic force of thermal strains and prescribed displacements): a
        load that passes through zero, or loading without forces, keeps a meaningful reference. Where the basis changes,
        it is taken to the scale of forces in the new one.
    max_iterations : law evaluations in one attempt of a step.
    max_cutbacks : a step is never shorter than the interval between two output times times 0.5**max_cutbacks.
    record_points : keep stresses and internal variables at every output time.
    """

    tolerance: float = 1e-8
    max_iterations: int = 25
    max_cutbacks: int = 8
    record_points: bool = True

    def __post_init__(self) -> None:
        numbers = all(isinstance(value, (int, float, np.number)) for value in (
            self.tolerance, self.max_iterations, self.max_cutbacks))
        if not (numbers and 0 < self.tolerance < 1 and 1 <= self.max_iterations <= MOST_ITERATIONS
                and 0 <= self.max_cutbacks <= MOST_CUTBACKS and self.max_iterations == int(self.max_iterations)
                and self.max_cutbacks == int(self.max_cutbacks)):
            raise InputError("options of the reduced Newton method are out of range", found=self, expected=(
                f"0 < tolerance < 1, max_iterations from 1 to {MOST_ITERATIONS}, "
                f"max_cutbacks from 0 to {MOST_CUTBACKS}"))


class Equilibrium:
    """External = internal force at a level, from a committed state; `trial` is the last one that was evaluated.

    Parameters
    ----------
    external : (n_mode,). floor : least size of the forces. temperatures : at the end of the step, one a block.
    stiffness, predictor, timings : of the run; the predictor is told of each tangent.
    """

    __slots__ = "_at", "_of_run", "_previous", "_residual", "trial"

    def __init__(
        self, problem: ReducedProblem, start: Committed, level: Level, external: np.ndarray, floor: float,
        temperatures: list[np.ndarray | None], stiffness: Stiffness, predictor: Predictor, timings: Timings,
    ) -> None:
        self._at = problem, start, level, external, floor, temperatures, timings
        self._of_run = start.cluster, stiffness, predictor, timings
        self.trial: Trial = None  # type: ignore[assignment]  # there is one from the first evaluation on
        self._previous: Trial | None = None

    def evaluate(self, gamma: np.ndarray, _: np.ndarray | None) -> Balance:
        """The laws at gamma, and their residual."""
        self._previous = self.trial
        problem, start, level, external, floor, temperatures, timings = self._at
        trial = self.trial = integrate(problem, start, gamma, level, temperatures, timings)
        force = trial.force
        residual = self._residual = external - force
        norm = sqrt(residual.dot(residual))
        fault = "a constitutive law failed" if trial.failed else "" if isfinite(norm) else "the residual is not finite"
        return norm, max(floor, sqrt(force.dot(force))), fault, True

    def slope(self, delta: np.ndarray) -> float:
        """delta . residual."""
        return float(delta.dot(self._residual))

    def correct(self, gamma: np.ndarray) -> Correction | Failure:
        """K^-1 r from the last trial."""
        cluster, stiffness, predictor, timings = self._of_run
        residual, slope, clock = self._residual, inf, perf_counter()
        lu, pivots, delta, info = dgesv(stiffness(cluster, self.trial), residual)
        timings.linear_algebra += perf_counter() - clock
        if info == 0:
            predictor.note((lu, pivots))
            slope = float(delta.dot(residual))
        if not isfinite(slope):
            return self.failure("the reduced tangent is singular")
        return gamma + delta, delta, slope

    def failure(self, what: str) -> Failure:
        """Name the worst point of all pieces: a failed one, else the one whose stress changed most at the end."""
        problem, start, rows = self._at[0], self._at[1], []
        for k, block in enumerate(problem.blocks):
            result = self.trial.results[k]
            worst, badness = result.worst(self._previous.results[k].state if self._previous else start.points[k])
            factor = result.dt_factor if len(result.failed_points) else 0.5
            factor = factor if np.isfinite(factor) and 0.0 < factor < 1.0 else 0.5
            rows.append(np.array([
                min(badness, 1e300), max(factor, _SMALLEST_LAW_FACTOR), block.points.cells[worst],
                block.points.numbers[worst]], dtype=float))
        table = problem.by_piece(rows)
        row = table[np.argmax(table[:, 0])]
        return Failure(what, float(table[:, 1].min()), int(row[2]), int(row[3]))
