"""Stress and internal variables recomputed from a history of strain, increment by increment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from romlib.errors import InputError, LawError
from romlib.laws.points import MaterialPoints, PointsResult
from romlib.stepping.increments import Increments

Record = tuple[float, np.ndarray, np.ndarray | None]


def replay(
    points: MaterialPoints, strain: Iterable[Record], initial_time: float, max_cut: int = 10,
    initial_temperature: np.ndarray | None = None,
) -> Iterator[tuple[float, np.ndarray, list[np.ndarray]]]:
    """Integrate the laws from the virgin state along a history of total strain, one implicit step a record.

    Parameters
    ----------
    strain : records (time, total strain (n_ip, 6), temperature (n_ip,) or None), times increasing.
    initial_time : time of the virgin state (zero total strain). A record at that time with zero mechanical strain is
        that state itself; with other strain, its response to a sudden load (an increment of zero duration).
    max_cut : an increment is cut, with strain and temperature linear in between, down to 2^-max_cut of its length
        before it counts as failed.
    initial_temperature : (n_ip,), of the virgin state; else the strain-free temperature of `points`, else that of the
        first record.

    Yields
    ------
    (time, stress (n_ip, 6), states), for each record.

    Raises
    ------
    LawError : an increment fails however short; names cell, point and time.
    InputError : times that do not increase, or strains of another size than the points.
    """
    stress, states = np.zeros((points.n_ip, 6)), points.initial_state()
    previous: Record | None = None
    for time, strain1, temperature1 in strain:
        if np.shape(strain1) != (points.n_ip, 6):
            raise InputError(
                "a record of strain does not match the points", place=f"time {time:.6g}",
                expected=(points.n_ip, 6), found=np.shape(strain1))
        record = (float(time), strain1, temperature1)
        if previous is None:
            start = initial_temperature if initial_temperature is not None else points.strain_free_temperature
            if temperature1 is None:
                start = None
            previous = (initial_time, np.zeros((points.n_ip, 6)), temperature1 if start is None else start)
            if time == initial_time and not np.any(points.mechanical_strain(strain1, temperature1)):
                previous = record
                yield float(time), stress, states
                continue
        elif time <= previous[0]:
            raise InputError("the times of a history must increase", place=f"time {time:.6g}", found=previous[0])
        if time < initial_time:
            raise InputError("a history starts before its initial time", found=time, expected=f">= {initial_time:.6g}")
        stress, states = _advance(points, previous, record, stress, states, max_cut)
        previous = record
        yield float(time), stress, states


def _advance(
    points: MaterialPoints, start: Record, end: Record, stress: np.ndarray, states: list[np.ndarray], max_cut: int,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Stress and states at `end`; the increment is cut where the laws ask for it and grows back after success."""
    done, strain, temperature = 0.0, start[1], start[2]
    duration = end[0] - start[0]  # may be zero: increments are parts of it

    def attempt(part: float) -> _Failure | None:
        nonlocal done, strain, temperature, stress, states
        strain1 = _between(start[1], end[1], part)
        temperature1 = None if start[2] is None or end[2] is None else _between(start[2], end[2], part)
        result = points.integrate(strain, strain1, stress, states, temperature, temperature1,
                                  start[0] + done * duration, (part - done) * duration, tangent=False)
        if not result.ok:
            return _Failure(points, result, end[0])
        done, strain, temperature, stress, states = part, strain1, temperature1, result.stress, result.states
        return None

    Increments(max_cut).advance(attempt, 0.0, 1.0)
    return stress, states


def _between(start: np.ndarray, end: np.ndarray, fraction: float) -> np.ndarray:
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

    def error(self, _: float, n_cut: int) -> LawError:
        points, failed = self.points, self.result.failed_points
        worst = int(failed[0])
        name = points.material_names[points.material_index[worst]]
        return LawError(
            f"the law of material '{name}' could not be integrated: {self.result.message}",
            place=f"cell {points.cells[worst]}, integration point {points.points[worst]}, increment that ends at time "
                  f"{self.time:.6g} ({len(failed)} points failed, {n_cut} cuts)",
            remedy="check the law's parameters and the strain there; a finer history may help")
