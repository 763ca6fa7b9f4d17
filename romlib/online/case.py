"""A case with all that it takes from the ROM, from its file and from the user: what a run has to know."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from romlib.archive.rom import Rom
from romlib.loads.nodal_temperature import NodalHistory, without_temperature_of
from romlib.model import Amplitude, Model
from romlib.online.coverage import Excursion, accepted_errors, outside_trained_parameters, outside_training
from romlib.online.histories import Histories
from romlib.online.pace import beyond_the_pace
from romlib.online.reduced import case_histories
from romlib.snapshots.nodal_fields import notes_of


@dataclass(frozen=True, eq=False)
class ResolvedCase:
    """What drives a run of a ROM.

    model : the ROM's, with numbers in its materials. times : (n_step,), the initial one first. amplitudes : of the case
    and of the user, by load or prescribed constraint; others keep the model's. temperature : given at nodes, in place
    of the temperature loads. notes : on how the case was fitted to the ROM.
    """

    rom: Rom
    model: Model
    times: np.ndarray
    amplitudes: dict[str, Amplitude]
    temperature: NodalHistory | None
    notes: tuple[str, ...]

    @property
    def all_amplitudes(self) -> dict[str, Amplitude]:
        """Those of the model too."""
        return {**self.rom.model.amplitudes, **self.amplitudes}

    def histories(self) -> Histories:
        """At the output times and in between."""
        return case_histories(self.rom, self.model, self.amplitudes, self.times, self.temperature)

    @cached_property
    def outside(self) -> list[Excursion]:
        """Where the case leaves what the ROM was trained on."""
        return [*outside_training(self.rom, self.all_amplitudes, self.times, self.temperature),
                *outside_trained_parameters(self.rom, self.model.parameters, float(self.times[0]))]

    def cautions(self) -> tuple[str, ...]:
        """What the user should know: how the case was fitted, and where it is outside."""
        return (*self.notes, *accepted_errors(self.rom), *notes_of(self.temperature, self.times),
                *(one.sentence for one in self.outside), *self._pace())

    def _pace(self) -> list[str]:
        """How much coarser and longer the case is than the training."""
        amplitudes = self.all_amplitudes
        if self.temperature is not None:
            amplitudes = without_temperature_of(self.rom.model, amplitudes)
        return beyond_the_pace(self.rom.manifest, amplitudes, self.times, self.model.materials, self.model.units)
