"""What the user of a ROM should know before its results: errors that were accepted, and loads beyond the training.

Outside the range of the training runs a ROM extrapolates, and errors grow fast.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from romlib.archive.rom import Rom
from romlib.loads.amplitudes import evaluate
from romlib.loads.nodal_temperature import NodalHistory, between, without_temperature_of
from romlib.model import Amplitude
from romlib.snapshots.nodal_fields import notes_of

_SLACK = 1e-6  # of the trained range: an amplitude that reaches its end by rounding is inside

_ALIKE = 0.01  # of the size of the trained temperatures: fields that are nearer are no other ones


def outside_training(
    rom: Rom, amplitudes: Mapping[str, Amplitude], times: np.ndarray, temperature: NodalHistory | None = None
) -> list[str]:
    """One sentence for each load whose amplitude leaves the range that it had in the training runs.

    Staying inside every range is necessary for an interpolation, not sufficient: order, rate and duration of the loads
    matter too.

    Parameters
    ----------
    amplitudes : by load or prescribed constraint. times : (n_step,). temperature : nodal values, in place of
        the temperature loads.
    """
    notes = notes_of(temperature, times)
    if temperature is not None:
        amplitudes = without_temperature_of(rom.model, amplitudes)
        notes += _outside_temperatures(rom, times, temperature)
    for name, (lowest, highest) in rom.manifest.trained.items():
        if name not in amplitudes:
            continue
        values = evaluate(amplitudes[name], times)
        slack = _SLACK * max(highest - lowest, abs(highest), abs(lowest))
        if values.min() < lowest - slack or values.max() > highest + slack:
            notes.append(f"{name} goes from {values.min():.6g} to {values.max():.6g}; the training runs went from "
                         f"{lowest:.6g} to {highest:.6g}: the ROM extrapolates")
    return notes


def _outside_temperatures(rom: Rom, times: np.ndarray, temperature: NodalHistory) -> list[str]:
    """A sentence where nodal temperatures leave the span of the training runs' fields, or the range of these."""
    stored = rom.temperature
    if stored.trained is None:
        return []
    trained = stored.trained
    values = (stored.matrix @ between(times, temperature.times, temperature.at(stored.node_ids)).T).T
    rise = values if stored.initial is None else values - stored.initial
    lowest, highest = trained.lowest.min(axis=0), trained.highest.max(axis=0)
    size = float(np.linalg.norm(np.maximum(np.abs(lowest), np.abs(highest))))
    coordinates = rise @ trained.modes.T
    aside = float(np.linalg.norm(rise - coordinates @ trained.modes, axis=1).max()) / size
    beyond = float(np.linalg.norm(np.maximum(np.maximum(lowest - coordinates, coordinates - highest), 0.0),
                                  axis=1).max()) / size
    said = [f"{100 * value:.2g} % {where}" for value, where in (
        (aside, "away from all combinations of them"), (beyond, "beyond their range")) if value > _ALIKE]
    return [f"the temperature is not one of the training runs': of their size, it is up to {' and '.join(said)}: the "
            "ROM extrapolates"] if said else []


def outside_trained_parameters(rom: Rom, parameters: Mapping[str, float]) -> list[str]:
    """One sentence for each parameter whose value is beyond those of the training runs."""
    notes = []
    for name, (lowest, highest) in rom.manifest.trained_parameters.items():
        slack = _SLACK * max(highest - lowest, abs(highest), abs(lowest))
        if not lowest - slack <= parameters[name] <= highest + slack:
            trained = f"{lowest:.6g}" if lowest == highest else f"from {lowest:.6g} to {highest:.6g}"
            notes.append(f"the parameter {name} is {parameters[name]:.6g}; the training runs had {trained}: "
                         "the ROM extrapolates")
    return notes


def accepted_errors(rom: Rom) -> list[str]:
    """One sentence where whoever trained the ROM accepted errors beyond the limits of the study."""
    if not rom.manifest.accepted:
        return []
    return [f"this ROM was accepted with errors over its own training cases: {'; '.join(rom.manifest.accepted)}"]
