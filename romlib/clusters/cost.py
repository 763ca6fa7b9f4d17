"""What a step of a reduced model costs, from times that were measured on the machine at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

ITERATIONS = 2  # of Newton's method in a step, as a rule: cases/ have 1.6 to 1.9


@dataclass(frozen=True)
class CostModel:
    """Seconds on one core. An iteration with n modes and m points takes a + b m + c n m + d n^3; carrying the state of
    m points that take no part in it, once a step and without tangents, e + f m + g n m.

    iteration : (a, b, c, d). passive : (e, f, g). error : largest relative difference from what was measured.
    """

    iteration: tuple[float, float, float, float]
    passive: tuple[float, float, float]
    error: float = 0.0

    def step(self, n_mode: np.ndarray | float, n_point: np.ndarray | float, n_passive: np.ndarray | float = 0.0) -> (
            np.ndarray):
        """Seconds of a step with so many modes and points, and passive points besides; arrays element by element."""
        n, m, rest = (np.asarray(value, dtype=float) for value in (n_mode, n_point, n_passive))
        a, b, c, d = self.iteration
        e, f, g = self.passive
        return ITERATIONS * (a + (b + c * n) * m + d * n**3) + np.where(rest > 0.0, e + (f + g * n) * rest, 0.0)


def fitted(
    n_mode: Sequence[int], n_point: Sequence[int], iteration: Sequence[float], passive: Sequence[float]
) -> CostModel:
    """The model that fits measured seconds with the least squares of relative errors and no negative part.

    Each (n_case,): modes, points, seconds of an iteration with tangents, of the laws of as many points without.
    """
    n, m = np.array(n_mode, dtype=float), np.array(n_point, dtype=float)
    active, active_error = _fit([np.ones_like(n), m, n * m, n**3], np.array(iteration))
    rest, rest_error = _fit([np.ones_like(n), m, n * m], np.array(passive))
    a, b, c, d = map(float, active)
    e, f, g = map(float, rest)
    return CostModel((a, b, c, d), (e, f, g), max(active_error, rest_error))


def _fit(columns: list[np.ndarray], seconds: np.ndarray) -> tuple[np.ndarray, float]:
    relative = np.stack(columns, axis=1) / seconds[:, None]
    size = np.linalg.norm(relative, axis=0)
    found, _ = nnls(relative / size, np.ones(len(seconds)))
    return found / size, float(np.abs(relative @ (found / size) - 1.0).max())
