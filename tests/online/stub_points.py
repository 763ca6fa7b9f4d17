"""Laws made for tests of the Newton method, behind the interface of `MaterialPoints`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from romlib.laws.points import PointsResult
from romlib.laws.state import PointState

Response = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


class StubPoints:
    """Points whose stress is a function of each strain component: response(strain) -> (stress, slope).

    limit : an increment with a larger change of strain fails, and asks for `dt_factor`.
    calls : the times at the end of the increments that were asked for.
    """

    def __init__(self, n_ip: int, response: Response, limit: float = np.inf, dt_factor: float = 0.5) -> None:
        self.n_ip, self.response, self.limit, self.dt_factor = n_ip, response, limit, dt_factor
        self.cells, self.numbers = np.arange(100, 100 + n_ip), np.arange(1, n_ip + 1)
        self.calls: list[float] = []
        self.material_index, self.material_names = np.zeros(n_ip, dtype=int), ("stub",)

    def subset(self, rows: slice | np.ndarray) -> StubPoints:
        """Points whose response is that of all at their places, and that count their own calls."""
        def response(strain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            whole = np.zeros((self.n_ip, 6))
            whole[rows] = strain
            stress, slope = self.response(whole)
            return stress[rows], slope[rows]

        part = StubPoints(len(self.cells[rows]), response, self.limit, self.dt_factor)
        part.cells, part.numbers = self.cells[rows], self.numbers[rows]
        return part

    def virgin(self, time: float, temperature: np.ndarray | None = None) -> PointState:
        return PointState(
            time, np.zeros((self.n_ip, 6)), np.zeros((self.n_ip, 6)), [np.zeros((self.n_ip, 1))], temperature)

    def virgin_tangent(self, time: float, temperature: np.ndarray | None = None) -> np.ndarray:
        return self.response(np.zeros((self.n_ip, 6)))[1][:, :, None] * np.eye(6)

    def mechanical_strain(self, strain: np.ndarray, temperature: np.ndarray | None) -> np.ndarray:
        return strain

    def integrate(
        self, start: PointState, time: float, strain: np.ndarray, temperature: np.ndarray | None, tangent: bool = True
    ) -> PointsResult:
        """State: the number of committed increments."""
        self.calls.append(time)
        stress, slope = self.response(strain)
        failed = np.flatnonzero(np.abs(strain - start.strain).max(axis=1) > self.limit)
        end = PointState(time, strain, stress, [start.states[0] + 1.0], temperature)
        return PointsResult(end, slope[:, :, None] * np.eye(6), failed, self.dt_factor, "too far")


def linear(strain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return 3.0 * strain, np.full_like(strain, 3.0)


def arctangent(strain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method with full steps diverges from |strain| > 1.39."""
    return np.arctan(strain), 1.0 / (1.0 + strain**2)
