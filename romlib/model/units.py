"""The unit system that a study states and every file carries; romlib never converts."""

from __future__ import annotations

from pydantic import Field, model_validator

from romlib.model.base import Description

_CONSISTENT = {("mm", "N"): "MPa", ("m", "N"): "Pa", ("mm", "kN"): "GPa", ("in", "lbf"): "psi"}


class UnitSystem(Description):
    """Names of the units, printed in reports: length, force, stress, time and, where given, temperature."""

    length: str = Field(default="mm", description="unit of coordinates and displacement")
    force: str = Field(default="N", description="unit of force")
    stress: str = Field(default="MPa", description="unit of stress; checked against length and force")
    time: str = Field(default="s", description="unit of time")
    temperature: str = Field(default="degC", description="unit of temperature")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = [name.strip() for name in value.split(",")]
        if len(names) not in (4, 5) or not all(names):
            raise ValueError(
                "units are 'length, force, stress, time[, temperature]' such as 'mm, N, MPa, s, degC'; "
                f"found {value!r}")
        return dict(zip(("length", "force", "stress", "time", "temperature"), names))

    @model_validator(mode="after")
    def _consistent(self) -> UnitSystem:
        expected = _CONSISTENT.get((self.length, self.force))
        if expected is not None and self.stress != expected:
            raise ValueError(
                f"with {self.length} and {self.force} the consistent stress is {expected}, found {self.stress}")
        return self

    def __str__(self) -> str:
        return ", ".join((self.length, self.force, self.stress, self.time, self.temperature))

    def of(self, field: str) -> str:
        """Unit of a field by its name, empty where it has none or is not known. Means at nodes have the field's."""
        return {
            "displacement": self.length, "stress": self.stress, "von_mises": self.stress,
            "temperature": self.temperature, "time": self.time, "internal_force": self.force, "reaction": self.force,
            "reaction_force": self.force,
        }.get(field.removeprefix("nodal_"), "")
