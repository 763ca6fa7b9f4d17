"""The model as the deck had it, or as the study states it."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from romlib.model.amplitude import Amplitude
from romlib.model.base import Description
from romlib.model.constraint import Constraint
from romlib.model.load import ArrayReference, Load
from romlib.model.material import Material
from romlib.model.parameters import ParameterValues
from romlib.model.units import UnitSystem


class Omission(Description):
    """Something that the deck had and the ROM lacks.

    does_work : it does virtual work, so that offline refuses it unless the study accepts it by name. Files of earlier
    versions call it `works`.
    """

    name: str
    description: str
    does_work: bool = Field(validation_alias=AliasChoices("does_work", "works"))


START_STATE = "start_state"  # the name of the omission of a run that began with a state


def started_from(what: str, time: float) -> Omission:
    """What the file of a run says that began with a state: its history is in another file."""
    return Omission(name=START_STATE, does_work=True, description=(
        f"the run began at time {time:.12g} with the state of {what}, not with the undeformed body: what happened "
        "before is not in this file, and laws cannot be replayed from it"))


class Model(Description):
    """Materials, constraints, loads with their patterns, the amplitudes of one history, and the initial state.

    `amplitudes` has one entry a load (and a prescribed constraint), by the load's name. `parameters` are the values of
    this run of what the materials name in place of numbers.
    """

    units: UnitSystem = UnitSystem()
    materials: dict[str, Material] = Field(default_factory=dict)
    constraints: dict[str, Constraint] = Field(default_factory=dict)
    loads: dict[str, Load] = Field(default_factory=dict)
    amplitudes: dict[str, Amplitude] = Field(default_factory=dict)
    parameters: ParameterValues = Field(default_factory=dict)
    initial_time: float = 0.0
    initial_temperature: float | ArrayReference | None = None
    omissions: tuple[Omission, ...] = ()

    @property
    def starts_from_state(self) -> bool:
        """Whether the run began with a state, and not with the undeformed body at the initial time."""
        return any(omission.name == START_STATE for omission in self.omissions)
