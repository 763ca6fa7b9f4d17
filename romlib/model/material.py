"""Materials: a law by name, its parameters, density and thermal expansion."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from romlib.model.base import Description


class ParameterTable(Description):
    """A parameter against temperature: linear between the rows, constant outside."""

    temperature: tuple[float, ...]
    value: tuple[float, ...]

    @model_validator(mode="after")
    def _temperatures_increase(self) -> ParameterTable:
        if len(self.temperature) != len(self.value) or not self.temperature:
            raise ValueError(
                f"a table needs as many values as temperatures, found {len(self.temperature)} and {len(self.value)}")
        if any(b <= a for a, b in zip(self.temperature, self.temperature[1:])):
            raise ValueError("the temperatures of a table must increase")
        return self


Parameter = float | ParameterTable


class ThermalExpansion(Description):
    """Isotropic expansion: alpha(T)(T - T_ref) - alpha(T_0)(T_0 - T_ref), with the secant coefficient alpha.

    T_0, the temperature at which the strain is zero, is the model's initial temperature unless given here.
    """

    coefficient: Parameter
    reference_temperature: float
    strain_free_temperature: float | None = None


class Material(Description):
    """One constitutive law on the cells of one tag.

    `parameters` are validated by the law that `law` names (an entry point of `romlib.laws`): numbers, tables in
    temperature, strings, or lists of such mappings (the kinematic terms of a Chaboche law). The key `library` is for
    code that the law loads: see `romlib.model.library`.
    """

    law: str
    cells: str = "all"
    parameters: dict[str, Any] = Field(default_factory=dict)
    density: Annotated[float, Field(ge=0)] | None = None
    thermal_expansion: ThermalExpansion | None = None
