"""What an increment begins with, and its equilibrium as Newton's method sees it."""

from __future__ import annotations

from math import inf, isfinite, sqrt

import numpy as np

from romlib.fullorder.problem import Evaluation, Problem, Temperatures
from romlib.fullorder.state import Drive
from romlib.stepping.newton import Balance, Correction, Failure

_SMALLEST_LAW_FACTOR = 0.1


class Predictor:
    """The first guess of an increment: the last one, extrapolated by what drives the history.

        u_1 = u_0 + s (u_0 - u_-1),  s = d_1 . d_0 / d_0 . d_0

    d are the changes of the amplitudes, each over the largest absolute value it has had. Where nothing changed (a
    hold), s is the ratio of the lengths of the increments; where an amplitude turns back, s = 0.
    """

    def __init__(self, drive: np.ndarray, known: Drive | None = None, increment: np.ndarray | None = None) -> None:
        """known, increment : of the run that this one goes on from; increment (n_local, d)."""
        if known is None or known.now.shape != drive.shape:
            known, increment = Drive(drive, np.abs(drive)), None
        self.drive, self.increment = known, increment

    def forget(self) -> None:
        """After a failed attempt: begin the next one from the committed displacement."""
        self.increment = None

    def predict(self, u: np.ndarray, drive: np.ndarray, time: float, start: float) -> np.ndarray:
        """First guess (n_local, d) of the increment from u at `start` to `time`."""
        known = self.drive
        if self.increment is None or known.change is None:
            return u
        scale = np.maximum(known.largest, np.abs(drive))
        scale[scale == 0.0] = 1.0
        d0, d1 = known.change / scale, (drive - known.now) / scale
        small = 1e-10
        if np.any(d0 * d1 < -small**2):
            return u
        length = float(d0 @ d0)
        factor = (time - start) / known.dt if length < small**2 else float(d1 @ d0) / length
        if length < small**2 < float(d1 @ d1):  # a hold that ends
            return u
        return u + min(factor, 2.0) * self.increment

    def learn(self, u0: np.ndarray, u1: np.ndarray, drive: np.ndarray, start: float, time: float) -> None:
        """Take note of a converged increment."""
        known = self.drive
        self.increment = u1 - u0
        self.drive = Drive(drive, np.maximum(known.largest, np.abs(drive)), drive - known.now, time - start)


class Equilibrium:
    """External = internal force over the free dofs; `trial` is the last one that was evaluated. All is collective.

    Prescribed displacements move with the first correction, whole, and there is no line search on it: until then they
    are in `_pending` (n_local, d).

    Parameters
    ----------
    external : (n_owned, d). time : of the end of the increment. pending : None where nothing prescribed moves.
    """

    def __init__(
        self, problem: Problem, external: np.ndarray, floor: float, temperatures: Temperatures, time: float,
        pending: np.ndarray | None,
    ) -> None:
        self._problem, self._external, self._floor, self._temperatures = problem, external, floor, temperatures
        self._time, self._pending = time, pending
        self.trial: Evaluation = None  # type: ignore[assignment]  # there is one from the first evaluation on
        self._before: Evaluation | None = None

    def evaluate(self, u: np.ndarray, delta: np.ndarray | None) -> Balance:
        """The laws at u (n_local, d) and their residual; the sums over the ranks are one collective."""
        problem, self._before = self._problem, self.trial
        trial = self.trial = problem.evaluate(u, self._temperatures, self._time, self._pending)
        unbalanced = self._external - trial.force
        residual = self._residual = problem.on_free(unbalanced)
        # Where unknowns are not displacements, the work is that of all nodal forces: relations do none of it.
        self._working = residual if problem.relations is None else unbalanced
        squares, internal, self._slope = problem.total(
            squared(residual), squared(trial.force), 0.0 if delta is None else self._work(delta))
        fault = "a constitutive law failed" if trial.n_failed else (
            "" if isfinite(squares) else "the residual is not finite")
        norm = sqrt(squares) if isfinite(squares) else inf
        return norm, max(self._floor, sqrt(internal)), fault, self._pending is None

    def _work(self, delta: np.ndarray) -> float:
        return float((delta[self._problem.numbering.owned] * self._working).sum())

    def slope(self, _: np.ndarray) -> float:
        """delta . residual, which `evaluate` has summed."""
        return self._slope

    def correct(self, u: np.ndarray) -> Correction | Failure:
        """u + K^-1 r, and what is prescribed."""
        step = self._problem.newton_step(self.trial, self._residual)
        if step is None:
            doubt = "; a reduced integration rule may not see a motion" if self._problem.reduced else ""
            return self.failure("the tangent is singular, or the linear solver did not converge (do the constraints "
                                f"hold the body?{doubt})")
        if self._pending is None:
            return u + step, step, float(self._problem.total(self._work(step))[0])
        moved, self._pending = u + step + self._pending, None
        return moved, None, 0.0

    def failure(self, what: str) -> Failure:
        """The failure with the worst point of all ranks: a failed one, else that whose stress changed most."""
        problem, trial = self._problem, self.trial

        def worst_of(p: int) -> tuple[float, int, int, int]:
            piece, result = problem.pieces[p], trial.trials[p]
            worst, badness = result.worst(piece.state if self._before is None else self._before.trials[p].state)
            return badness, -p, int(piece.points.cells[worst]), int(piece.points.numbers[worst])

        every = problem.numbering.pieces.collect(
            worst_of, only=[p for p, piece in problem.pieces.items() if piece.operator.n_ip])
        factor = 0.5
        if trial.n_failed and isfinite(trial.dt_factor) and 0.0 < trial.dt_factor < 1.0:
            factor = max(trial.dt_factor, _SMALLEST_LAW_FACTOR)
        _, _, cell, point = max(every.values(), default=(0.0, 0, None, None))
        return Failure(f"{what} ({problem.unseen})" if problem.unseen else what, factor, cell, point)


def squared(values: np.ndarray) -> float:
    """Sum of squares."""
    return float((values * values).sum())
