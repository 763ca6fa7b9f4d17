"""Newton's method over the output times, with line search and step cutting; state is committed only at convergence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite, sqrt
from time import perf_counter

import numpy as np

from romlib.errors import ConvergenceError, InputError
from romlib.fullorder.attempt import Failure, Predictor, worst_point
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.problem import Evaluation, Problem
from romlib.fullorder.state import PieceResult, PieceState, SolveReport, State, StepResult
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.parallel.comm import Comm
from romlib.parallel.usage import peak_memory
from romlib.words import plural

OnStep = Callable[[int, float, StepResult], None]
_MAX_HALVINGS = 5


def solve(
    pieces: Mapping[int, Mesh], model: Model, times: np.ndarray, comm: Comm, *, options: SolverOptions | None = None,
    start: State | None = None, on_step: OnStep | None = None,
) -> SolveReport:
    """Quasi-static equilibrium at each of `times`. Collective: every rank calls it with its own pieces.

    Parameters
    ----------
    pieces : the pieces of this rank by number, with `shared_index` filled where there are several in all.
    model : materials, constraints, loads, and the amplitudes of the case.
    times : (n_step,), increasing, the time of the start first; each is the end of an increment.
    start : the state at times[0]; without it, undeformed and free of stress.
    on_step : called on every rank with (step, time, result) at every output time, that of the start as step 0. The
        arrays of the result are not changed later. It may call collectives.

    Raises
    ------
    ConvergenceError : on every rank: a step fails and cannot be cut further; with time, residuals, worst point.
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
    run = _Run(Problem(pieces, model, float(times[0]), comm, options, start), float(times[0]), options, start)
    results = [run.result(0.0)]
    if on_step is not None:
        on_step(0, float(times[0]), results[0])
    steps = [(results[0].iterations, results[0].cuts, results[0].increments, results[0].reactions)]
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is a failed step, not a warning
        for step in range(1, len(times)):
            result = run.advance(float(times[step]))
            steps.append((result.iterations, result.cuts, result.increments, result.reactions))
            if on_step is not None:
                on_step(step, float(times[step]), result)
    return run.report(times, steps, perf_counter() - clock)


class _Run:
    """A run: the committed displacement (n_local, 3), its time, the step size, and the reference force."""

    def __init__(self, problem: Problem, time: float, options: SolverOptions, start: State | None) -> None:
        self.problem, self.options, self.time = problem, options, time
        self.u = np.zeros((len(problem.numbering.ids), 3))
        self._scale = 0.0
        if start is not None:
            self._scale = start.reference_force
            for p, positions in problem.numbering.positions.items():
                self.u[positions] = start.pieces[p].displacement
        self._predictor = Predictor(problem.drive(time))
        self._step = np.inf
        self._force = problem.external(time)  # so that there are no reactions before the first step
        self._residuals: list[float] = []

    def advance(self, target: float) -> StepResult:
        """Go to an output time, in several increments where one fails."""
        interval = target - self.time
        smallest = interval * 0.5**self.options.max_cuts * (1.0 - 1e-9)
        step = max(min(self._step, interval), smallest)
        iterations = cuts = increments = 0
        while True:
            whole = step >= (target - self.time) * (1.0 - 1e-9)
            time = target if whole else self.time + step
            failure = self._attempt(time)
            iterations += len(self._residuals)
            if failure is None:
                increments += 1
                if whole:
                    self._step = np.inf if increments == 1 else 2.0 * step
                    return self.result(self._residuals[-1], iterations, cuts, increments)
                step *= 2.0
                continue
            cuts += 1
            step = (time - self.time) * failure.dt_factor
            self._predictor.forget()
            if step < smallest:
                raise ConvergenceError(
                    f"{failure.what}, and the step cannot be cut further ({plural(cuts, 'cut')})", time=time,
                    residuals=self._residuals, cell=failure.cell, point=failure.point)

    def _attempt(self, time: float) -> Failure | None:
        """One increment by Newton's method; commits and returns None, or returns why it failed. Collective."""
        problem, options = self.problem, self.options
        drive, external, temperatures = problem.drive(time), problem.external(time), problem.temperatures(time)
        u = self._predictor.predict(self.u, drive, time, self.time)
        mask = problem.constraints.mask
        held = np.where(mask, problem.constraints.values(time) - u, 0.0)
        moved, loaded = problem.total(float(np.abs(held).max(initial=0.0)), _squares(external))
        pending: np.ndarray | None = held if moved > 0.0 else None
        floor = max(self._scale, sqrt(loaded), problem.thermal_size(temperatures))
        self._residuals = []
        base, delta, base_norm, slope, halvings = u, None, np.inf, 0.0, 0
        before: Evaluation | None = None
        trial: Evaluation | None = None
        for _ in range(options.max_iterations):
            before = trial
            trial = problem.evaluate(u, temperatures, self.time, time - self.time, pending)
            residual = np.where(problem.held, 0.0, external - trial.force)
            own = 0.0 if delta is None else float((delta[problem.numbering.owned] * residual).sum())
            squares, internal, slope1 = problem.total(_squares(residual), _squares(trial.force), own)
            norm, scale = sqrt(squares) if isfinite(squares) else np.inf, max(floor, sqrt(internal))
            good = not trial.n_failed and isfinite(norm)
            self._residuals.append(norm / scale if scale > 0 else norm)
            if good and pending is None and norm <= options.tolerance * scale:
                self._commit(u, time, drive, trial, temperatures, scale)
                return None
            if delta is not None and halvings < _MAX_HALVINGS:
                factor = 0.5 if not good else _backtrack(slope, slope1) if norm > base_norm else 1.0
                if factor < 1.0:
                    delta, slope, halvings = factor * delta, factor * slope, halvings + 1
                    u = base + delta
                    continue
            if not good:
                what = "a constitutive law failed" if trial.n_failed else "the residual is not finite"
                return worst_point(problem, what, trial, before)
            step = problem.newton_step(trial, residual)
            if step is None:
                return worst_point(problem, "the tangent is singular, or the linear solver did not converge (do the "
                                            "constraints hold the body?)", trial, before)
            base, base_norm, halvings = u, norm, 0
            if pending is None:
                delta = step
                slope = problem.total(float((delta[problem.numbering.owned] * residual).sum()))[0]
                u = base + delta
            else:  # the prescribed displacements move with the first correction, whole: no line search on it
                u, pending, delta = base + step + pending, None, None
        return worst_point(problem, f"no convergence in {plural(options.max_iterations, 'iteration')}", trial, before)

    def _commit(
        self, u: np.ndarray, time: float, drive: np.ndarray, trial: Evaluation,
        temperatures: dict[int, np.ndarray | None], scale: float,
    ) -> None:
        self._predictor.learn(self.u, u, drive, self.time, time)
        self.u, self.time, self._scale, self._force = u, time, scale, trial.force
        for p, piece in self.problem.pieces.items():
            piece.commit(trial.trials[p], temperatures[p])

    def result(self, residual: float, iterations: int = 0, cuts: int = 0, increments: int = 0) -> StepResult:
        """The committed state as the result of a step. Collective."""
        problem, numbering = self.problem, self.problem.numbering
        reaction = np.where(problem.held, self._force - problem.external(self.time), 0.0)
        work = problem.constraints.patterns[:, numbering.owned]
        sums = problem.total(*np.tensordot(work, reaction, 2)) if len(work) else np.empty(0)
        spread = numbering.spread(reaction)
        pieces = {}
        for p, piece in problem.pieces.items():
            where = numbering.positions[p]
            pieces[p] = PieceResult(
                self.u[where], piece.stress, piece.states, piece.points, piece.temperature, spread[where])
        reactions = {name: float(value) for name, value in zip(problem.constraints.names, sums)}
        return StepResult(self.time, pieces, reactions, iterations, cuts, increments, residual)

    def report(self, times: np.ndarray, steps: list[tuple], total: float) -> SolveReport:
        """What the run did. Collective."""
        problem, numbering = self.problem, self.problem.numbering
        pieces = {p: PieceState(self.u[numbering.positions[p]], piece.stress, piece.states, piece.temperature)
                  for p, piece in problem.pieces.items()}
        n_held, n_cell, n_ip = (int(n) for n in problem.total(
            int(problem.held.sum()), sum(piece.mesh.n_cell for piece in problem.pieces.values()),
            sum(piece.operator.n_ip for piece in problem.pieces.values())))
        seconds = {**problem.seconds, "other": total - sum(problem.seconds.values()), "total": total}
        iterations, cuts, increments, reactions = zip(*steps)
        linear = problem.linear
        return SolveReport(
            times, 3 * numbering.n_total - n_held, numbering.n_total, n_cell, n_ip, linear.name, np.array(iterations),
            np.array(cuts), np.array(increments),
            {name: np.array([of_step[name] for of_step in reactions]) for name in problem.constraints.names},
            State(self.time, pieces, self._scale), linear.n_setup, linear.n_solve, linear.n_iteration, seconds,
            tuple(problem.comm.allgather(peak_memory())))


def _squares(values: np.ndarray) -> float:
    return float((values * values).sum())


def _backtrack(slope0: float, slope1: float) -> float:
    """By how much to shorten a step whose residual grew: the secant zero of the energy's slope, in [0.1, 0.6], or 1.

    The slopes are correction . residual at the start and at the end of the step. A residual that grows while the slope
    stays smaller is normal where points begin or cease to yield; a step that overshoots is shortened.
    """
    if slope1 >= -0.9 * abs(slope0):
        return 1.0
    return max(0.1, abs(slope0) / (abs(slope0) - slope1))
