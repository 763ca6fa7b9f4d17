"""Stress and internal variables recomputed from a history of strain, increment by increment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from romlib.errors import InputError, LawError
from romlib.laws.points import MaterialPoints, PointsResult
from romlib.laws.state import PointState
from romlib.stepping.increments import Increments
from romlib.words import plural


class Replay:
    """The laws along a history of total strain, from the virgin state, one implicit step per record.

    Parameters
    ----------
    initial_time : time of the virgin state (zero total strain). A record at that time with zero mechanical strain is
        that state itself; with other strain, its response to a sudden load (an increment of zero duration).
    initial_temperature : (n_ip,), of the virgin state; else the strain-free temperature of `points`, else that of the
        first record.
    max_cutbacks : an increment is cut back, strain and temperature linear in between, down to 2^-max_cutbacks of its
        length before it counts as failed.
    start : the state to go on from, instead of the virgin one.
    """

    def __init__(
        self, points: MaterialPoints, initial_time: float, *, initial_temperature: np.ndarray | None = None,
        max_cutbacks: int = 10, start: PointState | None = None,
    ) -> None:
        self.points, self._initial_time, self._max_cutbacks = points, initial_time, max_cutbacks
        self._initial = points.strain_free_temperature if initial_temperature is None else initial_temperature
        self._state: PointState | None = start

    @property
    def state(self) -> PointState | None:
        """The state at the last record; None before the first."""
        return self._state

    def advance(self, time: float, strain: np.ndarray, temperature: np.ndarray | None) -> PointState:
        """The state at the next record: total strain (n_ip, 6) and temperature (n_ip,) or None, at a later time.

        Raises
        ------
        LawError : an increment fails however short; names cell, point and time.
        InputError : times that do not increase, or strains of another size than the points.
        """
        points, time, start = self.points, float(time), self._state
        if np.shape(strain) != (points.n_ip, 6):
            raise InputError("a record of strain does not match the points", place=f"time {time:.6g}",
                             expected=(points.n_ip, 6), found=np.shape(strain))
        if time < self._initial_time:
            raise InputError(
                "a history starts before its initial time", found=time, expected=f">= {self._initial_time:.6g}")
        if start is None:
            initial = temperature if temperature is None or self._initial is None else self._initial
            start = points.virgin(self._initial_time, initial)
            if time == self._initial_time and not np.any(points.mechanical_strain(strain, temperature)):
                self._state = PointState(time, strain, start.stress, start.states, temperature)
                return self._state
        elif time <= start.time:
            raise InputError("the times of a history must increase", place=f"time {time:.6g}", found=start.time)
        self._state = _advance(points, start, PointState(time, strain, start.stress, start.states, temperature),
                               self._max_cutbacks)
        return self._state


def _advance(points: MaterialPoints, start: PointState, end: PointState, max_cutbacks: int) -> PointState:
    """The state at `end`, whose time, strain and temperature are given; cut back where laws ask for it."""
    state = start

    def attempt(part: float) -> _Failure | None:
        nonlocal state
        temperature = None
        if start.temperature is not None and end.temperature is not None:
            temperature = _between(start.temperature, end.temperature, part)
        result = points.integrate(state, float(_between(start.time, end.time, part)),
                                  _between(start.strain, end.strain, part), temperature, tangent=False)
        if not result.ok:
            return _Failure(points, result, end.time)
        state = result.state
        return None

    Increments(max_cutbacks).advance(attempt, 0.0, 1.0)  # of parts: the duration may be zero
    return state


def _between(start: Any, end: Any, fraction: float) -> Any:
    """Between two numbers or arrays; the end itself at its fraction, to the last bit."""
    return end if fraction == 1.0 else start + fraction * (end - start)


@dataclass(frozen=True, eq=False)
class _Failure:
    """Points that failed in an increment of the record at `time`."""

    points: MaterialPoints
    result: PointsResult
    time: float

    @property
    def dt_factor(self) -> float:
        return min(max(self.result.dt_factor, 0.1), 0.5)

    def error(self, _: float, n_cutback: int) -> LawError:
        points, failed = self.points, self.result.failed_points
        worst = int(failed[0])
        name = points.material_names[points.material_index[worst]]
        return LawError(
            f"the law of material '{name}' could not be integrated: {self.result.message}",
            place=f"cell {points.cells[worst]}, integration point {points.numbers[worst]}, increment that ends at time "
                  f"{self.time:.6g} ({plural(len(failed), 'point')} failed, {plural(n_cutback, 'cutback')})",
            remedy="check the law's parameters and the strain there; a finer history may help")
