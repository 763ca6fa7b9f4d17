"""A full-order run over the output times; state is committed only at convergence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from time import perf_counter

import numpy as np

from romlib.errors import InputError
from romlib.fullorder.attempt import Equilibrium, Predictor, squared
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.problem import Evaluation, Problem
from romlib.fullorder.state import PieceResult, PieceState, SolveReport, State, StepResult
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.parallel.pieces import Pieces
from romlib.parallel.usage import peak_memory
from romlib.stepping.increments import Increments
from romlib.stepping.newton import Failure, newton

OnStep = Callable[[int, float, StepResult], None]


def solve(
    meshes: Mapping[int, Mesh], model: Model, times: np.ndarray, pieces: Pieces, *,
    options: SolverOptions | None = None, start: State | None = None, on_step: OnStep | None = None,
) -> SolveReport:
    """Quasi-static equilibrium at each of `times`. Collective: every rank calls it with its own pieces.

    Parameters
    ----------
    meshes : of the pieces of this rank by number, with `shared_index` filled where there are several in all.
    model : materials, constraints, loads, and the amplitudes of the case.
    times : (n_step,), increasing, the time of the start first; each is the end of an increment.
    start : the state at times[0]; without it, undeformed and free of stress.
    on_step : called on every rank with (step, time, result) at every output time, that of the start as step 0. The
        arrays of the result are not changed later. It may call collectives.

    Raises
    ------
    ConvergenceError : on every rank: a step fails and cannot be shortened further; with time, residuals, worst point.
    InputError, LawError, UnsupportedError : on every rank: model, mesh and state do not fit.
    RomlibError : petsc4py is missing.
    """
    clock = perf_counter()
    options = options or SolverOptions()
    times = np.asarray(times, dtype=float)
    if times.ndim != 1 or len(times) < 2 or not np.isfinite(times).all() or np.any(np.diff(times) <= 0):
        raise InputError("the times of a run must increase and have at least two entries, the initial time first",
                         found=np.array2string(times, threshold=6))
    if start is not None and abs(start.time - times[0]) > 1e-9 * (times[-1] - times[0]):
        raise InputError("the state to start from is of another time", expected=times[0], found=start.time)
    run = _Run(Problem(meshes, model, float(times[0]), pieces, options, start), float(times[0]), options, start)
    results = [run.result(0.0)]
    if on_step is not None:
        on_step(0, float(times[0]), results[0])
    steps = [(results[0].iterations, results[0].cutbacks, results[0].increments, results[0].reactions)]
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is a failed step, not a warning
        for step in range(1, len(times)):
            result = run.advance(float(times[step]))
            steps.append((result.iterations, result.cutbacks, result.increments, result.reactions))
            if on_step is not None:
                on_step(step, float(times[step]), result)
    return run.report(times, steps, perf_counter() - clock)


class _Run:
    """A run: the committed displacement (n_local, d), its time, the step size, and the reference force."""

    def __init__(self, problem: Problem, time: float, options: SolverOptions, start: State | None) -> None:
        self.problem, self.options, self.time = problem, options, time
        self.u = np.zeros((len(problem.numbering.ids), problem.numbering.dimension))
        self._scale = 0.0
        self._predictor = Predictor(problem.drive(time))
        self._increments = Increments(options.max_cutbacks, on_cut=options.on_cut)
        self._force = problem.external(time)  # so that there are no reactions before the first step
        if start is not None:
            self._go_on_from(start)
        self._residual, self._evaluations = 0.0, 0

    def _go_on_from(self, start: State) -> None:
        problem, positions = self.problem, self.problem.numbering.positions
        self._scale, self._increments.size = start.reference_force, start.increment
        known = {p: start.pieces[p].increment for p in positions}
        increment: np.ndarray | None = None if any(part is None for part in known.values()) else np.zeros_like(self.u)
        for p, where in positions.items():
            self.u[where] = start.pieces[p].displacement
            if increment is not None:
                increment[where] = known[p]
        self._predictor = Predictor(problem.drive(self.time), start.drive, increment)
        self._force = problem.internal()

    def advance(self, target: float) -> StepResult:
        """Go to an output time, in several increments where one fails."""
        self._evaluations = 0
        increments, cutbacks = self._increments.advance(self._attempt, self.time, target)
        return self.result(self._residual, self._evaluations, cutbacks, increments)

    def _attempt(self, time: float) -> Failure | None:
        """One increment; commits and returns None, or returns why it failed. Collective."""
        problem, options = self.problem, self.options
        drive, external, temperatures = problem.drive(time), problem.external(time), problem.temperatures(time)
        u = self._predictor.predict(self.u, drive, time, self.time)
        held = problem.missing(u, time)
        moved, loaded = problem.total(float(np.abs(held).max(initial=0.0)), squared(external))
        floor = max(self._scale, sqrt(loaded), problem.thermal_size(temperatures))
        equations = Equilibrium(
            problem, external, floor, temperatures, time, held if moved > 0.0 else None)
        found = newton(equations, u, tolerance=options.tolerance, max_iterations=options.max_iterations)
        self._evaluations += len(found.residuals)
        if isinstance(found, Failure):
            self._predictor.forget()
            return found
        self._residual = found.residuals[-1]
        self._commit(found.unknowns, time, drive, equations.trial, found.scale)
        return None

    def _commit(self, u: np.ndarray, time: float, drive: np.ndarray, trial: Evaluation, scale: float) -> None:
        self._predictor.learn(self.u, u, drive, self.time, time)
        self.u, self.time, self._scale, self._force = u, time, scale, trial.force
        for p, piece in self.problem.pieces.items():
            piece.state = trial.trials[p].state

    def result(self, residual: float, iterations: int = 0, cutbacks: int = 0, increments: int = 0) -> StepResult:
        """The committed state as the result of a step. Collective."""
        problem, numbering = self.problem, self.problem.numbering
        reaction = problem.of_constraints(self._force - problem.external(self.time))
        work = problem.constraints.patterns[:, numbering.owned]
        sums = problem.total(*np.tensordot(work, reaction, 2)) if len(work) else np.empty(0)
        spread = numbering.spread(reaction)
        pieces = {}
        for p, piece in problem.pieces.items():
            where = numbering.positions[p]
            pieces[p] = PieceResult(
                self.u[where], piece.state, piece.points, spread[where])
        reactions = {name: float(value) for name, value in zip(problem.constraints.names, sums)}
        return StepResult(self.time, pieces, reactions, iterations, cutbacks, increments, residual)

    def report(self, times: np.ndarray, steps: list[tuple], total: float) -> SolveReport:
        """What the run did. Collective."""
        problem, numbering = self.problem, self.problem.numbering
        increment = self._predictor.increment
        pieces = {}
        for p, piece in problem.pieces.items():
            where = numbering.positions[p]
            pieces[p] = PieceState(self.u[where], piece.state, piece.origin,
                                   None if increment is None else increment[where])
        n_held, n_cell, n_ip = (int(n) for n in problem.total(
            int(problem.held.sum()), sum(piece.mesh.n_cell for piece in problem.pieces.values()),
            sum(piece.operator.n_ip for piece in problem.pieces.values())))
        seconds = {**problem.seconds, "other": total - sum(problem.seconds.values()), "total": total}
        iterations, cutbacks, increments, reactions = zip(*steps)
        linear = problem.linear
        return SolveReport(
            times, numbering.dimension * numbering.n_total - n_held, numbering.n_total, n_cell, n_ip, linear.name,
            np.array(iterations), np.array(cutbacks), np.array(increments),
            {name: np.array([of_step[name] for of_step in reactions]) for name in problem.constraints.names},
            State(self.time, pieces, self._scale, self._increments.size, self._predictor.drive), linear.n_setup,
            linear.n_solve, linear.n_iteration, seconds, tuple(problem.comm.allgather(peak_memory())))
