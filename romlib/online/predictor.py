"""The first guess of the reduced coordinates of a step."""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dgesv

from romlib.online.evaluate import Committed
from romlib.online.histories import Level


class Predictor:
    """Tangent predictor, plus what it missed in the last step, extrapolated in time.

        gamma_1 = gamma_0 + K^-1 (f_ext,1 - f_ext,0) + dt_1 / dt_0 (increment_0 - K^-1 increment of f_ext,0)

    K is the last tangent that Newton's method built, so that the guess costs one small solve and no law evaluation.
    An elastic step is predicted exactly; the second term is what creep, thermal strains and prescribed displacements
    do. Where a load or a prescribed displacement turns back, K is the first tangent of the run (elastic), without the
    second term. Measured on the plate of Kratos (9 modes, 40 steps, J2, tolerance 1e-8): 87 to 90 law evaluations;
    116 with the last increment extrapolated; 135 without a predictor.
    """

    def __init__(self) -> None:
        self._elastic: np.ndarray | None = None
        self.forget()

    def forget(self) -> None:
        """After a failed step: start the next from the committed coordinates."""
        self._tangent: np.ndarray | None = None
        self._drive: tuple[np.ndarray, np.ndarray] | None = None
        self._last: tuple[np.ndarray, np.ndarray] | None = None
        self._remainder: np.ndarray | None = None
        self._guess: np.ndarray | None = None
        self._dt = 1.0

    def note(self, tangent: np.ndarray) -> None:
        """Take note of a tangent that Newton's method has built."""
        self._tangent = tangent
        if self._elastic is None:
            self._elastic = tangent

    def predict(self, start: Committed, level: Level, external: np.ndarray) -> np.ndarray:
        """Coordinates to begin the step to `level`, with external force `external` (n_mode,), with."""
        self._guess = None
        if self._tangent is None or self._drive is None or self._last is None:
            return start.gamma
        force, lifting = external - self._drive[0], level.lifting - self._drive[1]
        if force @ self._last[0] < 0.0 or lifting @ self._last[1] < 0.0:
            self._tangent, self._remainder = self._elastic, None
        _, _, guess, info = dgesv(self._tangent, force)
        if info != 0 or not np.isfinite(guess @ guess):
            return start.gamma
        self._guess = guess
        gamma = start.gamma + guess
        if self._remainder is not None:
            gamma += (level.time - start.time) / self._dt * self._remainder
        return gamma

    def learn(self, start: Committed, level: Level, gamma: np.ndarray, external: np.ndarray) -> None:
        """Take note of a converged step from `start` to `gamma` at `level`."""
        previous = self._drive or (np.zeros_like(external), start.lifting)
        self._last = external - previous[0], level.lifting - previous[1]
        self._drive = external, level.lifting
        self._remainder = None if self._guess is None else gamma - start.gamma - self._guess
        self._dt = level.time - start.time
