"""What the user of a ROM should know before its results: errors that were accepted, and loads beyond the training.

Outside the range of the training runs a ROM extrapolates, and errors grow fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from romlib.archive.rom import Rom
from romlib.loads.amplitudes import evaluate
from romlib.loads.nodal_temperature import NodalHistory, between, without_temperature_of
from romlib.model import Amplitude

_SLACK = 1e-6  # of the trained range: an amplitude that reaches its end by rounding is inside
_ALIKE = 0.01  # of the size of the trained temperatures: fields that are nearer are no other ones


@dataclass(frozen=True)
class Excursion:
    """Something of a case that leaves what the training runs had. what : its name. since : the first time outside."""

    what: str
    since: float
    sentence: str


def outside_training(
    rom: Rom, amplitudes: Mapping[str, Amplitude], times: np.ndarray, temperature: NodalHistory | None = None
) -> list[Excursion]:
    """Each load whose amplitude leaves the range that it had in the training runs.

    Staying inside every range is necessary for an interpolation, not sufficient: order, rate and duration of the loads
    matter too.

    Parameters
    ----------
    amplitudes : by load or prescribed constraint. times : (n_step,). temperature : nodal values, in place of
        the temperature loads.
    """
    found = []
    if temperature is not None:
        amplitudes = without_temperature_of(rom.model, amplitudes)
        found += _outside_temperatures(rom, times, temperature)
    for name, (lowest, highest) in rom.manifest.trained.items():
        if name not in amplitudes:
            continue
        values = evaluate(amplitudes[name], times)
        slack = _SLACK * max(highest - lowest, abs(highest), abs(lowest))
        outside = (values < lowest - slack) | (values > highest + slack)
        if outside.any():
            found.append(Excursion(
                name, float(times[np.argmax(outside)]),
                f"{name} goes from {values.min():.6g} to {values.max():.6g}; the training runs went from {lowest:.6g} "
                f"to {highest:.6g}: the ROM extrapolates"))
    return found


def _outside_temperatures(rom: Rom, times: np.ndarray, temperature: NodalHistory) -> list[Excursion]:
    """Where nodal temperatures leave the span of the training runs' fields, or the range of these."""
    stored = rom.temperature
    if stored.trained is None:
        return []
    trained = stored.trained
    values = (stored.matrix @ between(times, temperature.times, temperature.at(stored.node_ids)).T).T
    rise = values if stored.initial is None else values - stored.initial
    lowest, highest = trained.lowest.min(axis=0), trained.highest.max(axis=0)
    size = float(np.linalg.norm(np.maximum(np.abs(lowest), np.abs(highest))))
    coordinates = rise @ trained.modes.T
    aside = np.linalg.norm(rise - coordinates @ trained.modes, axis=1) / size
    beyond = np.linalg.norm(np.maximum(np.maximum(lowest - coordinates, coordinates - highest), 0.0), axis=1) / size
    outside = np.maximum(aside, beyond) > _ALIKE
    if not outside.any():
        return []
    said = [f"{100 * value.max():.2g} % {where}" for value, where in (
        (aside, "away from all combinations of them"), (beyond, "beyond their range")) if value.max() > _ALIKE]
    return [Excursion("the temperature", float(times[np.argmax(outside)]),
                      f"the temperature is not one of the training runs': of their size, it is up to "
                      f"{' and '.join(said)}: the ROM extrapolates")]


def outside_trained_parameters(rom: Rom, parameters: Mapping[str, float], since: float) -> list[Excursion]:
    """Each parameter whose value is beyond those of the training runs; since : the first time of the run."""
    found = []
    for name, (lowest, highest) in rom.manifest.trained_parameters.items():
        slack = _SLACK * max(highest - lowest, abs(highest), abs(lowest))
        if not lowest - slack <= parameters[name] <= highest + slack:
            trained = f"{lowest:.6g}" if lowest == highest else f"from {lowest:.6g} to {highest:.6g}"
            found.append(Excursion(
                f"the parameter {name}", since,
                f"the parameter {name} is {parameters[name]:.6g}; the training runs had {trained}: the ROM "
                "extrapolates"))
    return found


def accepted_errors(rom: Rom) -> list[str]:
    """One sentence where whoever trained the ROM accepted errors beyond the limits of the study."""
    if not rom.manifest.accepted:
        return []
    return [f"this ROM was accepted with errors over its own training cases: {'; '.join(rom.manifest.accepted)}"]
