"""What the user of a ROM should know before its results: errors that were accepted, and loads beyond the training.

Outside the range of the training runs a ROM extrapolates, and errors grow fast.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from romlib.archive.rom import Rom
from romlib.loads.amplitudes import evaluate
from romlib.loads.nodal_temperature import NodalHistory, without_temperature_of
from romlib.model import Amplitude
from romlib.snapshots.nodal_fields import notes_of

_SLACK = 1e-6  # of the trained range: an amplitude that reaches its end by rounding is inside


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
    for name, (lowest, highest) in rom.manifest.trained.items():
        if name not in amplitudes:
            continue
        values = evaluate(amplitudes[name], times)
        slack = _SLACK * max(highest - lowest, abs(highest), abs(lowest))
        if values.min() < lowest - slack or values.max() > highest + slack:
            notes.append(f"{name} goes from {values.min():.6g} to {values.max():.6g}; the training runs went from "
                         f"{lowest:.6g} to {highest:.6g}: the ROM extrapolates")
    return notes


def accepted_errors(rom: Rom) -> list[str]:
    """One sentence where whoever trained the ROM accepted errors beyond the limits of the study."""
    if not rom.manifest.accepted:
        return []
    return [f"this ROM was accepted with errors over its own training cases: {'; '.join(rom.manifest.accepted)}"]
