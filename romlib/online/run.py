"""A run of a reduced problem: it goes from one output time to the next, can go back, and can begin with a state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import sqrt
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from romlib.errors import ConvergenceError, InputError, UnsupportedError
from romlib.online.clusters import Clusters
from romlib.online.evaluate import Committed, virgin
from romlib.online.histories import Histories, Level
from romlib.online.history import ReducedHistory
from romlib.online.newton import Equilibrium, NewtonOptions
from romlib.online.predictor import Memory, Predictor
from romlib.online.problem import ReducedProblem
from romlib.online.run_state import Begun, Redone, RunState
from romlib.solution.timings import Timings
from romlib.stepping.increments import Increments, OnCut, Watch
from romlib.stepping.newton import Failure, newton

_QUIET: Any = {"over": "ignore", "invalid": "ignore"}  # what is not finite is a failed step, not a warning

Observer = Callable[[float, int, np.ndarray, list[np.ndarray], Committed | None], None]


class StepInfo(NamedTuple):
    """What an output time took. iterations : law evaluations, repeated steps included. cutbacks : failed attempts."""

    step: int
    time: float
    iterations: int
    cutbacks: int
    increments: int


class ReducedRun:
    """A run over the output times of `histories`, from the virgin state at the first one or from `start`.

    With several local bases each increment begins with the choice of one (`romlib.online.switching`), from the
    displacement that the predictor expects at its end; at rest, from the elastic answers of all. An increment that
    fails after a switch is done again in the former basis, then in the fallback; one that fails for good, the fallback
    solves for the whole step.

    Parameters
    ----------
    start : the state at the first time.
    observer : called at every evaluation of the laws with (time, number, gamma, stress of each block (n, 6) at the
        points of the cluster, None), and with (..., stress at all points (n_point, 6), the state) where one is
        committed, except where a law failed; the arrays are not reused.
    cluster : of the whole run, where nothing chooses one. on_cut : told of steps that are cut.

    state : as it was committed last. step : number of the output time where the run is. timings : so far.
    jump : the largest of the switches that the last `advance` made. redone : what could not be solved where it was to
    be, by now.

    Raises
    ------
    UnsupportedError : the problem has several local bases, and nothing to choose among them by.
    InputError : times that do not increase; a start of another time, or of another problem; no such cluster.
    """

    def __init__(
        self, problem: ReducedProblem, histories: Histories, options: NewtonOptions | None = None,
        start: RunState | None = None, observer: Observer | None = None, cluster: int | None = None,
        on_cut: OnCut | None = None,
    ) -> None:
        times = histories.times
        if len(times) < 2 or np.any(np.diff(times) <= 0):
            raise InputError("the times of a run must increase and have at least two entries, the initial time first",
                             found=np.array2string(times, threshold=6))
        first = _first_cluster(problem, start, cluster)
        self.problem, self.histories, self.options = problem, histories, options or NewtonOptions()
        self._observer, self.timings, self.step = observer, Timings(), 0
        rest = virgin(problem, histories.output_level(0), first)
        if start is None:
            start = RunState(rest, origin=tuple(state.temperature for state in rest.points))
        else:
            _refuse_other(start.committed, rest, float(times[-1] - times[0]))
            origin = start.origin or tuple(state.temperature for state in start.committed.points)
            start = replace(start, origin=origin)
            rest = replace(rest, points=[
                replace(state, temperature=temperature) for state, temperature in zip(rest.points, origin)])
        self.state, self._before = start, start
        self._clusters = Clusters(problem, rest, None if cluster is not None else problem.switcher, self.timings)
        self._clusters.local(first)  # whose laws may refuse what they are given
        self._predictor = Predictor(start.memory)
        self._increments = Increments(self.options.max_cutbacks, start.increment, on_cut)
        self._target = histories.output_level(0)
        self._evaluations, self.jump = 0, 0.0
        self.redone: list[Redone] = []
        self._held = False  # in the present cluster

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
        before, self._evaluations, self._target, self.jump = self.state, 0, target, 0.0
        try:
            counts = self._increments.advance(self._attempt, before.committed.time, target.time)
        except ConvergenceError:
            failed, fallback = self.state.committed.cluster, self._clusters.fallback
            self._return_to(before)
            if fallback is None or failed == fallback:
                raise
            counts = self._in_fallback(before, target.time, failed, fallback)
        self.state.increment = self._increments.size
        self._before, self.step = before, self.step + 1
        return counts

    def _in_fallback(self, before: RunState, time: float, failed: int, fallback: int) -> tuple[int, int]:
        """The step from `before` once more, all of it in the fallback."""
        self._held = True
        try:
            self.state = self._clusters.moved(replace(before, barred=failed), fallback)
            self._predictor = Predictor(Memory(self._clusters.local(fallback).elastic))
            self.jump = self._clusters.jump(before.committed, self.state.committed)
            counts = self._increments.advance(self._attempt, before.committed.time, time)
        except ConvergenceError:
            self._return_to(before)
            raise
        finally:
            self._held = False
        self.redone.append(Redone(time, failed, fallback))
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
        self.redone = [one for one in self.redone if one.time <= state.committed.time]

    def _level(self, time: float) -> Level:
        """What is imposed at a time; at output times it is known."""
        if time == self._target.time:
            return self._target
        known = time == self.histories.times[self.step]
        return self.histories.output_level(self.step) if known else self.histories.level(time)

    def _attempt(self, time: float) -> Failure | None:
        """One increment; commits and returns None, or returns why it failed."""
        level = self._target if time == self._target.time else self._level(time)
        here = self._clusters.begun(self.state, self._predictor, level)
        if self._held or self._clusters.switcher is None:
            return self._solve(here, level)
        before = self._level(here.state.committed.time)
        wanted = self._clusters.wanted(here, before, level)
        if wanted == here.state.barred:
            return self._solve(here, level)
        here = here._replace(barred=None)
        if wanted == here.local.cluster:
            return self._solve(here, level)
        return self._switch(wanted, here, before, level)

    def _switch(self, wanted: int, here: Begun, before: Level, level: Level) -> Failure | None:
        """The increment in another cluster; where it fails there, in the present one, then in the fallback."""
        clusters = self._clusters
        first = self._solve(clusters.begun_elsewhere(wanted, here, before, level), level)
        if first is None:
            return None
        here = here._replace(barred=wanted)
        if self._solve(here, level) is None:
            self.redone.append(Redone(level.time, wanted, here.local.cluster))
            return None
        fallback = clusters.fallback
        if fallback is None or fallback in (wanted, here.local.cluster):
            return first
        if self._solve(clusters.begun_elsewhere(fallback, here, before, level), level) is None:
            self.redone.append(Redone(level.time, wanted, fallback))
            return None
        return first

    def _solve(self, begun: Begun, level: Level) -> Failure | None:
        """Newton's method; commits the increment and returns None, or returns why it failed."""
        local, state, start, external, predictor, gamma, barred = begun
        temperatures = local.temperatures(level)
        floor = max(state.reference_force, sqrt(external.dot(external)), local.held_force(level, temperatures))
        equations = Equilibrium(
            local.problem, start, level, external, floor, temperatures, local.stiffness, predictor, self.timings)
        options, observer = self.options, self._observer
        found = newton(equations, gamma, tolerance=options.tolerance, max_iterations=options.max_iterations,
                       observe=None if observer is None else _watch(observer, level.time, equations))
        self._evaluations += len(found.residuals)
        if isinstance(found, Failure):
            predictor.forget()
            return found
        trial = equations.trial
        points = local.complete(trial, level, self.timings)
        if isinstance(points, Failure):
            predictor.forget()
            return points
        predictor.learn(start, level, trial.gamma, external)
        committed = Committed(level.time, local.cluster, trial.gamma, level.lifting, points)
        if state is not self.state:
            self.jump = max(self.jump, self._clusters.jump(self.state.committed, state.committed))
        self.state = RunState(committed, found.scale, state.increment, predictor.memory, state.origin, barred)
        self._predictor = predictor
        if observer is not None:
            observer(level.time, len(found.residuals) - 1, trial.gamma, [at.stress for at in points], committed)
        return None


def _first_cluster(problem: ReducedProblem, start: RunState | None, cluster: int | None) -> int:
    """The cluster that a run begins in."""
    n = len(problem.loads)
    if cluster is None and start is None and n > 1 and problem.switcher is None:
        raise UnsupportedError("the ROM has several local bases, and nothing to choose among them by",
                               expected="one local basis, or what training stores to switch by",
                               found=f"{n} clusters", remedy="train the ROM again")
    first = cluster if cluster is not None else 0 if start is None else start.committed.cluster
    if not 0 <= first < n or (start is not None and start.committed.cluster != first):
        raise InputError("there is no such cluster" if not 0 <= first < n else "the state to start from is of another "
                         "cluster", place="cluster", expected=f"0 to {n - 1}" if start is None else
                         start.committed.cluster, found=first)
    return first


def _watch(observer: Observer, time: float, equations: Equilibrium) -> Callable[[int, np.ndarray], None]:
    return lambda number, gamma: observer(
        time, number, gamma, [result.state.stress for result in equations.trial.results], None)


def solve(
    problem: ReducedProblem, histories: Histories, options: NewtonOptions | None = None,
    observer: Observer | None = None, start: RunState | None = None, cluster: int | None = None,
    watch: Watch | None = None,
) -> ReducedHistory:
    """Solve the reduced problem over the output times of `histories`: a loop over `ReducedRun.advance`.

    watch : is told how far the run has come; other parameters as of `ReducedRun`.

    Raises
    ------
    ConvergenceError : a step fails and cannot be shortened further; with time, residuals, and the worst point.
    And what `ReducedRun` raises.
    """
    clock = perf_counter()
    run = ReducedRun(problem, histories, options, start, observer, cluster, None if watch is None else watch.on_cut)
    n_mode = max(loads.shape[1] for loads in problem.loads)
    history = ReducedHistory.allocate(histories, n_mode, run.state.committed, run.options.record_points)
    history.held_in = cluster
    if start is not None:
        history.lifting[0], history.force[0] = run.state.committed.lifting, histories.force[0]
    history.began = run.state
    with np.errstate(**_QUIET):
        for step in range(1, len(histories.times)):
            _, history.cutbacks[step] = run._advance()  # as `advance`, without the 4 us that np.errstate takes
            history.iterations[step] = run._evaluations
            if run.jump:
                history.jumps[step] = run.jump
            history.record(step, run.state.committed)
            if watch is not None:
                watch.on_step(step, len(histories.times) - 1)
    if start is None:
        history.clusters[0] = history.clusters[1]  # nothing has a cluster where nothing moves
    run.timings.total = perf_counter() - clock
    history.timings, history.ended, history.redone = run.timings, run.state, run.redone
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
