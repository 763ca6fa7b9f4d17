"""A case: the times and amplitudes of one history, to be solved online."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from romlib.model.amplitude import Amplitude
from romlib.model.base import Description
from romlib.model.identity import Identity
from romlib.model.model import Omission
from romlib.model.parameters import ParameterValues
from romlib.model.temperature import TemperatureFile

MOST_TIMES = 5_000_000


def _refuse_steps(start: float, stop: float, step: float) -> None:
    """ValueError for more steps than anybody means, and for steps that rounding swallows."""
    finest = 4.0 * math.ulp(max(abs(start), abs(stop)))
    if step < finest:
        raise ValueError(f"a step of {step:g} is lost in the rounding of times up to {max(abs(start), abs(stop)):g}; "
                         f"it must be at least {finest:.1e}")
    n_step = (stop - start) / step
    if not n_step <= MOST_TIMES:
        raise ValueError(f"from {start:g} to {stop:g} by {step:g} are {n_step:.3g} steps, more than romlib solves at "
                         f"once ({MOST_TIMES})")


class Times(Description):
    """Output times: `start` (the initial state), then each `step` up to `stop`; or the list `values`, initial first."""

    start: float = Field(default=0.0, description="the initial time")
    stop: float | None = Field(default=None, description="the last time; needs `step`")
    step: Annotated[float, Field(gt=0)] | None = Field(default=None, description=(
        "time between two output times; needs `stop`"))
    values: tuple[float, ...] | None = Field(default=None, description=(
        "the times themselves, the initial one first; the same as a list in place of the table"))

    @model_validator(mode="after")
    def _one_definition(self) -> Times:
        if (self.values is None) == (self.stop is None):
            raise ValueError("times are given by stop and step, or by a list of values")
        if self.values is not None:
            if len(self.values) > MOST_TIMES:
                raise ValueError(f"{len(self.values)} times are more than romlib solves at once ({MOST_TIMES})")
            if len(self.values) < 2 or any(b <= a for a, b in zip(self.values, self.values[1:])):
                raise ValueError(
                    "the list of times must increase and have at least two entries, the initial time first")
        elif self.step is None or self.stop is None or self.stop <= self.start:
            raise ValueError(f"stop must lie after start ({self.start}) and step must be given")
        else:
            _refuse_steps(self.start, self.stop, self.step)
        return self

    def instants(self) -> np.ndarray:
        """The times themselves, (n_step,): start, every step, and stop; or the list."""
        if self.values is not None:
            return np.array(self.values)
        stop, step = float(self.stop or 0.0), float(self.step or 0.0)
        n_interval = (stop - self.start) / step
        whole = int(np.floor(n_interval + 1e-9))
        instants = self.start + step * np.arange(whole + 1)
        if whole == 0 or (n_interval - whole > 1e-9 and instants[-1] < stop):
            return np.append(instants, stop)
        instants[-1] = stop
        return instants


def _from_list(value: Any) -> Any:
    return {"values": value} if isinstance(value, (list, tuple)) else value


class Case(Description):
    """`amplitudes` by load name; a load of the model that is not named keeps the amplitude the model has for it.

    `parameters` : values of what the materials name in place of numbers.

    temperature : a history in a file, in place of all temperature loads of the model. Where the case has an identity
    whose temperature loads are all among those of the model, they are taken, by their amplitudes.

    A case that was converted from a deck says what else the deck has, to be compared with what a ROM was trained with:
    identity : mesh, materials, constraints and load patterns. The case is then complete: a load that the deck does not
    have is zero. omissions : what the deck has that a model of romlib lacks. accepted : those that do virtual work and
    that the user accepts, by name.
    """

    times: Annotated[Times, BeforeValidator(_from_list)] = Field(description=(
        "output times, the initial one first: a list, or a table"))
    amplitudes: dict[str, Amplitude] = Field(default_factory=dict, description=(
        "by load; a load that is not named keeps the amplitude of the first training run"))
    parameters: ParameterValues = Field(default_factory=dict, description=(
        "numbers for what the materials name; by default those that all training runs had alike"))
    description: str = Field(default="", description="for people")
    temperature: TemperatureFile | None = Field(default=None, description=(
        "a file with nodal temperatures, in place of all temperature loads; a ROM looks for it beside itself. By "
        "default the temperature loads"))
    identity: Identity | None = Field(default=None, description=(
        "of a converted case: what the deck has, to be compared with what the ROM was trained with"))
    omissions: tuple[Omission, ...] = Field(default=(), description=(
        "of a converted case: what the deck has and a ROM lacks, or solves otherwise"))
    accepted: tuple[str, ...] = Field(default=(), description="omissions of the deck that you accept to lose, by name")
