"""Stress and internal variables recomputed from a history of strain, increment by increment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from romlib.errors import InputError, LawError
from romlib.laws.points import MaterialPoints, PointsResult
from romlib.words import plural

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
    done, length = 0.0, 1.0
    strain, temperature = start[1], start[2]
    while done < 1.0:
        target = 1.0 if done + length > 1.0 - 1e-9 else done + length
        strain1 = _between(start[1], end[1], target)
        temperature1 = None if start[2] is None or end[2] is None else _between(start[2], end[2], target)
        time = start[0] + done * (end[0] - start[0])
        result = points.integrate(
            strain, strain1, stress, states, temperature, temperature1, time, (target - done) * (end[0] - start[0]),
            tangent=False)
        if result.ok:
            done, strain, temperature, stress, states = target, strain1, temperature1, result.stress, result.states
            length *= 2.0
        else:
            length = (target - done) * min(max(result.dt_factor, 0.1), 0.5)
            if length < 0.5**max_cut:
                raise _failure(points, result, end[0])
    return stress, states


def _between(start: np.ndarray, end: np.ndarray, fraction: float) -> np.ndarray:
    return end if fraction == 1.0 else start + fraction * (end - start)


def _failure(points: MaterialPoints, result: PointsResult, time: float) -> LawError:
    worst = int(result.failed_points[0])
    name = points.material_names[points.material_index[worst]]
    return LawError(
        f"the law of material '{name}' could not be integrated: {result.message}",
        place=f"cell {points.cells[worst]}, integration point {points.points[worst]}, increment that ends at time "
              f"{time:.6g} ({plural(len(result.failed_points), 'point')} failed)",
        remedy="check the law's parameters and the strain there; a finer history may help")
