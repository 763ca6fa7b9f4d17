"""What an increment begins with, and what is said of one that failed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.fullorder.problem import Evaluation, Problem

_SMALLEST_LAW_FACTOR = 0.1


@dataclass(frozen=True)
class Failure:
    """Why an attempt failed. dt_factor : by how much to cut. cell, point : the worst, by id and number."""

    what: str
    dt_factor: float
    cell: int | None
    point: int | None


class Predictor:
    """The first guess of an increment: the last one, extrapolated by what drives the history.

        u_1 = u_0 + s (u_0 - u_-1),  s = d_1 . d_0 / d_0 . d_0

    d are the changes of the amplitudes, each over the largest absolute value it has had. Where nothing changed (a
    hold), s is the ratio of the lengths of the increments; where an amplitude turns back, s = 0.
    """

    def __init__(self, drive: np.ndarray) -> None:
        self._drive, self._largest = drive, np.abs(drive)
        self.forget()

    def forget(self) -> None:
        """After a failed attempt: begin the next one from the committed displacement."""
        self._last: tuple[np.ndarray, np.ndarray, float] | None = None

    def predict(self, u: np.ndarray, drive: np.ndarray, time: float, start: float) -> np.ndarray:
        """First guess (n_local, 3) of the increment from u at `start` to `time`."""
        if self._last is None:
            return u
        increment, change0, dt0 = self._last
        scale = np.maximum(self._largest, np.abs(drive))
        scale[scale == 0.0] = 1.0
        d0, d1 = change0 / scale, (drive - self._drive) / scale
        small = 1e-10
        if np.any(d0 * d1 < -small**2):
            return u
        length = float(d0 @ d0)
        factor = (time - start) / dt0 if length < small**2 else float(d1 @ d0) / length
        if length < small**2 < float(d1 @ d1):  # a hold that ends
            return u
        return u + min(factor, 2.0) * increment

    def learn(self, u0: np.ndarray, u1: np.ndarray, drive: np.ndarray, start: float, time: float) -> None:
        """Take note of a converged increment."""
        self._last = u1 - u0, drive - self._drive, time - start
        self._drive, self._largest = drive, np.maximum(self._largest, np.abs(drive))


def worst_point(problem: Problem, what: str, trial: Evaluation | None, before: Evaluation | None) -> Failure:
    """The failure with the worst point of all ranks: a failed one, else that whose stress changed most. Collective."""
    rows = []
    for p, piece in problem.pieces.items():
        if trial is None or not piece.operator.n_ip:
            continue
        result = trial.trials[p]
        if len(result.failed_points):
            worst, badness = int(result.failed_points[0]), np.inf
        else:
            reference = piece.state if before is None else before.trials[p].state
            change = np.linalg.norm(result.state.stress - reference.stress, axis=1)
            change = np.where(np.isfinite(change), change, np.finfo(float).max)
            worst = int(np.argmax(change))
            badness = float(change[worst])
        rows.append((badness, -p, int(piece.points.cells[worst]), int(piece.points.numbers[worst])))
    every = [row for of_rank in problem.comm.allgather(rows) for row in of_rank]
    factor = 0.5
    if trial is not None and trial.n_failed and np.isfinite(trial.dt_factor) and 0.0 < trial.dt_factor < 1.0:
        factor = max(trial.dt_factor, _SMALLEST_LAW_FACTOR)
    _, _, cell, point = max(every) if every else (0.0, 0, None, None)
    return Failure(what, factor, cell, point)
