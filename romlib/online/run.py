"""A run of a reduced problem: it goes from one output time to the next, can go back, and can begin with a state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, sqrt
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from romlib.errors import ConvergenceError, InputError, UnsupportedError
from romlib.online.evaluate import Committed, HeldForce, virgin
from romlib.online.histories import Histories
from romlib.online.history import ReducedHistory
from romlib.online.newton import Equilibrium, NewtonOptions
from romlib.online.predictor import Memory, Predictor
from romlib.online.problem import ReducedProblem
from romlib.online.stiffness import Stiffness
from romlib.solution.timings import Timings
from romlib.stepping.increments import Increments
from romlib.stepping.newton import Failure, newton

_QUIET: Any = {"over": "ignore", "invalid": "ignore"}  # what is not finite is a failed step, not a warning

Observer = Callable[[float, int, np.ndarray, list[np.ndarray], Committed | None], None]


@dataclass(eq=False, slots=True)
class RunState:
    """All that a run goes on from: a run in two parts gives what the whole gives. Nothing in it is ever changed.

    committed : the state at the points. reference_force : the largest force so far, for the criterion of convergence;
    zero begins anew. increment : the next is not longer. memory : of the predictor. origin : temperature at the time
    of the virgin state, one a block, for the size of the elastic forces; None: that of `committed`.
    """

    committed: Committed
    reference_force: float = 0.0
    increment: float = inf
    memory: Memory | None = None
    origin: tuple[np.ndarray | None, ...] | None = None


class StepInfo(NamedTuple):
    """What an output time took. iterations : law evaluations, repeated steps included. cutbacks : failed attempts."""

    step: int
    time: float
    iterations: int
    cutbacks: int
    increments: int


class ReducedRun:
    """A run over the output times of `histories`, from the virgin state at the first one or from `start`.

    Parameters
    ----------
    start : the state at the first time.
    observer : called at every evaluation of the laws with (time, number, gamma, stress of each block (n_point, 6),
        None, or the state that was committed), except where a law failed; the arrays are not reused.

    state : as it was committed last. step : number of the output time where the run is. timings : so far.

    Raises
    ------
    UnsupportedError : the problem has several local bases: the state has a cluster, but nothing switches it yet.
    InputError : times that do not increase; a start of another time, or of another problem.
    """

    def __init__(
        self, problem: ReducedProblem, histories: Histories, options: NewtonOptions | None = None,
        start: RunState | None = None, observer: Observer | None = None,
    ) -> None:
        if len(problem.loads) > 1:
            raise UnsupportedError("switching between local bases is not available", expected="one local basis",
                                   found=f"{len(problem.loads)} clusters")
        times = histories.times
        if len(times) < 2 or np.any(np.diff(times) <= 0):
            raise InputError("the times of a run must increase and have at least two entries, the initial time first",
                             found=np.array2string(times, threshold=6))
        self.problem, self.histories, self.options = problem, histories, options or NewtonOptions()
        self._observer = observer
        self.timings, self.step = Timings(), 0
        rest = virgin(problem, histories.output_level(0))
        if start is None:
            start = RunState(rest, origin=tuple(state.temperature for state in rest.points))
        else:
            _refuse_other(start.committed, rest, float(times[-1] - times[0]))
            origin = start.origin or tuple(state.temperature for state in start.committed.points)
            start = replace(start, origin=origin)
            rest = replace(rest, points=[
                replace(state, temperature=temperature) for state, temperature in zip(rest.points, origin)])
        self.state, self._before = start, start
        self._held_force = HeldForce(problem, rest)
        self._stiffness = Stiffness(problem)
        self._predictor = Predictor(start.memory)
        self._increments = Increments(self.options.max_cutbacks, start.increment)
        self._target = histories.output_level(0)
        self._evaluations = 0

    @property
    def done(self) -> bool:
        """Whether the last output time is reached."""
        return self.step == len(self.histories.times) - 1

    def advance(self) -> StepInfo:
        """Go to the next output time, in several increments where one fails.

        Raises
        ------
        ConvergenceError : an increment fails and cannot be shortened further; with time, residuals, and the worst
            point. The run stays where it was.
        InputError : there is no further output time.
        """
        with np.errstate(**_QUIET):
            n_increment, n_cutback = self._advance()
        return StepInfo(self.step, self._target.time, self._evaluations, n_cutback, n_increment)

    def _advance(self) -> tuple[int, int]:
        if self.done:
            raise InputError("the run is at its last output time", found=f"time {self.state.committed.time:.6g}")
        target = self.histories.output_level(self.step + 1)
        before, self._evaluations, self._target = self.state, 0, target
        try:
            counts = self._increments.advance(self._attempt, before.committed.time, target.time)
        except ConvergenceError:
            self._return_to(before)
            raise
        self.state.increment = self._increments.size
        self._before, self.step = before, self.step + 1
        return counts

    def rollback(self) -> None:
        """Back to where the run was before the last `advance`, once.

        Raises
        ------
        InputError : there is nothing to take back.
        """
        if self._before is self.state:
            raise InputError("there is no step to take back", expected="a step since the beginning, or since the last "
                             "rollback", found=f"time {self.state.committed.time:.6g}")
        self._return_to(self._before)
        self.step -= 1

    def _return_to(self, state: RunState) -> None:
        self.state = self._before = state
        self._predictor, self._increments.size = Predictor(state.memory), state.increment

    def _attempt(self, time: float) -> Failure | None:
        """One increment; commits and returns None, or returns why it failed."""
        problem, state, predictor = self.problem, self.state, self._predictor
        start, level = state.committed, self._target if time == self._target.time else self.histories.level(time)
        temperatures = [block.temperature(level.temperature) for block in problem.blocks]
        external = level.force.dot(problem.loads[start.cluster])
        floor = max(state.reference_force, sqrt(external.dot(external)), self._held_force(level, temperatures))
        clock = perf_counter()
        gamma = predictor.predict(start, level, external)
        self.timings.linear_algebra += perf_counter() - clock
        equations = Equilibrium(
            problem, start, level, external, floor, temperatures, self._stiffness, predictor, self.timings)
        options, observer = self.options, self._observer
        found = newton(equations, gamma, tolerance=options.tolerance, max_iterations=options.max_iterations,
                       observe=None if observer is None else _watch(observer, level.time, equations))
        self._evaluations += len(found.residuals)
        if isinstance(found, Failure):
            predictor.forget()
            return found
        trial = equations.trial
        predictor.learn(start, level, trial.gamma, external)
        committed = Committed(
            level.time, start.cluster, trial.gamma, level.lifting, [result.state for result in trial.results])
        self.state = RunState(committed, found.scale, state.increment, predictor.memory, state.origin)
        if observer is not None:
            stresses = [at.stress for at in committed.points]
            observer(level.time, len(found.residuals) - 1, trial.gamma, stresses, committed)
        return None


def _watch(observer: Observer, time: float, equations: Equilibrium) -> Callable[[int, np.ndarray], None]:
    return lambda number, gamma: observer(
        time, number, gamma, [result.state.stress for result in equations.trial.results], None)


def solve(
    problem: ReducedProblem, histories: Histories, options: NewtonOptions | None = None,
    observer: Observer | None = None, start: RunState | None = None,
) -> ReducedHistory:
    """Solve the reduced problem over the output times of `histories`: a loop over `ReducedRun.advance`.

    Raises
    ------
    ConvergenceError : a step fails and cannot be shortened further; with time, residuals, and the worst point.
    And what `ReducedRun` raises.
    """
    clock = perf_counter()
    run = ReducedRun(problem, histories, options, start, observer)
    n_mode = max(loads.shape[1] for loads in problem.loads)
    history = ReducedHistory.allocate(histories, n_mode, run.state.committed, run.options.record_points)
    if start is not None:
        history.lifting[0], history.force[0] = run.state.committed.lifting, histories.force[0]
    history.began = run.state
    with np.errstate(**_QUIET):
        for step in range(1, len(histories.times)):
            _, history.cutbacks[step] = run._advance()  # as `advance`, without the 4 us that np.errstate takes
            history.iterations[step] = run._evaluations
            history.record(step, run.state.committed)
    run.timings.total = perf_counter() - clock
    history.timings, history.ended = run.timings, run.state
    return history


def _refuse_other(start: Committed, rest: Committed, duration: float) -> None:
    """InputError where a state is of another time or problem than the virgin state `rest` of the run."""
    if abs(start.time - rest.time) > 1e-9 * duration:
        raise InputError("the state to start from is of another time", place="times", expected=f"{start.time:.12g}, "
                         "the time of the state, as the first time", found=f"{rest.time:.12g}")
    shapes = [[np.shape(of.gamma), np.shape(of.lifting), *(
        np.shape(array) for at in of.points for array in (at.strain, at.stress, *at.states))] for of in (start, rest)]
    if shapes[0] != shapes[1]:
        raise InputError("the state to start from is of another reduced problem", expected=shapes[1], found=shapes[0])
