"""The scalar histories that drive a reduced problem, at the output times and at the times of cutbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from romlib.errors import InputError
from romlib.loads.amplitudes import evaluate
from romlib.loads.forces import ForceTerm, force_factor, term_factors
from romlib.model import Amplitude, Model
from romlib.words import listed

Series = Callable[[np.ndarray], np.ndarray]


@dataclass(eq=False, slots=True)
class Level:
    """What the outside imposes at one time.

    force : (n_force,), factors of the unit loads. lifting : (n_lift,), amplitudes of the lifting fields.
    temperature : (n_term,), factors of the temperature terms, or None.
    """

    time: float
    force: np.ndarray
    lifting: np.ndarray
    temperature: np.ndarray | None


class Histories:
    """Factors of loads, liftings and temperature terms against time.

    Parameters
    ----------
    forces, liftings, temperatures : functions of times (n,), each returning (n,).
    times : the output times, at which everything is evaluated once and for all.
    """

    def __init__(
        self, times: np.ndarray, forces: Sequence[Series], liftings: Sequence[Series],
        temperatures: Sequence[Series] = (),
    ) -> None:
        self._series = tuple(forces), tuple(liftings), tuple(temperatures)
        self.times = np.asarray(times, dtype=float)
        self.force, self.lifting, self.temperature = (_evaluate(series, self.times) for series in self._series)

    def output_level(self, step: int) -> Level:
        """The level at output time `step`."""
        return self._level(self.times[step], self.force[step], self.lifting[step], self.temperature[step])

    def level(self, time: float) -> Level:
        """The level at any time, for a step that was cut back."""
        at = np.array([time])
        return self._level(time, *(_evaluate(series, at)[0] for series in self._series))

    def _level(self, time: float, force: np.ndarray, lifting: np.ndarray, temperature: np.ndarray) -> Level:
        return Level(float(time), force, lifting, temperature if temperature.size else None)


def _evaluate(series: Sequence[Series], times: np.ndarray) -> np.ndarray:
    """Values (n, n_series)."""
    values = np.empty((len(times), len(series)))
    if not series:
        return values
    for column, function in enumerate(series):
        values[:, column] = function(times)
    if not np.isfinite(values).all():
        time = times[np.flatnonzero(~np.isfinite(values).all(axis=1))[0]]
        raise InputError("an amplitude is not finite", place=f"time {time:.6g}", remedy="correct the amplitude")
    return values


def histories_of(
    model: Model, amplitudes: Mapping[str, Amplitude], times: np.ndarray, *,
    force_terms: Sequence[tuple[str, str]],
    lifting_names: Sequence[str], temperature_names: Sequence[str] = (), temperature_times: np.ndarray | None = None,
) -> Histories:
    """Histories of named loads and prescribed constraints.

    model : with numbers in its materials. force_terms : load and material of each part of the forces, see
    `romlib.loads.forces.force_terms`.

    `amplitudes` overrides the model's by name. With `temperature_times` the temperature terms are the values of a
    table at those instants, linear between them and constant outside, whatever the temperature loads are.

    Raises
    ------
    InputError : a name without amplitude.
    """
    known = {**model.amplitudes, **amplitudes}

    def amplitude(name: str) -> Series:
        if name not in known:
            raise InputError(f"{name!r} has no amplitude",
                             expected="an amplitude for each load and prescribed constraint",
                             found=f"amplitudes for {listed(sorted(known))}", remedy=f"give amplitudes[{name!r}]")
        return lambda t: evaluate(known[name], t)

    def factor(name: str, scale: float) -> Series:
        history, load = amplitude(name), model.loads[name]
        return lambda t: scale * force_factor(load, history(t))

    terms = [ForceTerm(*term) for term in force_terms]
    if temperature_times is not None:
        temperatures = [_hat(temperature_times, k) for k in range(len(temperature_times))]
    else:
        temperatures = [amplitude(name) for name in temperature_names]
    forces = [factor(term.load, scale) for term, scale in zip(terms, term_factors(terms, model.materials))]
    return Histories(times, forces, [amplitude(name) for name in lifting_names], temperatures)


def _hat(instants: np.ndarray, k: int) -> Series:
    """The piecewise linear function that is 1 at instant k and 0 at the others; constant outside."""
    unit = np.zeros(len(instants))
    unit[k] = 1.0
    return lambda t: np.interp(t, instants, unit)
