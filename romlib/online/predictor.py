"""The first guess of the reduced coordinates of a step."""

from __future__ import annotations

import numpy as np

from romlib.online.evaluate import Committed
from romlib.online.histories import Level


class Predictor:
    """Extrapolates the last increment in time."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """After a failed step: start the next from the committed coordinates."""
        self._rate: np.ndarray | None = None

    def predict(self, start: Committed, level: Level, external: np.ndarray) -> np.ndarray:
        """Coordinates to begin the step to `level` with."""
        if self._rate is None or self._rate.shape != start.gamma.shape:
            return start.gamma
        return start.gamma + (level.time - start.time) * self._rate

    def learn(self, start: Committed, level: Level, gamma: np.ndarray, external: np.ndarray) -> None:
        """Take note of a converged step from `start` to `gamma` at `level`."""
        self._rate = (gamma - start.gamma) / (level.time - start.time)
