"""The model as the deck had it, or as the study states it."""

from __future__ import annotations

from pydantic import Field

from romlib.model.amplitude import Amplitude
from romlib.model.base import Description
from romlib.model.constraint import Constraint
from romlib.model.load import ArrayReference, Load
from romlib.model.material import Material
from romlib.model.parameters import ParameterValues
from romlib.model.units import UnitSystem


class Omission(Description):
    """Something that the deck had and the ROM lacks.

    works : it does virtual work, so that offline refuses it unless the study accepts it by name.
    """

    name: str
    description: str
    works: bool


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
