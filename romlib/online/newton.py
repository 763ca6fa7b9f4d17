"""Newton's method on a reduced problem, with a line search and step cutting; state is committed only at convergence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, sqrt
from time import perf_counter

import numpy as np
from scipy.linalg.lapack import dgesv

from romlib.errors import ConvergenceError, InputError, UnsupportedError
from romlib.online.evaluate import Committed, HeldForce, Trial, integrate, virgin
from romlib.online.histories import Histories, Level
from romlib.online.history import ReducedHistory
from romlib.online.predictor import Predictor
from romlib.online.problem import ReducedProblem
from romlib.online.stiffness import Stiffness
from romlib.solution.timings import Timings
from romlib.words import plural

Observer = Callable[[float, int, np.ndarray, list[np.ndarray], bool], None]
_MAX_HALVINGS = 5
_SMALLEST_LAW_FACTOR = 0.1
MOST_ITERATIONS = 10_000
MOST_CUTS = 30  # a step of 1e-9 of the interval; below, rounding of the time takes over


@dataclass(frozen=True)
class NewtonOptions:
    """Options of the reduced Newton method.

    tolerance : converged when ||f_ext - f_int|| <= tolerance * max(||f_ext||, ||f_int||, floor), Euclidean norms over
        the modes. The floor at time t is the largest, over the converged steps so far and the current one, of
        ||f_ext||, ||f_int|| and `HeldForce` (the elastic force of thermal strains and prescribed displacements): a
        load that passes through zero, or loading without forces, keeps a meaningful reference.
    max_iterations : law evaluations in one attempt of a step.
    max_cuts : a step is never shorter than the interval between two output times times 0.5**max_cuts.
    record_points : keep stresses and internal variables at every output time.
    """

    tolerance: float = 1e-8
    max_iterations: int = 25
    max_cuts: int = 8
    record_points: bool = True

    def __post_init__(self) -> None:
        numbers = all(isinstance(value, (int, float, np.number)) for value in (
            self.tolerance, self.max_iterations, self.max_cuts))
        if not (numbers and 0 < self.tolerance < 1 and 1 <= self.max_iterations <= MOST_ITERATIONS
                and 0 <= self.max_cuts <= MOST_CUTS and self.max_iterations == int(self.max_iterations)
                and self.max_cuts == int(self.max_cuts)):
            raise InputError("options of the reduced Newton method are out of range", found=self, expected=(
                f"0 < tolerance < 1, max_iterations from 1 to {MOST_ITERATIONS}, max_cuts from 0 to {MOST_CUTS}"))


@dataclass(eq=False)
class _Failure:
    """Why an attempt of a step failed. dt_factor : by how much to cut. place : cell id and point number, if known."""

    what: str
    residuals: list[float]
    dt_factor: float
    place: tuple[int, int] | None


def solve(
    problem: ReducedProblem, histories: Histories, options: NewtonOptions | None = None,
    observer: Observer | None = None,
) -> ReducedHistory:
    """Solve the reduced problem over the output times of `histories`, from the virgin state at the first one.

    Parameters
    ----------
    observer : called at every evaluation of the laws with (time, iteration, gamma, stress of each block (n_point, 6),
        converged), except where a law failed; the arrays are not reused.

    Raises
    ------
    ConvergenceError : a step fails and cannot be cut further; with time, residuals, and the worst point.
    UnsupportedError : the problem has several local bases: the state carries a cluster, but nothing switches it yet.
    """
    if len(problem.loads) > 1:
        raise UnsupportedError("switching between local bases is not available", expected="one local basis",
                               found=f"{len(problem.loads)} clusters")
    clock = perf_counter()
    options = options or NewtonOptions()
    if len(histories.times) < 2 or np.any(np.diff(histories.times) <= 0):
        raise InputError("the times of a run must increase and have at least two entries, the initial time first",
                         found=np.array2string(histories.times, threshold=6))
    run = _Run(problem, histories, options, observer)
    n_mode = max(loads.shape[1] for loads in problem.loads)
    history = ReducedHistory.allocate(histories, n_mode, run.state, options.record_points)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is a failed step, not a warning
        for step in range(1, len(histories.times)):
            history.iterations[step], history.cuts[step] = run.advance(histories.output_level(step))
            history.record(step, run.state)
    run.timings.total = perf_counter() - clock
    history.timings = run.timings
    return history


class _Run:
    """The life of one run: the committed state, the step size, and what predicts the next increment."""

    def __init__(
        self, problem: ReducedProblem, histories: Histories, options: NewtonOptions, observer: Observer | None
    ) -> None:
        self.problem, self.histories, self.options, self.observer = problem, histories, options, observer
        self.state = virgin(problem, histories.output_level(0))
        self.timings = Timings()
        self._held_force = HeldForce(problem, self.state)
        self._stiffness = Stiffness(problem)
        self._scale = 0.0
        self._predictor = Predictor()
        self._step = np.inf
        self._evaluations = 0

    def advance(self, target: Level) -> tuple[int, int]:
        """Go to an output time, in several steps where one fails; number of law evaluations and of cuts."""
        interval = target.time - self.state.time
        smallest = interval * 0.5**self.options.max_cuts * (1.0 - 1e-9)
        step = max(min(self._step, interval), smallest)
        cuts, self._evaluations = 0, 0
        while True:
            whole = step >= (target.time - self.state.time) * (1.0 - 1e-9)
            level = target if whole else self.histories.level(self.state.time + step)
            failure = self._attempt(level)
            if failure is None:
                if whole:
                    self._step = np.inf if cuts == 0 and step >= interval * (1.0 - 1e-9) else 2.0 * step
                    return self._evaluations, cuts
                step *= 2.0
            else:
                cuts += 1
                step = (level.time - self.state.time) * failure.dt_factor
                self._predictor.forget()
                if step < smallest:
                    cell, point = failure.place or (None, None)
                    raise ConvergenceError(
                        f"{failure.what}, and the step cannot be cut further ({plural(cuts, 'cut')})", time=level.time,
                        residuals=failure.residuals, cell=cell, point=point)

    def _attempt(self, level: Level) -> _Failure | None:
        """One step by Newton's method; commits and returns None, or returns why it failed."""
        problem, start = self.problem, self.state
        temperatures = [block.temperature(level.temperature) for block in problem.blocks]
        external = level.force.dot(problem.loads[start.cluster])
        floor = max(self._scale, sqrt(external.dot(external)), self._held_force(level, temperatures))
        clock = perf_counter()
        gamma = self._predictor.predict(start, level, external)
        self.timings.linear_algebra += perf_counter() - clock
        base, delta, base_norm, slope, halvings = gamma, None, np.inf, 0.0, 0
        residuals: list[float] = []
        trial = previous = None
        for iteration in range(self.options.max_iterations):
            previous = trial
            trial = integrate(problem, start, gamma, level, temperatures, self.timings)
            self._evaluations += 1
            residual = external - trial.force
            norm = sqrt(residual.dot(residual))
            scale = max(floor, sqrt(trial.force.dot(trial.force)))
            good = not trial.failed and isfinite(norm)
            residuals.append(norm / scale if scale > 0 else norm)
            converged = good and norm <= self.options.tolerance * scale
            if self.observer is not None and good:
                self.observer(level.time, iteration, gamma, [result.stress for result in trial.results], converged)
            if converged:
                self._commit(trial, level, external, temperatures, scale)
                return None
            if delta is not None and halvings < _MAX_HALVINGS:
                factor = 0.5
                if good:
                    factor = _backtrack(slope, float(delta.dot(residual))) if norm > base_norm else 1.0
                if factor < 1.0:
                    delta, slope = factor * delta, factor * slope
                    gamma, halvings = base + delta, halvings + 1
                    continue
            if not good:
                return self._failure("a constitutive law failed" if trial.failed else "the residual is not finite",
                                     residuals, trial, None)
            delta = self._newton_step(trial, residual)
            slope = float(delta.dot(residual))
            if not isfinite(slope):
                return self._failure("the reduced tangent is singular", residuals, trial, previous)
            base, base_norm, halvings = gamma, norm, 0
            gamma = base + delta
        what = f"no convergence in {plural(self.options.max_iterations, 'iteration')}"
        return self._failure(what, residuals, trial, previous)

    def _newton_step(self, trial: Trial, residual: np.ndarray) -> np.ndarray:
        """K^-1 r; not finite where the tangent is singular or not finite."""
        clock = perf_counter()
        tangent = self._stiffness(self.state.cluster, trial)
        lu, pivots, delta, info = dgesv(tangent, residual)
        self.timings.linear_algebra += perf_counter() - clock
        if info != 0:
            return np.full_like(residual, np.nan)
        self._predictor.note((lu, pivots))
        return delta

    def _commit(
        self, trial: Trial, level: Level, external: np.ndarray, temperatures: list[np.ndarray | None], scale: float
    ) -> None:
        start = self.state
        self._scale = scale
        self._predictor.learn(start, level, trial.gamma, external)
        self.state = Committed(
            level.time, start.cluster, trial.gamma, level.lifting, trial.strains,
            [result.stress for result in trial.results], [result.states for result in trial.results], temperatures)

    def _failure(self, what: str, residuals: list[float], trial: Trial | None, previous: Trial | None) -> _Failure:
        """Name the worst point of all pieces: a failed one, else the one whose stress changed most at the end."""
        rows = []
        for k, block in enumerate(self.problem.blocks):
            result = trial.results[k] if trial else None
            if result is not None and len(result.failed_points):
                worst, badness, factor = int(result.failed_points[0]), np.inf, result.dt_factor
            else:
                before = previous.results[k].stress if previous else self.state.stresses[k]
                change = np.linalg.norm(result.stress - before, axis=1) if result else np.zeros(block.n_point)
                change = np.where(np.isfinite(change), change, np.finfo(float).max)
                worst = int(np.argmax(change))
                badness, factor = float(change[worst]), 0.5
            factor = factor if np.isfinite(factor) and 0.0 < factor < 1.0 else 0.5
            rows.append(np.array([
                min(badness, 1e300), max(factor, _SMALLEST_LAW_FACTOR), block.points.cells[worst],
                block.points.points[worst]], dtype=float))
        table = self.problem.by_piece(rows)
        row = table[np.argmax(table[:, 0])]
        return _Failure(what, residuals, float(table[:, 1].min()), (int(row[2]), int(row[3])))


def _backtrack(slope0: float, slope1: float) -> float:
    """By how much to shorten a step whose residual grew: the secant zero of the energy's slope, in [0.1, 0.6], or 1.

    The slopes are those of the potential along the step, delta . residual, at its start and at its end. A residual
    that grows while the slope stays smaller is normal where points begin or cease to yield, and shortening the step
    then costs iterations (measured on the plate: 185 instead of 136); one that overshoots is shortened.
    """
    if slope1 >= -0.9 * abs(slope0):
        return 1.0
    return max(0.1, abs(slope0) / (abs(slope0) - slope1))
