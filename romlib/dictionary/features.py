"""What a case is described by before it is solved: few numbers with names, the same offline and online.

Parameters of materials; of each load and prescribed displacement its largest, smallest and mean amplitude and those at
quarters of the duration; of the temperature, the rise over the initial one at the selected points when it is largest,
and its mean over time, both as coordinates in few modes. None of them depends on the output times: all are taken at the
same number of instants, evenly spaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from romlib.archive.rom import TemperatureAtPoints
from romlib.loads.amplitudes import evaluate
from romlib.loads.nodal_temperature import NodalHistory, between
from romlib.loads.temperature import temperature_at
from romlib.model import Amplitude

N_INSTANT = 201  # over the duration of a case
QUARTERS = (0.25, 0.5, 0.75)
PEAK, MEAN = "temperature when its rise is largest", "mean temperature"
_TOLERANCE = 1e-2  # of the norm of all rises: what modes that describe them may leave out
_MOST_MODES = 20


@dataclass(frozen=True, eq=False)
class CaseInput:
    """What a case imposes on the structure.

    duration : from the initial time to the last one. amplitudes : by load or prescribed displacement, (N_INSTANT,),
    evenly spaced in time. parameters : by name. peak, mean : (n_point,), the rise of the temperature over the initial
    one when its norm is largest, and on average over time; None without temperature.
    """

    duration: float
    amplitudes: Mapping[str, np.ndarray]
    parameters: Mapping[str, float]
    peak: np.ndarray | None = None
    mean: np.ndarray | None = None


def input_of(
    drivers: Iterable[str], amplitudes: Mapping[str, Amplitude], parameters: Mapping[str, float],
    times: np.ndarray, stored: TemperatureAtPoints, nodal: NodalHistory | None = None,
) -> CaseInput:
    """The input of a case of a ROM.

    drivers : names of the mechanical loads and prescribed displacements. amplitudes : of these and of the temperature
    loads. times : first and last count. stored : of the ROM. nodal : a temperature in place of the temperature loads.

    Raises
    ------
    InputError : no amplitude of a temperature load, or a value that is not finite.
    """
    instants = np.linspace(times[0], times[-1], N_INSTANT)
    driven = {name: evaluate(amplitudes[name], instants) for name in drivers}
    rise = _rise(amplitudes, instants, stored, nodal)
    peak = mean = None
    if rise is not None:
        peak, mean = rise[int(np.argmax(np.linalg.norm(rise, axis=1)))], _mean(rise)
    return CaseInput(float(times[-1] - times[0]), driven, dict(parameters), peak, mean)


def _rise(
    amplitudes: Mapping[str, Amplitude], instants: np.ndarray, stored: TemperatureAtPoints, nodal: NodalHistory | None
) -> np.ndarray | None:
    """(N_INSTANT, n_point): over the initial temperature, where one is stated."""
    if nodal is not None:
        values = between(instants, nodal.times, (stored.matrix @ nodal.at(stored.node_ids).T).T)
    else:
        found = temperature_at(stored.terms, amplitudes, instants)
        if found is None:
            return None
        values = found
    return values if stored.initial is None else values - stored.initial


def _mean(values: np.ndarray) -> np.ndarray:
    """Over evenly spaced instants (n, ...), by the trapezoidal rule."""
    return (values.sum(axis=0) - 0.5 * (values[0] + values[-1])) / (len(values) - 1)


def thermal_modes(inputs: Sequence[CaseInput], n_point: int) -> np.ndarray:
    """Orthonormal modes (n_reduced, n_point) of the rises of all cases: as few as leave out 1 % of their norm.

    At most 20. No modes where no case has a temperature, or none that rises.
    """
    rises = [rise for one in inputs for rise in (one.peak, one.mean) if rise is not None]
    if not rises:
        return np.zeros((0, n_point))
    _, values, modes = np.linalg.svd(np.stack(rises), full_matrices=False)
    left = np.sqrt(np.cumsum(values[::-1] ** 2)[::-1])  # what is left out by the modes before each
    n = min(int(np.count_nonzero(left > _TOLERANCE * left[0])), _MOST_MODES) if left[0] > 0.0 else 0
    signs = np.sign(modes[np.arange(n), np.abs(modes[:n]).argmax(axis=1)])  # SVD leaves them open
    return np.ascontiguousarray(modes[:n] * signs[:, None])


def features_of(one: CaseInput, modes: np.ndarray) -> dict[str, float]:
    """The features of a case by name, in an order that only depends on the ROM.

    modes : of `thermal_modes`; where there are some, a case without temperature has no rise.
    """
    found = {f"parameter {name}": float(one.parameters[name]) for name in sorted(one.parameters)}
    found["duration"] = one.duration
    for name in sorted(one.amplitudes):
        values = one.amplitudes[name]
        found[f"{name}: largest"], found[f"{name}: smallest"] = float(values.max()), float(values.min())
        found[f"{name}: mean"] = float(_mean(values))
        for part in QUARTERS:
            found[f"{name}: at {100 * part:.0f} % of the time"] = float(values[round(part * (len(values) - 1))])
    for name, rise in ((PEAK, one.peak), (MEAN, one.mean)):
        coordinates = np.zeros(len(modes)) if rise is None else modes @ rise
        found.update({f"{name}: coordinate {k + 1}": float(value) for k, value in enumerate(coordinates)})
    return found


def nearest_accuracy(vectors: np.ndarray, labels: np.ndarray) -> float:
    """Part of the cases whose nearest other case has their label.

    The rival of every classifier; on temperatures at the points, what one would do without any features.

    vectors : (n_case, n), n_case > 1. labels : (n_case,).
    """
    squares = np.einsum("ij,ij->i", vectors, vectors)
    distances = squares[:, None] + squares[None, :] - 2.0 * (vectors @ vectors.T)
    np.fill_diagonal(distances, np.inf)
    return float(np.mean(labels[distances.argmin(axis=1)] == labels))


def drivers_of(force_terms: Iterable[tuple[str, str]], lifting_names: Iterable[str]) -> list[str]:
    """The mechanical loads and prescribed displacements of a ROM, sorted. force_terms : see `Rom.force_terms`."""
    return sorted({*(load for load, _ in force_terms), *lifting_names})
